/** Webhooks of Beams; migration 006. Times are milliseconds since the epoch. */
import type { BeamsWebhookState } from '../push/beams-webhooks/beams-webhook-queue.ts';

export interface BeamsWebhookRow {
  /** `Webhook-Request-ID-UUID`. */
  id: string;
  key: string;
  app_id: string;
  webhook_id: string | null;
  url: string | null;
  lane: string;
  event_type: string;
  body: string;
  created_at: number;
  failures: number;
  state: BeamsWebhookState;
  /** While it waits: when it is due. Then: when it was settled. */
  at: number;
  /** Why the last attempt failed; ''. */
  reason: string;
}

export interface BeamsWebhookTables {
  beams_webhooks: BeamsWebhookRow;
}
