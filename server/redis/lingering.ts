/** Interests that were given up a moment ago: kept a little, because those who leave tend to come back. */
import type { Clock } from '../lib/clock.ts';

const TICK_MS = 1000;

export class Lingering {
  readonly #lingerMs: number;
  readonly #max: number;
  readonly #over: (channel: string) => void;
  readonly #clock: Clock;
  /** Undefined while nothing lingers. */
  #stopTicking: (() => void) | undefined;
  /** Channel → when it is over, the soonest first. */
  readonly #until = new Map<string, number>();

  /**
   * @param max how many may linger; one too many ends the oldest
   * @param over called when nobody came back
   */
  constructor(lingerMs: number, max: number, over: (channel: string) => void, clock: Clock) {
    this.#lingerMs = lingerMs;
    this.#max = max;
    this.#over = over;
    this.#clock = clock;
  }

  add(channel: string): void {
    this.#until.delete(channel);
    this.#until.set(channel, this.#clock.now() + this.#lingerMs);
    this.#stopTicking ??= this.#clock.every(TICK_MS, () => this.#sweep());
    if (this.#until.size > this.#max) this.#sweep();
  }

  /** Somebody is interested again. */
  cancel(channel: string): void {
    this.#until.delete(channel);
  }

  stop(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [channel, until] of this.#until) {
      if (until > now && this.#until.size <= this.#max) return;
      this.#until.delete(channel);
      this.#over(channel);
    }
    if (this.#until.size === 0) this.stop();
  }
}
