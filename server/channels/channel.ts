/** A channel that connections of this node subscribe to, or an internal topic that is followed like one. */
import type { ChannelType } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { JoinResult } from '../presence/presence-store.ts';

/** This node's connections that are in a presence channel as one user. */
export interface MemberShare {
  connections: number;
  /** The answer to the first of them, which the others wait for. */
  joined: Eventual<JoinResult>;
}

export class Channel {
  readonly name: string;
  readonly type: ChannelType;
  /** Its name among all apps of the node, for `Fanout`. */
  readonly topic: string;
  /** Subscriptions of this node's connections, those still under way included: zero removes the channel. */
  holders = 0;
  /** Subscriptions counted: those that have succeeded or are about to. */
  subscriptions = 0;
  /** Done once the broker has confirmed that nothing is missed; undefined when nothing is outstanding. */
  following: Promise<void> | undefined;
  /** Publications that came by on this node. */
  seen = 0;
  /** Presence channels: user id → this node's share in that member. */
  members: Map<string, MemberShare> | undefined;
  /** Subscribers that wait for the cache; see `replay.ts`. */
  replaysAwaited = 0;
  /** The latest cached event that passed while they waited, as a frame. */
  passed: string | undefined;
  /** Subscribers on their way that wait for the new count; see `joiner-count.ts`. */
  countsAwaited = 0;
  /** The latest count that passed while they waited, as a frame. */
  countPassed: string | undefined;

  constructor(name: string, type: ChannelType, topic: string) {
    this.name = name;
    this.type = type;
    this.topic = topic;
  }
}

/**
 * How far a subscription has come: `joining` while broker and stores are asked, `counted` once it is among the
 * channel's subscriptions, `active` once success has been sent, `left` once it is taken away again.
 */
export type SubscriptionState = 'joining' | 'counted' | 'active' | 'left';

/** One connection's place in a channel. */
export class Subscription {
  readonly channel: Channel;
  /** The member this connection is, on presence channels. */
  readonly userId: string | undefined;
  state: SubscriptionState = 'joining';
  /** The announcement of its arrival: it passed before the subscription was active, or is to be heard. */
  count: 'passed' | 'owed' | undefined;

  constructor(channel: Channel, userId: string | undefined) {
    this.channel = channel;
    this.userId = userId;
  }

  get active(): boolean {
    return this.state === 'active';
  }
}
