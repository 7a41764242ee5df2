/** A publication from the HTTP API: remembered on cache channels, handed to the broker. */
import { channelType } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { Broker } from '../broker/broker.ts';
import { type EventData, EventPublication } from '../broker/publications.ts';
import type { ChannelCache } from '../cache/channel-cache.ts';
import type { Eventual } from '../lib/eventual.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { Counters } from '../telemetry/counters.ts';

export interface PublisherPorts {
  readonly broker: Broker;
  readonly cache: ChannelCache;
  readonly counters: Counters;
}

/** What becomes of a publication that can't be handed on: refused, or delivered to this node's own clients. */
export type WhenAway = 'refuse' | 'local';

export class Publisher {
  readonly #ports: PublisherPorts;
  readonly #whenAway: WhenAway;

  constructor(ports: PublisherPorts, whenAway: WhenAway) {
    this.#ports = ports;
    this.#whenAway = whenAway;
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
    const { broker, cache, counters } = this.#ports;
    counters.eventsPublished += 1;
    const publication = new EventPublication(app.id, channel, event, data, exceptSocketId);
    const published = channelType(channel).cache
      ? cache.publish(publication, app.limits.cacheTtlSeconds * 1000)
      : broker.publish(publication);
    if (this.#whenAway === 'refuse' || !(published instanceof Promise)) return published;
    return published.catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      broker.publishLocally(publication);
    });
  }
}
