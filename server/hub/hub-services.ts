/** What hub and workers ask of each other, by name. Arguments and answers are plain values. */
import type { MetricObject } from 'prom-client';
import type { WebhookEvent } from '../../protocol/index.ts';
import type { RelayedGrant, RelayOutcome } from '../auth/grant-relay.ts';
import type { CachedEvent } from '../cache/channel-cache.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Rate } from '../limits/token-bucket.ts';
import type { ChannelSummary, Counted, Member } from '../presence/presence-store.ts';
import type { MetricsPage } from '../telemetry/metrics.ts';
import type {
  DeadLetter,
  LetterPage,
  LetterQuery,
  LetterSelection,
  Undelivered,
} from '../webhooks/dead-letters.ts';
import type { QueuedEvent } from '../webhooks/queued-event.ts';

export interface TopicName {
  readonly appId: string;
  readonly topic: string;
}

export interface UserName {
  readonly appId: string;
  readonly userId: string;
}

export interface ChannelName {
  readonly appId: string;
  readonly channel: string;
}

/** A join as the hub answers it. `roster`: all members, if they were asked for. */
export type HubJoinReply =
  | { readonly joined: false }
  | { readonly joined: true; readonly added: boolean; readonly roster: readonly Member[] | undefined };

/** What a worker is told when it comes. */
export interface Seat {
  /** From 1 on; the same for the one that replaces it. */
  readonly worker: number;
  /** What its socket ids begin with: no other process has it. */
  readonly nodeNumber: number;
  /** Where all of them listen. */
  readonly port: number;
}

/** What the parent does for its workers: keeps them, and where there is no Redis, is their hub. */
export type ParentService = SupervisorService & HubService;

export type SupervisorService = {
  /** A worker's first question. */
  seat(nothing: undefined): Seat;
  /** It takes connections. */
  listening(nothing: undefined): void;
  /** It could not start, and says why, for people. */
  failed(message: string): void;
  /** The page of metrics of all workers together. */
  metrics(nothing: undefined): Eventual<MetricsPage>;
};

/** What the hub does for workers that have no Redis. */
export type HubService = {
  /** Answered after everything said before. */
  settled(nothing: undefined): void;

  follow(topic: TopicName): void;
  unfollow(topic: TopicName): void;
  terminate(user: UserName): Promise<void>;

  subscribed(change: ChannelName & { readonly count: number; readonly joiner: string | undefined }): Counted;
  join(
    wish: ChannelName & {
      readonly member: Member;
      readonly socketId: string;
      readonly maxMembers: number;
      readonly wantsRoster: boolean;
    },
  ): HubJoinReply;
  leave(member: ChannelName & UserName): void;
  signedIn(user: UserName): void;
  signedOut(user: UserName): void;
  online(question: { readonly appId: string; readonly userIds: readonly string[] }): string[];
  channels(question: { readonly appId: string; readonly prefix: string }): Map<string, ChannelSummary>;
  channel(name: ChannelName): ChannelSummary;
  members(name: ChannelName): string[];

  cache(event: CachedPublication): void;
  cached(name: ChannelName): CachedEvent | undefined;
  firstMiss(name: ChannelName & { readonly forMs: number }): boolean;

  left(user: UserName): void;
  leftSince(question: {
    readonly appId: string;
    readonly userIds: readonly string[];
    readonly since: number;
  }): string[];

  takeToken(wish: { readonly name: string; readonly rate: Rate }): number;

  relayGrant(grant: RelayedGrant): Eventual<RelayOutcome>;
  revoke(revocation: Revocation): Promise<void>;
  revokedAt(user: UserName & { readonly now: number }): number | undefined;

  webhook(report: { readonly appId: string; readonly event: WebhookEvent }): void;
  replayWebhooks(replay: {
    readonly appId: string;
    readonly endpoint: string;
    readonly events: readonly QueuedEvent[];
  }): void;
  addLetters(undelivered: readonly Undelivered[]): Eventual<void>;
  listLetters(query: LetterQuery): Eventual<LetterPage>;
  takeLetters(selection: LetterSelection): Eventual<readonly DeadLetter[]>;
  forgetLetters(letters: readonly DeadLetter[]): Eventual<void>;
  restoreLetters(letters: readonly DeadLetter[]): Eventual<void>;
};

/** An event for a cache channel: the hub makes its frame, since it keeps the event as well. */
export interface CachedPublication {
  readonly appId: string;
  readonly channel: string;
  readonly event: string;
  readonly data: string;
  readonly exceptSocketId: string | undefined;
  readonly userId: string | undefined;
  readonly ttlMs: number;
}

export interface Revocation extends UserName {
  readonly now: number;
  readonly forMs: number;
}

/** What workers do for their parent; the last three where it is their hub. */
export type WorkerService = {
  /** All workers have come to listen. */
  complete(nothing: undefined): void;
  /** Its own metrics, as values. */
  ownMetrics(nothing: undefined): Eventual<MetricObject[]>;

  terminated(user: UserName): void;
  recordGrant(grant: RelayedGrant): Eventual<RelayOutcome>;
  revoked(revocation: Revocation): void;
};
