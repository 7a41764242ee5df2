/**
 * What each worker contributes to presence: subscriptions of channels, shares in members, users signed in. The hub adds
 * them up; the store behind it hears of the sums, and decides each transition as it would for one process alone.
 */
import type { ChannelSummary, Counted, JoinResult, Member } from '../presence/presence-store.ts';
import type { HubJoinReply, HubService } from './hub-services.ts';

/** The store of a node that is alone, which answers at once. */
export interface ImmediateStore {
  subscribed(appId: string, channel: string, count: number, joiner?: string): Counted;
  join(appId: string, channel: string, member: Member, socketId: string, maxMembers: number): JoinResult;
  leave(appId: string, channel: string, userId: string): void;
  signedIn(appId: string, userId: string): void;
  signedOut(appId: string, userId: string): void;
  online(appId: string, userIds: readonly string[]): string[];
  channels(appId: string, prefix: string): Map<string, ChannelSummary>;
  channel(appId: string, channel: string): ChannelSummary;
  members(appId: string, channel: string): string[];
}

/** Who has a share in a member, or in a user's being online. */
interface Shared {
  readonly appId: string;
  /** '' for a user. */
  readonly channel: string;
  readonly userId: string;
  readonly workers: Set<number>;
}

interface Counts {
  readonly appId: string;
  readonly channel: string;
  readonly byWorker: Map<number, number>;
}

export class WorkerShares {
  readonly #store: ImmediateStore;
  readonly #counts = new Map<string, Counts>();
  readonly #members = new Map<string, Shared>();
  readonly #users = new Map<string, Shared>();

  constructor(store: ImmediateStore) {
    this.#store = store;
  }

  subscribed(
    worker: number,
    { appId, channel, count, joiner }: Parameters<HubService['subscribed']>[0],
  ): Counted {
    const key = `${appId}\n${channel}`;
    const counts = this.#counts.get(key) ?? { appId, channel, byWorker: new Map<number, number>() };
    if (count > 0) counts.byWorker.set(worker, count);
    else counts.byWorker.delete(worker);
    if (counts.byWorker.size > 0) this.#counts.set(key, counts);
    else this.#counts.delete(key);
    let total = 0;
    for (const each of counts.byWorker.values()) total += each;
    return this.#store.subscribed(appId, channel, total, joiner);
  }

  join(
    worker: number,
    { appId, channel, member, socketId, maxMembers, wantsRoster }: Parameters<HubService['join']>[0],
  ): HubJoinReply {
    const result = this.#store.join(appId, channel, member, socketId, maxMembers);
    if (!result.joined) return result;
    share(this.#members, worker, appId, channel, member.userId);
    return { joined: true, added: result.added, roster: wantsRoster ? result.roster.all() : undefined };
  }

  leave(worker: number, appId: string, channel: string, userId: string): void {
    if (unshare(this.#members, worker, keyOf(appId, channel, userId)))
      this.#store.leave(appId, channel, userId);
  }

  signedIn(worker: number, appId: string, userId: string): void {
    share(this.#users, worker, appId, '', userId);
    this.#store.signedIn(appId, userId);
  }

  signedOut(worker: number, appId: string, userId: string): void {
    if (unshare(this.#users, worker, keyOf(appId, '', userId))) this.#store.signedOut(appId, userId);
  }

  /** The worker is gone, and what it contributed with it. Members first: a channel is vacated after its last one. */
  sweep(worker: number): void {
    for (const { appId, channel, userId } of held(this.#members, worker)) {
      this.leave(worker, appId, channel, userId);
    }
    for (const { appId, channel, byWorker } of [...this.#counts.values()]) {
      if (byWorker.has(worker)) this.subscribed(worker, { appId, channel, count: 0, joiner: undefined });
    }
    for (const { appId, userId } of held(this.#users, worker)) this.signedOut(worker, appId, userId);
  }
}

/** App ids and channels have no line end. */
const keyOf = (appId: string, channel: string, userId: string): string => `${appId}\n${channel}\n${userId}`;

const held = (all: ReadonlyMap<string, Shared>, worker: number): Shared[] =>
  [...all.values()].filter(({ workers }) => workers.has(worker));

function share(
  all: Map<string, Shared>,
  worker: number,
  appId: string,
  channel: string,
  userId: string,
): void {
  const key = keyOf(appId, channel, userId);
  const one = all.get(key);
  if (one !== undefined) one.workers.add(worker);
  else all.set(key, { appId, channel, userId, workers: new Set([worker]) });
}

/** Returns whether that was the last share. */
function unshare(all: Map<string, Shared>, worker: number, key: string): boolean {
  const workers = all.get(key)?.workers;
  if (!workers?.delete(worker) || workers.size > 0) return false;
  all.delete(key);
  return true;
}
