/** Which subscriptions were allowed by the auth endpoints, to whom, and until when. */
import type { Eventual } from '../lib/eventual.ts';

/** A channel, or what else goes by a name, that somebody was given on one connection. */
export interface Grant {
  readonly userId: string;
  /** Milliseconds since the epoch; undefined for no end. */
  readonly expiresAt: number | undefined;
}

/** What one connection may have of grants. */
export interface Room {
  readonly max: number;
  /** Whether the connection is using its grant for the channel. */
  readonly inUse: (channel: string) => boolean;
}

/** What has become of a grant. */
export type Standing = 'standing' | 'expired' | 'revoked';

export interface EndedGrant {
  readonly appId: string;
  readonly socketId: string;
  readonly channel: string;
  readonly standing: Exclude<Standing, 'standing'>;
}

export interface GrantStore {
  /**
   * Remembers a grant until its connection is forgotten, in place of an earlier one for the same channel. A connection
   * that has too many gives up the oldest that is not in use.
   * @returns false when all are in use: nothing is remembered
   */
  record(appId: string, socketId: string, channel: string, grant: Grant, room: Room): Eventual<boolean>;
  /**
   * How the connection's grant for a channel stands; undefined if the endpoints gave none. Once a connection gave one
   * up, any channel it has no grant for counts as expired: else the signature of what was given up would be good for ever.
   */
  standing(appId: string, socketId: string, channel: string, now: number): Eventual<Standing | undefined>;
  /** The grants that ended since the last call: each is told once. They are still remembered, as ended. */
  takeEnded(now: number): Eventual<readonly EndedGrant[]>;
  /** Ends the user's grants, and remembers for `forMs` that this was done. */
  revoke(appId: string, userId: string, now: number, forMs: number): Eventual<void>;
  /** When the user's grants were revoked last, in milliseconds; undefined if that is not remembered. */
  revokedAt(appId: string, userId: string, now: number): Eventual<number | undefined>;
  /** The connection is gone, and its grants with it. */
  forget(appId: string, socketId: string): Eventual<void>;
}
