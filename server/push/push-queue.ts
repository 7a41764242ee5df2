/**
 * Where publishes, their jobs and their outcomes are kept. Every call is one transaction.
 *
 * A job waits until its time, is ready, is leased to a worker, and is settled: in one step it goes, its outcomes are
 * noted and what follows from it is queued. A worker that dies leaves its jobs leased; when the lease is over they are
 * ready again. So nothing is lost, and nothing is done twice but what was under way.
 *
 * Jobs of a lane are taken in the order of their turns. A publish's jobs get turns a second apart from now on, so a
 * huge publish stands behind a small one that comes later, and is overtaken by no stream of them for ever.
 */

import type { ProviderName } from './device.ts';
import type { Page, PageQuery } from './device-store.ts';
import type { Job, Lane, NewJob } from './jobs.ts';
import type { NewPublish, Outcome, PublishCounts, PublishReport, PublishStatus } from './publish.ts';

/** The distance between the turns of two jobs of a publish, in milliseconds. */
export const TURN_MS = 1000;

/** Milliseconds for which an idempotency key stands for its publish. */
export const IDEMPOTENCY_MS = 24 * 3600 * 1000;

export interface AcceptedPublish extends NewPublish {
  readonly publicId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** True: when all is done, a `notify` job follows. */
  readonly notify: boolean;
}

/** A publish as workers need it. */
export interface QueuedPublish extends AcceptedPublish {
  readonly id: number;
}

/** What became of a publish at one recipient. */
export interface NewOutcome {
  /** A device's id, or `token:…` or `group:…` for who is not in the registry. */
  readonly recipient: string;
  readonly provider: ProviderName;
  /**
   * Of a publish to users, else undefined: an index of the users of everything ever sent, for forgetting them, costs
   * more than all the rest of an outcome.
   */
  readonly user: string | undefined;
  readonly status: Outcome['status'];
  readonly tries: number;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly messageId: string | undefined;
}

/** A token that its provider calls dead: a device's, or one that was sent to by itself. */
export type DeadToken =
  | { readonly id: string; readonly token: string }
  | { readonly id: undefined; readonly provider: ProviderName; readonly token: string };

/** What a job comes to. */
export interface Settlement {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** At most one for each recipient of a publish; a second one is left out. */
  readonly outcomes: readonly NewOutcome[];
  /** Recipients that were found. */
  readonly targeted: number;
  readonly next: readonly NewJob[];
  /** Devices that still have these tokens are removed with the same step. */
  readonly dead: readonly DeadToken[];
  /** True: the publish's time was over before all its recipients were found. */
  readonly cutShort: boolean;
}

/** Room for further jobs of a lane. */
export interface Room {
  readonly lane: Lane;
  readonly jobs: number;
  /** Recipients they may stand for together. */
  readonly recipients: number;
  /** Nothing of the lane is under way: one job may be larger than that. */
  readonly idle: boolean;
}

export interface Claim {
  /** Who asks: the same name for as long as a node runs, and never again. */
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Leases that ended by then are lost, and their jobs ready again. */
  readonly lostBefore: number;
  readonly leaseUntil: number;
  readonly rooms: readonly Room[];
}

export interface Claimed {
  readonly jobs: readonly Job[];
  /** When the next job that waits is due; undefined when none waits. */
  readonly nextAt: number | undefined;
}

/** How a publish came out, for those who are told. */
export interface FinishedPublish {
  readonly appId: string;
  readonly publicId: string;
  readonly door: NewPublish['door'];
  readonly target: NewPublish['target'];
  readonly publishWebhook: NewPublish['publishWebhook'];
  readonly status: PublishStatus;
  readonly counts: PublishCounts;
  readonly byProvider: readonly {
    readonly provider: ProviderName;
    readonly sent: number;
    readonly failed: number;
  }[];
  /** Undefined unless the target is users. Every user is in one of the lists, in the order of the target. */
  readonly users:
    | {
        /** At least one device's provider took it. */
        readonly delivered: readonly string[];
        /** No device, or none that was not dead. */
        readonly noDevices: readonly string[];
        readonly failed: readonly string[];
      }
    | undefined;
}

export interface PushQueue {
  /** Keeps a publish with its first jobs. `targeted`: recipients known so far. */
  accept(
    publish: AcceptedPublish,
    jobs: readonly NewJob[],
    targeted: number,
  ): Promise<{ readonly kind: 'accepted'; readonly publicId: string } | { readonly kind: 'conflict' }>;
  publish(id: number): Promise<QueuedPublish | undefined>;

  /** Leases jobs that are due. */
  claim(claim: Claim): Promise<Claimed>;
  /** Prolongs leases of an owner; returns the jobs that are still its own. */
  extend(owner: string, ids: readonly number[], leaseUntil: number): Promise<readonly number[]>;
  /** Gives up all leases of an owner: others may have the jobs at once. */
  release(owner: string): Promise<void>;
  /** Gives up one job, until a time. */
  postpone(job: Job, runAt: number): Promise<void>;
  /**
   * Ends a job. False: the lease was lost and somebody else has it, or the job is settled already; nothing changed.
   * The last job of a publish finishes it.
   */
  settle(job: Job, settlement: Settlement): Promise<boolean>;

  /** True if the publish was scheduled or running. Its jobs are ready at once, so that workers put an end to them. */
  cancel(appId: string, publicId: string, now: number): Promise<boolean>;
  report(appId: string, publicId: string): Promise<PublishReport | undefined>;
  /** In the order of the recipients. */
  outcomes(appId: string, publicId: string, page: PageQuery): Promise<Page<Outcome>>;
  finished(publishId: number): Promise<FinishedPublish | undefined>;
  /** Notes what a device did with a publish; false if that is known already or there is no such publish. */
  receive(receipt: NewReceipt): Promise<boolean>;

  /** Forgets publishes finished before a time, in small steps; returns how many. */
  forget(before: number): Promise<number>;
  /** Jobs by lane that are due and not taken. */
  backlog(now: number): Promise<ReadonlyMap<Lane, number>>;
}

export interface NewReceipt {
  readonly appId: string;
  readonly publicId: string;
  readonly deviceId: string;
  readonly kind: 'delivered' | 'opened';
  readonly at: number;
  readonly clientTime: number | undefined;
  readonly flags: Readonly<Record<string, boolean>>;
}

/** The queue holds as much as it may. */
export class PushQueueFull extends Error {
  constructor(limit: number) {
    super(`the push queue holds ${limit} jobs, which is all it may`);
    this.name = 'PushQueueFull';
  }
}
