/** The last event of each cache channel. PROTOCOL.md, "Cache channels". */
import type { EventPublication } from '../broker/publications.ts';
import type { Eventual } from '../lib/eventual.ts';

export interface CachedEvent {
  readonly event: string;
  readonly data: string;
  /** Milliseconds after which it is forgotten, from now. */
  readonly ttlMs: number;
}

export interface ChannelCache {
  /**
   * Keeps an event for `ttlMs` in place of its channel's last one, and publishes it, in one step: nobody who comes
   * between the two sees the one without the other. It may be forgotten early when room is short. Rejects like
   * `Broker.publish`, having done both or neither.
   */
  publish(publication: EventPublication, ttlMs: number): Eventual<void>;

  /** The channel's event, or undefined once it has expired or was forgotten. */
  get(appId: string, channel: string): Eventual<CachedEvent | undefined>;

  /**
   * Somebody found the channel empty: whether that is news, anywhere in the cluster. It is not for `forMs` after it
   * was, unless something was published meanwhile.
   */
  firstMiss(appId: string, channel: string, forMs: number): Eventual<boolean>;
}
