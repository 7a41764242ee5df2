/**
 * How many subscribe, as a new subscriber is told. Counts come to the others in the order of the changes, and the store's
 * answer by another road. So a subscriber is let in when its own count has come by as well: what is older it doesn't
 * hear, and the last of what came after takes the answer's place. See also `replay.ts`.
 */
import { subscriptionCount } from '../../protocol/index.ts';
import type { Publication } from '../broker/broker.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Counted } from '../presence/presence-store.ts';
import type { Channel } from './channel.ts';

/** Milliseconds after which a count is taken for lost: the line it should have come by is broken. */
const LOST_MS = 1000;
/** Counts remembered of a channel where somebody always joins: far more than pass while one waits. */
const MAX_PASSED = 300;

interface Passed {
  readonly frame: string;
  /** Whose joining it tells; undefined for one that left. */
  readonly joiner: string | undefined;
}

export class PassingCounts {
  /** Subscribers that wait for the store. */
  awaited = 0;
  /** What passed meanwhile, in the order of the changes. */
  readonly passed: Passed[] = [];
  /** Those whose own count has not come by yet. */
  missing: Map<string, () => void> | undefined;
}

const START = subscriptionCount('', 0).split(',', 1)[0] ?? '';
const START_BYTES = Buffer.from(START);

/** A subscriber begins to wait for the store's answer. */
export function awaitCount(channel: Channel): void {
  channel.counts ??= new PassingCounts();
  channel.counts.awaited += 1;
}

export function noLongerAwaited(channel: Channel): void {
  if (channel.counts === undefined) return;
  channel.counts.awaited -= 1;
  if (channel.counts.awaited === 0) channel.counts = undefined;
}

/** Something is on its way to the subscribers of a channel while some wait for its count. */
export function noteCount(counts: PassingCounts, publication: Publication): void {
  const frame = publication.frame();
  if (!isCount(frame)) return;
  const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
  const joiner = publication.exceptSocketId;
  counts.passed.push({ frame: text, joiner });
  if (counts.passed.length > MAX_PASSED) counts.passed.shift();
  if (joiner !== undefined) counts.missing?.get(joiner)?.();
}

function isCount(frame: string | Uint8Array): boolean {
  if (typeof frame === 'string') return frame.startsWith(START);
  return START_BYTES.equals(frame.subarray(0, START_BYTES.length));
}

/** Done when the count that tells the others of this connection has come by; at once where there is none. */
export function ownCount(
  { counts }: Channel,
  socketId: string,
  { subscriptions, told }: Counted,
  clock: Clock,
): Eventual<void> {
  if (counts === undefined || !told || subscriptions === 1) return;
  if (counts.passed.some(({ joiner }) => joiner === socketId)) return;
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      counts.missing?.delete(socketId);
      resolve();
    };
    const cancel = clock.after(LOST_MS, done);
    counts.missing ??= new Map();
    counts.missing.set(socketId, done);
  });
}

/** The count as a frame for the connection that joins, in the turn in which it begins to hear of changes itself. */
export function latestCount({ name, counts }: Channel, socketId: string, answer: number): string {
  const passed = counts?.passed ?? [];
  const own = passed.findLastIndex(({ joiner }) => joiner === socketId);
  // If its own was lost, whatever passed may be older. The count of the only subscriber is told to nobody else.
  const isNewer = answer === 1 || (own >= 0 && own < passed.length - 1);
  return (isNewer ? passed.at(-1)?.frame : undefined) ?? subscriptionCount(name, answer);
}
