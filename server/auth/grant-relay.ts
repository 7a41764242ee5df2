/** Takes grants to the node that has the connection: an auth request may be answered by any. */
import type { Eventual } from '../lib/eventual.ts';

/** A grant that is about to be given. */
export interface RelayedGrant {
  readonly appId: string;
  readonly socketId: string;
  readonly channel: string;
  readonly userId: string;
  /** Milliseconds since the epoch; undefined for no end. */
  readonly expiresAt: number | undefined;
}

/** `full`: the connection is in too many channels. `unknown`: there is no such connection. */
export type RelayOutcome = 'recorded' | 'full' | 'unknown';

export interface GrantRelay {
  /** Names who records grants of this node's own connections; called once. Done when other nodes' grants arrive. */
  start(record: (grant: RelayedGrant) => Eventual<RelayOutcome>): Eventual<void>;
  /** Has a grant recorded where its connection is, if that isn't here. */
  record(grant: RelayedGrant): Eventual<RelayOutcome>;
}

/** Where this node is alone, no connection is elsewhere. */
export const NO_RELAY: GrantRelay = { start: () => undefined, record: () => 'unknown' };
