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
 * to a presence channel with the first of the user's connections on this node, leaving with the last.
 *
 * A rejection leaves things as they were, or as they will be once the node's lease is swept.
 */
import type { Eventual } from '../lib/eventual.ts';
import type { Roster } from './roster.ts';

/** How a channel stands after a change. */
export interface Occupancy {
  /** Subscriptions in the whole cluster. */
  readonly subscriptions: number;
  /** Set when this very change made the channel occupied or vacated. */
  readonly transition: 'occupied' | 'vacated' | undefined;
}

export interface Member {
  readonly userId: string;
  /** JSON text of an object; undefined if the member has none. */
  readonly userInfo: string | undefined;
}

export type JoinResult =
  /** `roster` includes the member. `added` is false when the user was a member already, through another node. */
  | { readonly joined: true; readonly added: boolean; readonly roster: Roster }
  /** The channel holds `maxMembers` other users. */
  | { readonly joined: false };

export interface ChannelSummary {
  readonly subscriptions: number;
  /** Distinct members; 0 where the channel is not a presence channel. */
  readonly users: number;
}

export interface PresenceStore {
  /** This node's count of subscriptions to a channel rose or fell to `count`. Never a `#server-to-user-` channel. */
  subscribed(appId: string, channel: string, count: number): Eventual<Occupancy>;

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

  /** Takes this node's share in a member away; the last share is announced as `member_removed`, in the same step. */
  leave(appId: string, channel: string, userId: string): Eventual<void>;

  /** The members as they are now, for a further connection of one of them. */
  roster(appId: string, channel: string): Eventual<Roster>;

  /** The first connection of a user on this node signed in; if the first anywhere, watchers are told `online`. */
  signedIn(appId: string, userId: string): Eventual<void>;

  /** The last connection of a user on this node is gone; if the last anywhere, watchers are told `offline`. */
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
