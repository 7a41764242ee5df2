/** Rates hold for all workers together: the hub has the buckets. See the port. */
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { Rate } from '../limits/token-bucket.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubRateLimiter implements RateLimiter {
  readonly #link: HubLink<ParentService>;

  constructor(link: HubLink<ParentService>) {
    this.#link = link;
  }

  take(name: string, rate: Rate): Promise<number> {
    return this.#link.call('takeToken', { name, rate });
  }
}
