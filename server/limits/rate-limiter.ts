/** How often something may be done, by whom. */
import type { Eventual } from '../lib/eventual.ts';
import type { Rate } from './token-bucket.ts';

export interface RateLimiter {
  /**
   * Takes one token from the bucket of that name, which has this rate from its first use on.
   * @returns 0 when it may be done; else milliseconds until it may
   */
  take(name: string, rate: Rate): Eventual<number>;
}
