/** Webhook events that all nodes share, by shard: who delivers a shard reads it and settles what it read. */
import type { StoredEvent } from './stored-event.ts';

export interface ReadRequest {
  readonly shard: number;
  /** The last entry that was read and may not be settled yet; undefined: from the first. */
  readonly after: string | undefined;
  /** The same of the events that there was no room for. */
  readonly afterSpilled: string | undefined;
  /** Entries at most; 0 only keeps the shard. */
  readonly limit: number;
  /** Whether entries that were read are not settled: then the shard is kept also when there is nothing new. */
  readonly busy: boolean;
}

/** The shard is another node's. */
export interface ReadByAnother {
  readonly by: 'another';
  /** Milliseconds until it is free, unless that node keeps it. */
  readonly freeInMs: number;
}

export interface Read {
  /**
   * `same`: this node had it already, and nobody else since; `new`: not, so the entries are those from the first on;
   * `nobody`: there is nothing to deliver, so it was given up.
   */
  readonly by: 'same' | 'new' | 'nobody';
  readonly events: readonly StoredEvent[];
  /** Events that there was no room for, to become dead letters. */
  readonly spilled: readonly StoredEvent[];
  /** The last entries looked at, among them those that this version doesn't understand; undefined if there were none. */
  readonly last: string | undefined;
  readonly lastSpilled: string | undefined;
  /** Whether there may be more than the limit let through. */
  readonly more: boolean;
  /** Events that there was no room for even as such. */
  readonly lost: number;
  /** Milliseconds until the next end of a stay is due; undefined if none is held. */
  readonly nextDueInMs: number | undefined;
  /** The node that had the shard before, and let it lapse. */
  readonly lapsedFrom: string | undefined;
}

export interface Settlement {
  readonly shard: number;
  /** Entries that every endpoint has had. */
  readonly settled: readonly string[];
  /** Entry → the endpoints that have had it. */
  readonly progress: ReadonlyMap<string, readonly string[]>;
  /** Whether to give the shard up: `idle`: if it is empty; `leave`: whatever is left, to others. */
  readonly after: 'keep' | 'idle' | 'leave';
}

/** Rejects with `Unavailable` where it can't be reached; every step may be repeated. */
export interface ShardStore {
  /** Milliseconds a shard stays this node's after each `read`. */
  readonly leaseMs: number;
  /** Makes the shard this node's if it is free, queues ends of stays that are due, and reads. */
  read(request: ReadRequest): Promise<Read | ReadByAnother>;
  /** Returns whether the shard was given up. */
  settle(settlement: Settlement): Promise<boolean>;
  /** Whether there is something to deliver, now or when a grace is over. */
  hasWork(shard: number): Promise<boolean>;
  /** Calls when it has begun to watch, and whenever there may be something new. A hint: calls may be missing. */
  watch(shard: number, listener: () => void): void;
  unwatch(shard: number): void;
}
