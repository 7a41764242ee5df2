/** Which connection a pub/sub channel is received on: the only one there is, or the one to its node of a Cluster. */
import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../lib/clock.ts';
import { slotOf } from './slots.ts';
import { type LinkEvents, SubscriberLink } from './subscriber-link.ts';

export interface Links {
  /** @param rerouted called when channels may belong to other links than before */
  start(events: LinkEvents, rerouted: () => void): void;
  /** The link for a channel; undefined while nobody knows. */
  of(channel: string): SubscriberLink | undefined;
  /** Asks anew who is responsible for what. */
  refresh(): void;
  close(): void;
}

export class SingleLink implements Links {
  readonly #redis: Redis;
  readonly #clock: Clock;
  #link: SubscriberLink | undefined;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  start(events: LinkEvents): void {
    this.#link = new SubscriberLink(this.#redis, false, events, this.#clock);
  }

  of(): SubscriberLink | undefined {
    return this.#link;
  }

  refresh(): void {
    // There is no other.
  }

  close(): void {
    this.#link?.close();
  }
}

/** A link to each master that something is received from. */
export class ClusterLinks implements Links {
  readonly #cluster: Cluster;
  readonly #connect: (host: string, port: number) => Redis;
  readonly #clock: Clock;
  /** By `host:port`, as the Cluster calls its nodes. */
  readonly #links = new Map<string, SubscriberLink>();
  #events: LinkEvents | undefined;

  /**
   * @param cluster whose table of slots is used
   * @param connect makes a connection to one node, not yet open
   */
  constructor(cluster: Cluster, connect: (host: string, port: number) => Redis, clock: Clock) {
    this.#cluster = cluster;
    this.#connect = connect;
    this.#clock = clock;
  }

  start(events: LinkEvents, rerouted: () => void): void {
    this.#events = events;
    this.#cluster.on('refresh', () => {
      rerouted();
      this.#closeUnused();
    });
  }

  of(channel: string): SubscriberLink | undefined {
    const node = this.#cluster.slots[slotOf(channel)]?.[0];
    if (node === undefined || this.#events === undefined) return undefined;
    let link = this.#links.get(node);
    if (link === undefined) {
      const colon = node.lastIndexOf(':');
      const redis = this.#connect(node.slice(0, colon), Number(node.slice(colon + 1)));
      link = new SubscriberLink(redis, true, this.#events, this.#clock);
      this.#links.set(node, link);
    }
    return link;
  }

  refresh(): void {
    this.#cluster.refreshSlotsCache();
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** Nodes that have no slots any more. */
  #closeUnused(): void {
    const masters = new Set(this.#cluster.slots.map((nodes) => nodes?.[0]));
    for (const [node, link] of this.#links) {
      if (masters.has(node)) continue;
      this.#links.delete(node);
      link.close();
    }
  }
}
