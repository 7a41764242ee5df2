/** What can be measured: servers that are started as processes of their own and listen on loopback ports. */
import type { Address } from '../app.ts';

/** One process that answers, its workers included. */
export interface Server {
  readonly pid: number;
  readonly address: Address;
}

export interface RunningTarget extends Server {
  /** The other nodes of a cluster. */
  readonly peers: readonly Server[];
  /** The Redis between the nodes of a cluster. */
  readonly redisPid: number | undefined;
  readonly redisUrl: string | undefined;
  /** Ends the processes and waits for them; kills those that linger. */
  stop(): Promise<void>;
}

/** What a scenario wants of a server beyond the usual. */
export interface Wishes {
  /** True: it can be made to collect its garbage (`Meter.retainedMemory`). */
  readonly collectable?: boolean;
  /** Where the app's webhooks go. */
  readonly webhooksTo?: string;
}

export interface Target {
  readonly name: string;
  /**
   * Resolves when the server answers; rejects, with what it printed, when it does not.
   * @param nodes starts as many, with a Redis of their own between them; undefined: one server by itself
   */
  start(nodes?: number, wishes?: Wishes): Promise<RunningTarget>;
}
