/** Buckets in memory, a bounded number of them. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type Bucket, type Rate, takeToken } from './token-bucket.ts';

export class MemoryRateLimiter implements RateLimiter {
  readonly #maxBuckets: number;
  readonly #clock: Clock;
  /** The least recently used first: those are full again, or nearly, and forgotten at the least loss. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(maxBuckets: number, clock: Clock) {
    this.#maxBuckets = maxBuckets;
    this.#clock = clock;
  }

  take(name: string, rate: Rate): number {
    if (rate.perSecond === 0) return 0;
    const { bucket, waitMs } = takeToken(this.#buckets.get(name), rate, this.#clock.now());
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#maxBuckets) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return waitMs;
  }
}
