/** Which cache channels were reported empty a moment ago. */
import type { Clock } from '../lib/clock.ts';

/** Channels remembered; past it the oldest may be reported again too soon. */
const MAX_CHANNELS = 100_000;

export class RecentMisses {
  readonly #clock: Clock;
  /** Until when each is no news, the oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the channel was not reported lately; it is now. */
  first(key: string, forMs: number): boolean {
    const now = this.#clock.now();
    if ((this.#until.get(key) ?? 0) > now) return false;
    this.#until.delete(key);
    this.#until.set(key, now + forMs);
    this.#forgetOld(now);
    return true;
  }

  forget(key: string): void {
    if (this.#until.size > 0) this.#until.delete(key);
  }

  #forgetOld(now: number): void {
    for (const [key, until] of this.#until) {
      if (until > now && this.#until.size <= MAX_CHANNELS) return;
      this.#until.delete(key);
    }
  }
}
