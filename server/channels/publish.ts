/** A publication from the HTTP API: remembered on cache channels, handed to the broker. */
import { channelType } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { Broker } from '../broker/broker.ts';
import { type EventData, EventPublication } from '../broker/publications.ts';
import type { ChannelCache } from '../cache/channel-cache.ts';
import type { Clock } from '../lib/clock.ts';
import { andThen, type Eventual } from '../lib/eventual.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { CacheMisses } from './cache-misses.ts';

export interface PublisherPorts {
  readonly broker: Broker;
  readonly cache: ChannelCache;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly misses: CacheMisses;
}

export class Publisher {
  readonly #ports: PublisherPorts;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
  }

  /**
   * Publishes one event on one channel. Done when the broker has it.
   * @param exceptSocketId a connection that must not get it
   */
  publish(
    app: App,
    channel: string,
    event: string,
    data: EventData,
    exceptSocketId: string | undefined,
  ): Eventual<void> {
    const { broker, cache, clock, counters, misses } = this.#ports;
    counters.eventsPublished += 1;
    const publication = new EventPublication(app.id, channel, event, data, exceptSocketId);
    if (!channelType(channel).cache) return broker.publish(publication);
    const expiresAt = clock.now() + app.limits.cacheTtlSeconds * 1000;
    // Remembered first: a subscriber that comes between the two then sees the event twice rather than never.
    const kept = cache.set(app.id, channel, { event, data: data.text, expiresAt });
    return andThen(kept, () => {
      misses.filled(app.id, channel);
      return broker.publish(publication);
    });
  }
}
