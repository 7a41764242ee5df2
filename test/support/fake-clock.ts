/** A clock that stands still until it is told to go on. */
import type { Clock } from '../../server/lib/clock.ts';

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly task: () => void;
}

export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  after(ms: number, task: () => void): () => void {
    return this.#add({ at: this.#now + ms, every: undefined, task });
  }

  every(ms: number, task: () => void): () => void {
    return this.#add({ at: this.#now + ms, every: ms, task });
  }

  /** Lets `ms` pass, running what falls due in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.task();
    }
    this.#now = end;
  }

  /** Lets `ms` pass without running anything, as when the machine sleeps: what fell due runs with the next advance. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}
