/** What there is to do for a publish. A job is done by one worker at a time, and again if that worker dies. */
import type { ProviderName } from './device.ts';
import type { ProviderGroup } from './push-provider.ts';

export type Work =
  /** Find the next page of the audience, and make jobs of it. */
  | { readonly kind: 'expand'; readonly after: string | undefined }
  /** Send to devices of the registry. */
  | { readonly kind: 'devices'; readonly provider: ProviderName; readonly ids: readonly string[] }
  /** Send to addresses that need not be in the registry. */
  | { readonly kind: 'tokens'; readonly provider: ProviderName; readonly tokens: readonly string[] }
  /** Send to a group that the provider keeps. */
  | { readonly kind: 'group'; readonly provider: ProviderName; readonly group: ProviderGroup }
  /** Tell whoever wants to know that the publish is finished. */
  | { readonly kind: 'notify' };

/** Work that sends. */
export type SendWork = Exclude<Work, { readonly kind: 'expand' | 'notify' }>;

/** Jobs of one lane compete for the same means, those of different lanes don't. */
export type Lane = ProviderName | 'expand' | 'notify';

export const LANES: readonly Lane[] = ['expand', 'fcm', 'apns', 'webpush', 'hms', 'notify'];

export interface NewJob {
  readonly work: Work;
  /** Milliseconds since the epoch: not before. */
  readonly runAt: number;
  /** How often it was tried to send to these recipients. */
  readonly tries: number;
}

export interface Job {
  readonly id: number;
  readonly publishId: number;
  readonly work: Work;
  readonly tries: number;
  /** How often a worker took it, this time included; a settlement is accepted from the last one only. */
  readonly claims: number;
  /** True: the publish was cancelled before the job was taken. */
  readonly cancelled: boolean;
  /** Jobs of the publish that were not settled then, this one included, notifications aside. */
  readonly openJobs: number;
}

/** Devices a job of one provider holds at most: what a killed worker may send a second time. */
export const JOB_SIZE = 500;

export function laneOf(work: Work): Lane {
  return 'provider' in work ? work.provider : work.kind;
}

/** Recipients that a job stands for, at least 1: what it takes of a lane's room. */
export function sizeOf(work: Work): number {
  switch (work.kind) {
    case 'devices':
      return work.ids.length;
    case 'tokens':
      return work.tokens.length;
    default:
      return 1;
  }
}

/** `items` in pieces of at most `size`. */
export function piecesOf<T>(items: readonly T[], size: number): T[][] {
  const pieces: T[][] = [];
  for (let from = 0; from < items.length; from += size) pieces.push(items.slice(from, from + size));
  return pieces;
}
