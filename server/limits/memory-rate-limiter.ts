/** Buckets in memory, a bounded number of them. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type Rate, takeToken } from './token-bucket.ts';

export class MemoryRateLimiter implements RateLimiter {
  readonly #maxBuckets: number;
  readonly #clock: Clock;
  /** When each is full again; the least recently used first, since those are, or nearly. */
  readonly #buckets = new Map<string, number>();

  constructor(maxBuckets: number, clock: Clock) {
    this.#maxBuckets = maxBuckets;
    this.#clock = clock;
  }

  take(name: string, rate: Rate): number {
    if (rate.perSecond === 0) return 0;
    const { fullAt, waitMs } = takeToken(this.#buckets.get(name), rate, this.#clock.now());
    this.#buckets.delete(name);
    this.#buckets.set(name, fullAt);
    if (this.#buckets.size > this.#maxBuckets) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return waitMs;
  }
}
