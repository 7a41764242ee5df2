/** What the broker brought → this node's sockets. The road of every publication, local ones included. */
import { Codes } from '../../protocol/index.ts';
import type { BrokerReceiver, Publication } from '../broker/broker.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { Fanout } from './fanout.ts';
import type { Hub } from './hub.ts';
import { noteCount } from './passing-counts.ts';
import { notePassing } from './replay.ts';

export class Delivery implements BrokerReceiver {
  readonly #hub: Hub;
  readonly #fanout: Fanout;
  readonly #counters: Counters;

  constructor(hub: Hub, fanout: Fanout, counters: Counters) {
    this.#hub = hub;
    this.#fanout = fanout;
    this.#counters = counters;
  }

  deliver(publication: Publication): void {
    const channel = this.#hub.find(publication.appId)?.channels.get(publication.topic);
    if (channel === undefined) return;
    channel.seen += 1;
    if (channel.subscriptions === 0) return;
    if (channel.replaysAwaited > 0) notePassing(channel, publication);
    if (channel.counts !== undefined) noteCount(channel.counts, publication);
    const { exceptSocketId } = publication;
    const sender = exceptSocketId === undefined ? undefined : this.#hub.connection(exceptSocketId);
    const excluded = sender?.subscription(channel.name);
    if (sender !== undefined && excluded?.channel === channel && excluded.active) {
      this.#counters.deliveries += channel.subscriptions - 1;
      this.#fanout.publish(channel.topic, publication.frame(), sender.socket);
    } else {
      this.#counters.deliveries += channel.subscriptions;
      this.#fanout.publish(channel.topic, publication.frame());
    }
  }

  terminate(appId: string, userId: string): void {
    const connections = this.#hub.find(appId)?.users.get(userId)?.connections;
    // A copy, because each close takes its connection out of the set.
    for (const connection of [...(connections ?? [])]) connection.close(Codes.terminated);
  }
}
