/** What the jobs of the pipeline work with. */
import type { Chance } from '../lib/chance.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Audience } from './audience.ts';
import type { ProviderName } from './device.ts';
import type { Values } from './message-texts.ts';
import type { NewPublish } from './publish.ts';
import type { PushMetrics } from './push-metrics.ts';
import type { PushProvider } from './push-provider.ts';
import type { FinishedPublish, PushQueue } from './push-queue.ts';
import type { RetryRules } from './verdicts.ts';

/** Whoever wants to know how publishes came out. */
export interface FinishHook {
  wants(publish: NewPublish): boolean;
  /** Called at least once for each publish wanted; again later if it rejects. */
  finished(publish: FinishedPublish): Promise<void>;
}

export interface PipelineSettings {
  readonly retry: RetryRules;
  /** Recipients of one provider that a node sends to at a time, in jobs of up to 500. */
  readonly recipientsPerProvider: number;
  /** Devices that are looked up at a time. */
  readonly pageSize: number;
  /** Jobs of one publish that may wait: finding its devices pauses meanwhile. */
  readonly jobsAhead: number;
  /** Milliseconds a job stays with a node that is not heard of any more. */
  readonly leaseMs: number;
  /** Milliseconds between looks for what other nodes accepted. */
  readonly pollMs: number;
}

export const PIPELINE_DEFAULTS: PipelineSettings = {
  retry: { firstMs: 1000, longestMs: 60_000, giveUpMs: 24 * 3600 * 1000, misconfiguredTries: 6 },
  recipientsPerProvider: 1000,
  pageSize: 2000,
  jobsAhead: 200,
  leaseMs: 15_000,
  pollMs: 1000,
};

/** An app's providers; empty for an app that is unknown or has none. */
export type ProvidersOf = (appId: string) => ReadonlyMap<ProviderName, PushProvider>;

export interface PipelinePorts {
  readonly queue: PushQueue;
  /** Undefined without a database: only tokens and providers' groups can be reached. */
  readonly audience: Audience | undefined;
  readonly providersOf: ProvidersOf;
  /** The app's Beams instance; undefined if it has none. */
  readonly instanceOf: (appId: string) => string | undefined;
  /** Which of an app's users are connected, or were at any time after `since`, milliseconds since the epoch. */
  readonly connected: (appId: string, users: readonly string[], since: number) => Eventual<readonly string[]>;
  /** What is known of users that messages may name; users without anything are left out. */
  readonly userValues: (appId: string, users: readonly string[]) => Promise<ReadonlyMap<string, Values>>;
  readonly hook: FinishHook;
  readonly metrics: PushMetrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Logger;
  /** For what may fail thousands of times. */
  readonly log: OccasionalLog;
}
