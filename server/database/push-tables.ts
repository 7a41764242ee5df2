/** Tables of the push queue; migration 003. Times are milliseconds since the epoch. */
import type { Generated } from 'kysely';
import type { ProviderName } from '../push/device.ts';
import type { Lane } from '../push/jobs.ts';
import type { NewPublish, Outcome, PublishStatus } from '../push/publish.ts';

export interface PublishRow {
  id: Generated<number>;
  app_id: string;
  public_id: string;
  door: NewPublish['door'];
  /** JSON, as are payloads, variables and publish_webhook. */
  target: string;
  payloads: string;
  variables: string | null;
  publish_webhook: string | null;
  offline_within_ms: number | null;
  /** Null once it stands for nothing any more. */
  idempotency_key: string | null;
  fingerprint: string | null;
  created_at: number;
  send_at: number | null;
  expires_at: number | null;
  status: PublishStatus;
  /** 1: somebody wants to know when it is finished. */
  notify: number;
  /** Of the last job that was ready at once. */
  turn: number;
  /** Jobs not settled, notifications aside. */
  open_jobs: number;
  /** 1: its time was over before its audience was found. */
  cut_short: Generated<number>;
  targeted: number;
  sent: Generated<number>;
  failed: Generated<number>;
  dead: Generated<number>;
  skipped: Generated<number>;
  expired: Generated<number>;
  cancelled: Generated<number>;
  finished_at: number | null;
}

export interface JobRow {
  id: Generated<number>;
  publish_id: number;
  lane: Lane;
  state: 'waiting' | 'ready' | 'leased';
  turn: number;
  run_at: number;
  /** Of a leased job. */
  owner: string | null;
  lease_until: number | null;
  claims: Generated<number>;
  tries: number;
  /** Recipients it stands for. */
  size: number;
  /** JSON of `Work`. */
  work: string;
}

export interface OutcomeRow {
  publish_id: number;
  /** A device's id, or `token:…` or `group:…`. */
  recipient: string;
  provider: ProviderName;
  /** Null: nobody's, or forgotten since. */
  user_id: string | null;
  status: Outcome['status'];
  tries: number;
  code: string | null;
  reason: string | null;
  message_id: string | null;
  at: number;
}

export interface ReceiptRow {
  publish_id: number;
  device_id: string;
  kind: 'delivered' | 'opened';
  at: number;
  client_time: number | null;
  /** JSON. */
  flags: string;
}

export interface PushTables {
  push_publishes: PublishRow;
  push_jobs: JobRow;
  push_outcomes: OutcomeRow;
  push_receipts: ReceiptRow;
}
