/**
 * Shared webhook events in Redis: a stream per shard, and beside it who delivers it. See the port, and
 * docs/clustering.md, "Webhooks".
 */
import type { Membership } from '../cluster/membership.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { RedisKeys } from '../redis/keys.ts';
import type { ScriptArgument } from '../redis/scripts.ts';
import { type WebhookLuaSettings, webhookArgs, webhookKeys } from '../redis/webhook-lua.ts';
import type { Read, ReadByAnother, ReadRequest, Settlement, ShardStore } from './shard-store.ts';
import { parseStored, type StoredEvent } from './stored-event.ts';
import type { WebhookRedis } from './webhook-redis.ts';
import type { WebhookScripts } from './webhook-scripts.ts';

export interface RedisShardStorePorts {
  readonly redis: WebhookRedis;
  readonly membership: Pick<Membership, 'nodeId'>;
  readonly keys: RedisKeys;
  readonly scripts: WebhookScripts;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

export interface RedisShardStoreSettings extends WebhookLuaSettings {
  readonly leaseMs: number;
}

/** Milliseconds until hints that could not be followed are asked for again. */
const RETRY_MS = 1000;

/** Entry, fields, and the endpoints that have had it, one a line. */
type RawEntry = readonly [entry: string, fields: readonly string[], done: string];

type RawRead =
  | readonly [by: 'another', freeInMs: number]
  | readonly [
      by: 'same' | 'new' | 'nobody',
      now: number,
      events: readonly RawEntry[],
      spilled: readonly RawEntry[],
      lost: string,
      nextDue: string,
      lapsedFrom: string,
    ];

export class RedisShardStore implements ShardStore {
  readonly leaseMs: number;
  readonly #settings: RedisShardStoreSettings;
  readonly #ports: RedisShardStorePorts;
  /** Who is told of a shard's hints, by their pub/sub channel. */
  readonly #watchers = new Map<string, () => void>();

  constructor(settings: RedisShardStoreSettings, ports: RedisShardStorePorts) {
    this.leaseMs = settings.leaseMs;
    this.#settings = settings;
    this.#ports = ports;
    ports.redis.subscriptions.onGap((channels) => {
      for (const channel of channels) this.#watchers.get(channel)?.();
    });
  }

  async read({ shard, after, afterSpilled, limit, busy }: ReadRequest): Promise<Read | ReadByAnother> {
    const { redis, membership, keys, scripts, ids, clock } = this.#ports;
    const raw = (await redis.run(
      scripts.read,
      [...webhookKeys(keys, shard), ...this.#ownKeys(shard)],
      [
        ...webhookArgs(keys, shard, this.#settings, ids.uniqueId()),
        ...[membership.nodeId, this.leaseMs, after ?? '-', afterSpilled ?? '-', limit, busy ? 1 : 0],
        keys.gone(shard, ''),
      ],
    )) as RawRead;
    if (raw[0] === 'another') return { by: 'another', freeInMs: raw[1] };
    const [by, now, events, spilled, lost, nextDue, lapsedFrom] = raw;
    const parse = (entries: readonly RawEntry[]): StoredEvent[] =>
      entries.flatMap((entry) => this.#parse(shard, entry, clock.now() - now));
    return {
      by,
      events: parse(events),
      spilled: parse(spilled),
      last: events.at(-1)?.[0],
      lastSpilled: spilled.at(-1)?.[0],
      more: limit > 0 && (events.length === limit || spilled.length === limit),
      lost: Number(lost),
      nextDueInMs: nextDue === '' ? undefined : Number(nextDue) - now,
      lapsedFrom: lapsedFrom === '' ? undefined : lapsedFrom,
    };
  }

  async settle({ shard, settled, progress, after }: Settlement): Promise<boolean> {
    const { redis, membership, keys, scripts } = this.#ports;
    const args: ScriptArgument[] = [membership.nodeId, after];
    args.push(keys.wake(shard), this.#settings.sharded ? 'SPUBLISH' : 'PUBLISH', settled.length, ...settled);
    for (const [entry, done] of progress) args.push(entry, done.join('\n'));
    const [stream = '', , spilled = ''] = webhookKeys(keys, shard);
    return (await redis.run(scripts.settle, [stream, spilled, ...this.#ownKeys(shard)], args)) === 1;
  }

  async hasWork(shard: number): Promise<boolean> {
    const { redis, keys, scripts } = this.#ports;
    return (await redis.run(scripts.hasWork, webhookKeys(keys, shard).slice(0, 3), [])) !== 0;
  }

  watch(shard: number, listener: () => void): void {
    const channel = this.#ports.keys.wake(shard);
    this.#watchers.set(channel, listener);
    this.#listen(channel, listener);
  }

  unwatch(shard: number): void {
    const channel = this.#ports.keys.wake(shard);
    this.#watchers.delete(channel);
    this.#ports.redis.subscriptions.unsubscribe(channel);
  }

  /** What was appended before hints are heard has to be looked for then. */
  #listen(channel: string, listener: () => void): void {
    const { redis, clock } = this.#ports;
    redis.subscriptions.subscribe(channel, listener).then(listener, () => {
      clock.after(RETRY_MS, () => {
        if (this.#watchers.get(channel) === listener) this.#listen(channel, listener);
      });
    });
  }

  #ownKeys(shard: number): [owner: string, progress: string] {
    const { keys } = this.#ports;
    return [keys.ofShard(shard, 'owner'), keys.ofShard(shard, 'progress')];
  }

  #parse(shard: number, [entry, fields, done]: RawEntry, aheadMs: number): StoredEvent[] {
    const stored = parseStored(entry, fields, done === '' ? [] : done.split('\n'), aheadMs);
    if (stored !== undefined) return [stored];
    // Of a later version, whose nodes know what to do with it.
    this.#ports.log.warn(`shard ${shard}`, { shard, entry }, 'webhook event not understood');
    return [];
  }
}
