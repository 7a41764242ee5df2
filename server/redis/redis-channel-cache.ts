/** Cached events in Redis, for all nodes: written and published by one script. See the port. */
import type { EventPublication } from '../broker/publications.ts';
import type { CachedEvent, ChannelCache } from '../cache/channel-cache.ts';
import type { RedisBroker } from './redis-broker.ts';
import type { RedisConnections } from './redis-connections.ts';
import { script } from './scripts.ts';

/** KEYS: cache, miss. ARGV: event, data, ttl, PUBLISH or SPUBLISH, pub/sub channel, message. */
const KEEP_AND_PUBLISH = script(`
redis.call('HSET', KEYS[1], 'event', ARGV[1], 'data', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('DEL', KEYS[2])
redis.call(ARGV[4], ARGV[5], ARGV[6])
return 1
`);

export class RedisChannelCache implements ChannelCache {
  readonly #connections: RedisConnections;
  readonly #broker: RedisBroker;

  constructor(connections: RedisConnections, broker: RedisBroker) {
    this.#connections = connections;
    this.#broker = broker;
  }

  publish(publication: EventPublication, ttlMs: number): Promise<void> {
    const { appId, topic, event, data } = publication;
    const { keys, publishCommand } = this.#connections;
    return this.#broker.publishBy(publication, (channel, message) =>
      this.#connections.run(
        KEEP_AND_PUBLISH,
        [keys.cache(appId, topic), keys.cacheMiss(appId, topic)],
        [event, data.text, ttlMs, publishCommand, channel, message],
      ),
    );
  }

  async get(appId: string, channel: string): Promise<CachedEvent | undefined> {
    const key = this.#connections.keys.cache(appId, channel);
    const [[event, data], ttlMs] = await this.#connections.command((client) =>
      Promise.all([client.hmget(key, 'event', 'data'), client.pttl(key)]),
    );
    return event == null || data == null || ttlMs <= 0 ? undefined : { event, data, ttlMs };
  }

  async firstMiss(appId: string, channel: string, forMs: number): Promise<boolean> {
    const key = this.#connections.keys.cacheMiss(appId, channel);
    const set = await this.#connections.command((client) => client.set(key, '1', 'PX', forMs, 'NX'));
    return set === 'OK';
  }
}
