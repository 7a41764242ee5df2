/** Questions about the cluster's presence: answered by Redis, changing nothing. */

import { SHARDS } from '../redis/keys.ts';
import type { RedisConnections } from '../redis/redis-connections.ts';
import { CHANNELS } from './presence-lua.ts';
import { type RosterSnapshot, shardOfUser, snapshotOf } from './presence-steps.ts';
import type { ChannelSummary } from './presence-store.ts';

/** Channels looked at in one step of a listing. */
const STEP = 500;

export class RedisPresenceReads {
  readonly #redis: Pick<RedisConnections, 'command' | 'run' | 'keys'>;

  constructor(redis: Pick<RedisConnections, 'command' | 'run' | 'keys'>) {
    this.#redis = redis;
  }

  async roster(appId: string, channel: string): Promise<RosterSnapshot | undefined> {
    const flat = await this.#redis.command((client) =>
      client.hgetall(this.#redis.keys.members(appId, channel)),
    );
    return snapshotOf(Object.entries(flat).flat());
  }

  async members(appId: string, channel: string): Promise<string[]> {
    return ((await this.roster(appId, channel))?.entries ?? []).map(({ userId }) => userId);
  }

  async channel(appId: string, channel: string): Promise<ChannelSummary> {
    const { keys } = this.#redis;
    const [subscriptions, users] = await Promise.all([
      this.#redis.command((client) => client.get(keys.subscriptions(appId, channel))),
      this.#redis.command((client) => client.hlen(keys.members(appId, channel))),
    ]);
    if (subscriptions === null) return { subscriptions: 0, users: 0 };
    return { subscriptions: Number(subscriptions), users: Math.max(0, users - 1) };
  }

  async channels(appId: string, prefix: string): Promise<Map<string, ChannelSummary>> {
    const found = new Map<string, ChannelSummary>();
    const shards = Array.from({ length: SHARDS }, (_, shard) =>
      this.#channelsOf(shard, appId, prefix, found),
    );
    await Promise.all(shards);
    return found;
  }

  async online(appId: string, userIds: readonly string[]): Promise<string[]> {
    const { keys } = this.#redis;
    const counts = await Promise.all(
      userIds.map((userId) =>
        this.#redis.command((client) =>
          client.exists(keys.ofShard(shardOfUser(appId, userId), `online:${appId}\n${userId}`)),
        ),
      ),
    );
    return userIds.filter((_, at) => counts[at] === 1);
  }

  /** What a node has contributed to a shard, by field. */
  async contributed(shard: number, nodeId: string): Promise<Readonly<Record<string, string>>> {
    return this.#redis.command((client) => client.hgetall(this.#redis.keys.node(shard, nodeId)));
  }

  async #channelsOf(
    shard: number,
    appId: string,
    prefix: string,
    found: Map<string, ChannelSummary>,
  ): Promise<void> {
    const { keys } = this.#redis;
    const key = keys.channels(shard, appId);
    let cursor = '0';
    do {
      const args = [keys.ofShard(shard, ''), appId, prefix, cursor, STEP];
      const [next, flat] = (await this.#redis.run(CHANNELS, [key], args)) as [string, Array<string | number>];
      for (let at = 0; at + 2 < flat.length; at += 3) {
        found.set(String(flat[at]), { subscriptions: Number(flat[at + 1]), users: Number(flat[at + 2]) });
      }
      cursor = next;
    } while (cursor !== '0');
  }
}
