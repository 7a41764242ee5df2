/** What the bench and its load generator say to each other over the IPC channel. */
import type { Address, AppCredentials } from '../app.ts';
import type { Figure } from '../scenarios/scenario.ts';

/** Run one round of a scenario against a server. */
export interface RoundRequest {
  readonly scenario: string;
  readonly address: Address;
  /** Of the other nodes, where the server is a cluster. */
  readonly peers: readonly Address[];
  readonly app: AppCredentials;
  readonly webhookPort: number;
  /** The server's process, for the meter. */
  readonly serverPid: number;
  /** Other processes that share its work: other nodes, in the order of `peers`, then Redis. */
  readonly besidePids: readonly number[];
  readonly smoke: boolean;
  readonly pipeline: number;
}

export type RoundReply =
  | { readonly ok: true; readonly figures: readonly Figure[] }
  | { readonly ok: false; readonly reason: string };
