/**
 * Carries what is published to every node that follows it.
 *
 * A *topic* is a name within an app: a channel's name, or an internal one that no channel can have (`topics.ts`).
 */
import type { Eventual } from '../lib/eventual.ts';

/** One frame on its way to the subscribers of a topic. */
export interface Publication {
  readonly appId: string;
  readonly topic: string;
  /** The connection that must not get it, wherever it is. */
  readonly exceptSocketId: string | undefined;
  /** The frame, encoded at the first call and kept: never called when nobody listens. As bytes: UTF-8. */
  frame(): string | Uint8Array;
}

/** What a node does with what reaches it. */
export interface BrokerReceiver {
  deliver(publication: Publication): void;
  /** Close this node's connections signed in as `userId`. */
  terminate(appId: string, userId: string): void;
}

export interface Broker {
  /** Names the receiver; called once, before anything else. Done when this node can be reached by `terminate`. */
  start(receiver: BrokerReceiver): Eventual<void>;
  /**
   * Hands a publication to every node that follows its topic, this one included, at most once each. All followers
   * see the publications of one topic in one order. Done when it can no longer be lost between live nodes; rejects
   * with `Unavailable`, which says whether it may have reached somebody, when it can't be handed on.
   */
  publish(publication: Publication): Eventual<void>;
  /** For what `publish` rejected: delivers it to this node alone, at once. Its order towards other nodes is lost. */
  publishLocally(publication: Publication): void;
  /**
   * Starts to receive a topic's publications. Once done, nothing published afterwards is missed. Called when the
   * first local follower comes; safe to repeat. Rejects with `Unavailable` when that takes too long.
   */
  follow(appId: string, topic: string): Eventual<void>;
  /**
   * Done when what had been published to the topics before this was called has come by here. Never rejects: what is lost
   * with a connection doesn't come.
   * @param topics that this node follows
   */
  caughtUp(appId: string, topics: readonly string[]): Eventual<void>;
  /** The last local follower is gone. Publications may still come for a while and find nobody. */
  unfollow(appId: string, topic: string): void;
  /**
   * Closes the connections signed in as the user, on every node. Done when all have done it, so that whoever signs in
   * afterwards is not meant; or when one takes too long to say so.
   */
  terminate(appId: string, userId: string): Eventual<void>;
}
