/**
 * How often those may ask whom nobody vouches for. The doors for phones and pages open to what is public of an app: whoever
 * has loaded its page could fill the registry, so they are counted by where they come from.
 */
import type { Eventual } from '../lib/eventual.ts';
import { isPrivateAddress, networkOf } from './network.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Rate } from './token-bucket.ts';

export class Strangers {
  readonly rate: Rate;
  readonly #what: string;
  readonly #limiter: RateLimiter;

  /**
   * @param what is counted: others have buckets of their own
   * @param rate of one address, or /64 of IPv6 addresses
   */
  constructor(what: string, rate: Rate, limiter: RateLimiter) {
    this.rate = rate;
    this.#what = what;
    this.#limiter = limiter;
  }

  /**
   * Takes one token of the address, for one app. A private address is not counted: it is the operator's own network, or a
   * proxy that is not trusted to say for whom it asks, and then everybody would be one.
   * @returns 0 when it may be done; else milliseconds until it may
   */
  take(appId: string, address: string): Eventual<number> {
    return isPrivateAddress(address)
      ? 0
      : this.#limiter.take(`${this.#what}/${appId}/${networkOf(address)}`, this.rate);
  }
}
