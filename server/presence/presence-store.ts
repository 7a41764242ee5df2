/**
 * Who is where in the cluster: subscription counts of every channel, members of presence channels, users online.
 * The store decides each transition, atomically, announces what sockets must hear of it and queues what backends must
 * hear by webhook, all in one step; callers never read a count and then decide.
 *
 * A channel is occupied while it has subscriptions or members. On presence channels, where a member joins before its
 * subscription is counted and leaves before it is uncounted, that puts `channel_occupied` before the first
 * `member_added` and `channel_vacated` after the last `member_removed`. Channels of users have no webhooks.
 *
 * Counts and members are reported per node: a node says how many of its own connections subscribe, and joins a user
 * to a presence channel with the first of the user's connections on this node, leaving with the last. Calls about one
 * channel's count, one member or one user take effect in the order they were made.
 *
 * A rejection leaves things as they were.
 */
import type { Eventual } from '../lib/eventual.ts';
import type { Roster } from './roster.ts';

/** How a channel stands after a change of its subscriptions. */
export interface Counted {
  /** Subscriptions in the whole cluster, as far as this node knows at once. */
  readonly subscriptions: number;
  /** The store has told the other subscribers: the one that joins is to be told by whoever lets it in. */
  readonly told: boolean;
}

export interface Member {
  readonly userId: string;
  /** JSON text of an object; undefined if the member has none. */
  readonly userInfo: string | undefined;
}

export type JoinResult =
  /**
   * `added` is false when the user was a member already, through another node. `roster` is alive: it follows the
   * publications of the channel as they are delivered on this node, from the one that added this member on, and
   * includes the member until it leaves. Encoded in the same turn in which a socket joins the fan-out, it fits exactly
   * to what that socket will hear.
   */
  | { readonly joined: true; readonly added: boolean; readonly roster: Roster }
  /** The channel holds `maxMembers` other users. */
  | { readonly joined: false };

export interface ChannelSummary {
  readonly subscriptions: number;
  /** Distinct members; 0 where the channel is not a presence channel. */
  readonly users: number;
}

export interface PresenceStore {
  /**
   * This node's count of subscriptions to a channel rose or fell to `count`. Never a `#server-to-user-` channel. Where
   * the app wants subscription counts, subscribers and backend are told the new one: at each change while they are
   * few, at intervals when they are many. A fall is never rejected: it is made up for.
   * @param joiner the socket that is about to join: not told by the store
   */
  subscribed(appId: string, channel: string, count: number, joiner?: string): Eventual<Counted>;

  /**
   * Makes a user a member, if there is room. A first join is announced as `member_added` to the channel's followers,
   * except `socketId`, in the same step. A member's `userInfo` stays the first one for as long as the member does.
   * @param maxMembers distinct users the channel may hold; 0 for any number
   */
  join(
    appId: string,
    channel: string,
    member: Member,
    socketId: string,
    maxMembers: number,
  ): Eventual<JoinResult>;

  /**
   * Takes this node's share in a member away; the last share is announced as `member_removed`, in the same step. Never
   * rejected: it is made up for.
   */
  leave(appId: string, channel: string, userId: string): Eventual<void>;

  /** The first connection of a user on this node signed in; if the first anywhere, watchers are told `online`. */
  signedIn(appId: string, userId: string): Eventual<void>;

  /**
   * The last connection of a user on this node is gone; if the last anywhere, watchers are told `offline`. Never
   * rejected: it is made up for.
   */
  signedOut(appId: string, userId: string): Eventual<void>;

  /** Which of the users are signed in anywhere, in the order given. */
  online(appId: string, userIds: readonly string[]): Eventual<string[]>;

  /** The occupied channels whose names start with `prefix` ('' for all). */
  channels(appId: string, prefix: string): Eventual<Map<string, ChannelSummary>>;

  /** One channel; zeros when it is not occupied. */
  channel(appId: string, channel: string): Eventual<ChannelSummary>;

  /** Ids of a presence channel's members, in the order they joined. */
  members(appId: string, channel: string): Eventual<string[]>;
}
