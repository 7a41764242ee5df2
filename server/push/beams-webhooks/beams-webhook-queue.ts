/**
 * Webhooks of Beams on their way to those who asked for them. They are kept before anybody is told that what they tell
 * has happened, until they are delivered or given up. A webhook is taken for a while; who dies with it loses the turn,
 * not the webhook.
 */
import type { Page, PageQuery } from '../device-store.ts';

export interface NewBeamsWebhook {
  /** What it tells, and whom: the same is added once. */
  readonly key: string;
  readonly appId: string;
  /** The configured webhook it is for; undefined: the address that a publish named. */
  readonly webhookId: string | undefined;
  /** Where it goes, for a publish's own; undefined: where the configured webhook says. */
  readonly url: string | undefined;
  /** Those of one lane wait for one receiver. */
  readonly lane: string;
  readonly eventType: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface BeamsWebhook extends NewBeamsWebhook {
  /** A UUID that stays the same from one attempt to the next. */
  readonly id: string;
  /** Attempts that failed. */
  readonly failures: number;
}

export type BeamsWebhookState = 'waiting' | 'delivered' | 'failed';

export interface FailedBeamsWebhook extends BeamsWebhook {
  readonly reason: string;
  readonly failedAt: number;
}

/** How an attempt went. */
export type AttemptResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly at: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface WebhookTake {
  readonly lane: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Until then nobody else takes them. */
  readonly until: number;
  readonly limit: number;
}

export interface BeamsWebhookQueue {
  /** Adds those whose keys are not known yet, in one step. */
  add(webhooks: readonly NewBeamsWebhook[]): Promise<void>;
  /** Lanes with webhooks that are due, and when the next one will be. */
  due(now: number): Promise<{ readonly lanes: readonly string[]; readonly nextAt: number | undefined }>;
  /** Those that wait longest first. */
  take(take: WebhookTake): Promise<readonly BeamsWebhook[]>;
  settle(id: string, result: AttemptResult, now: number): Promise<void>;
  /** Those given up, of one app or of all, in the order of their ids. */
  failed(appId: string | undefined, page: PageQuery): Promise<Page<FailedBeamsWebhook>>;
  /** Has given up webhooks tried again, as if they were new; returns how many. Undefined: all of the app. */
  retry(appId: string, ids: readonly string[] | undefined, now: number): Promise<number>;
  /** Forgets what was delivered or given up before a time; returns how many. */
  forget(before: number): Promise<number>;
}
