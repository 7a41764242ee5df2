/** What can be measured: a server that is started as a process of its own and listens on a loopback port. */
import type { Address } from '../app.ts';

export interface RunningTarget {
  readonly pid: number;
  readonly address: Address;
  /** Ends the process and waits for it; kills it when it lingers. */
  stop(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Resolves when the server answers; rejects, with what it printed, when it does not. */
  start(): Promise<RunningTarget>;
}
