/** The implementations over Redis keep their ports' promises, on a single server and on a Cluster. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryGrantStore } from '../../server/auth/memory-grant-store.ts';
import type { Publication } from '../../server/broker/broker.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import type { RateLimiter } from '../../server/limits/rate-limiter.ts';
import { RedisDepartures } from '../../server/presence/redis-departures.ts';
import { RedisBroker } from '../../server/redis/redis-broker.ts';
import { RedisChannelCache } from '../../server/redis/redis-channel-cache.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { RedisGrantStore } from '../../server/redis/redis-grant-store.ts';
import { RedisRateLimiter } from '../../server/redis/redis-rate-limiter.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { connectRedis, inboxOf } from '../support/redis-node.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { brokerContract } from './broker.contract.ts';
import { channelCacheContract } from './channel-cache.contract.ts';
import { departuresContract } from './departures.contract.ts';
import { grantStoreContract } from './grant-store.contract.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

/** Stands where nothing should be asked. */
const refuseAll: RateLimiter = { take: () => 1_000_000 };

const grantPorts = { clock: systemClock, logger: silentLogger };
const ports = { clock: systemClock, log: new OccasionalLog(systemClock, silentLogger) };

describe.each([
  ['a single Redis', startSingleRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)('on %s', (_, start) => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.stop());

  const connect = (): Promise<RedisConnections> => connectRedis({ url: redis.url });

  describe('RedisChannelCache', () => {
    channelCacheContract(async () => {
      await redis.flush();
      const connections = [await connect(), await connect()] as const;
      const brokers = connections.map((each) => new RedisBroker(each, { ...ports, inbox: inboxOf(each) }));
      const delivered: Publication[] = [];
      const [first, second] = brokers.map(
        (broker, n) => new RedisChannelCache(connections[n] ?? connections[0], broker),
      );
      if (first === undefined || second === undefined) throw new Error('there are two nodes');
      for (const broker of brokers) {
        await broker.start({
          deliver: (publication) => delivered.push(publication),
          terminate: () => undefined,
        });
      }
      return {
        caches: [first, second],
        follow: async (appId, topic) => brokers[1]?.follow(appId, topic),
        delivered: async () => {
          await settled(connections);
          return delivered;
        },
        advance: (ms) => systemClock.pause(ms),
        stop: async () => {
          for (const broker of brokers) broker.stop();
          for (const each of connections) each.close();
        },
      };
    });
  });

  describe('RedisDepartures', () => {
    departuresContract(async () => {
      await redis.flush();
      const connections = [await connect(), await connect()] as const;
      const [departures, other] = connections.map((each) => new RedisDepartures({ ...ports, redis: each }));
      if (departures === undefined || other === undefined) throw new Error('there are two nodes');
      return {
        departures,
        other,
        now: () => systemClock.now(),
        stop: async () => {
          for (const each of connections) each.close();
        },
      };
    });

    it('are forgotten after a day and an hour, and not before', async () => {
      await redis.flush();
      const connections = await connect();
      new RedisDepartures({ ...ports, redis: connections }).left('app', 'a');
      const key = connections.keys.departure('app', 'a');
      await eventually(async () => {
        const left = await connections.command((client) => client.pttl(key));
        expect(left).toBeGreaterThan(24 * 3600 * 1000);
        expect(left).toBeLessThanOrEqual(25 * 3600 * 1000);
      });
      connections.close();
    });
  });

  describe('RedisGrantStore', () => {
    grantStoreContract(async () => {
      await redis.flush();
      const connections = [await connect(), await connect()] as const;
      const [store, other] = connections.map(
        (each, number) => new RedisGrantStore(each, new MemoryGrantStore(), number, grantPorts),
      );
      if (store === undefined || other === undefined) throw new Error('there are two nodes');
      await store.start();
      await other.start();
      return {
        store,
        other,
        stop: async () => {
          for (const each of connections) each.close();
        },
      };
    });
  });

  describe('RedisRateLimiter', () => {
    rateLimiterContract(async () => {
      await redis.flush();
      const connections = [await connect(), await connect()];
      const limiters = connections.map((each) => new RedisRateLimiter(each, refuseAll));
      let turn = 0;
      return {
        // In turns, as a balancer would have it.
        limiter: { take: async (name, rate) => (limiters[turn++ % 2] ?? refuseAll).take(name, rate) },
        advance: (ms) => systemClock.pause(ms),
        stop: async () => {
          for (const each of connections) each.close();
        },
      };
    });
  });

  describe('RedisBroker', () => {
    brokerContract(async () => {
      const connections = [await connect(), await connect()];
      const brokers = connections.map((each) => new RedisBroker(each, { ...ports, inbox: inboxOf(each) }));
      return {
        brokers,
        settled: () => settled(connections),
        stop: async () => {
          for (const broker of brokers) broker.stop();
          for (const each of connections) each.close();
        },
      };
    });
  });
});

let probes = 0;

/**
 * Each node receives a last message in every shard: what was published before it has come by then, since a server
 * sends to a connection in the order of publishing.
 */
async function settled(connections: readonly RedisConnections[]): Promise<void> {
  const [first] = connections;
  if (first === undefined) return;
  probes += 1;
  const topics = Array.from({ length: 200 }, (_, n) => `probe-${probes}-${n}`);
  let heard = 0;
  for (const { keys, subscriptions } of connections) {
    await Promise.all(
      topics.map((topic) =>
        subscriptions.subscribe(keys.topic('probe', topic), () => {
          heard += 1;
        }),
      ),
    );
  }
  await Promise.all(topics.map((topic) => first.publish(first.keys.topic('probe', topic), 'x')));
  await eventually(() => {
    if (heard < topics.length * connections.length) throw new Error('not everything has arrived');
  });
}
