/** Events that a node has read from a shard, and whose they are. */
import type { StoredEvent } from './stored-event.ts';

/** From the moment a node got a shard until it lost it or let it go. */
export interface Claim {
  /** This node's time until which nobody else can have the shard. */
  until: number;
  lost: boolean;
}

/** An event that was read and is not settled. */
export interface Entry {
  readonly stored: StoredEvent;
  readonly shard: EntryKeeper;
  readonly claim: Claim;
  /** Endpoints that are to have it. */
  readonly pending: Set<string>;
}

/** Who keeps account of it. */
export interface EntryKeeper {
  /** Whether it may be sent from here, if the request begins now. */
  holds(entry: Entry): boolean;
  /** An endpoint has had it: delivered, or as a dead letter. */
  had(entry: Entry, endpoint: string): void;
}

/** What a shard hands its events to. */
export interface ShardReceiver {
  /** The endpoints that an event is for, by name, less those that have had it. */
  endpointsOf(stored: StoredEvent): readonly string[];
  deliver(entry: Entry): void;
  /** There was no room for it. */
  bury(entry: Entry): void;
  /** Forgets what was not begun of a claim. */
  forget(claim: Claim): void;
}
