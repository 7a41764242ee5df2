/** Cached events of a worker are kept by its hub, which publishes them in the same step. See the port. */
import type { EventPublication } from '../broker/publications.ts';
import type { CachedEvent, ChannelCache } from '../cache/channel-cache.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubChannelCache implements ChannelCache {
  readonly #link: HubLink<ParentService>;

  constructor(link: HubLink<ParentService>) {
    this.#link = link;
  }

  publish(publication: EventPublication, ttlMs: number): Promise<void> {
    const { appId, topic: channel, event, data, exceptSocketId, userId } = publication;
    return this.#link.call('cache', {
      appId,
      channel,
      event,
      data: data.text,
      exceptSocketId,
      userId,
      ttlMs,
    });
  }

  get(appId: string, channel: string): Promise<CachedEvent | undefined> {
    return this.#link.call('cached', { appId, channel });
  }

  firstMiss(appId: string, channel: string, forMs: number): Promise<boolean> {
    return this.#link.call('firstMiss', { appId, channel, forMs });
  }
}
