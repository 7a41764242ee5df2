/** The last event of each cache channel. PROTOCOL.md, "Cache channels". */
import type { Eventual } from '../lib/eventual.ts';

export interface CachedEvent {
  readonly event: string;
  readonly data: string;
  /** Milliseconds since the epoch at which it is forgotten. */
  readonly expiresAt: number;
}

export interface ChannelCache {
  /** Keeps an event in place of the channel's last one. It may be forgotten early when room is short. */
  set(appId: string, channel: string, event: CachedEvent): Eventual<void>;
  /** The channel's event, or undefined once it has expired or was forgotten. */
  get(appId: string, channel: string): Eventual<CachedEvent | undefined>;
}
