/** The implementations over Redis keep their ports' promises, on a single server and on a Cluster. */
import { afterAll, beforeAll, describe } from 'vitest';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { RedisBroker } from '../../server/redis/redis-broker.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { connectRedis } from '../support/redis-node.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { brokerContract } from './broker.contract.ts';

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

  describe('RedisBroker', () => {
    brokerContract(async () => {
      const connections = [await connect(), await connect()];
      const brokers = connections.map((each) => new RedisBroker(each, ports));
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
