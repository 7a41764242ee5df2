/** The webhook queue and dead letters over Redis keep their ports' promises, on a single server and on a Cluster. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { redisWebhooks } from '../../server/compose-redis-webhooks.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { shardOf } from '../../server/redis/keys.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { Counters } from '../../server/telemetry/counters.ts';
import type { Undelivered } from '../../server/webhooks/dead-letters.ts';
import { EndpointDirectory } from '../../server/webhooks/endpoint-directory.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { connectRedis } from '../support/redis-node.ts';
import { SettlingRedis } from '../support/settling-redis.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { webhookSettings } from '../support/webhook-node.ts';
import { deadLettersContract } from './dead-letters.contract.ts';
import { webhookQueueContract } from './webhook-queue.contract.ts';

const APP = 'app-1';
const NODE = {
  nodeId: 'node-1',
  safeUntil: Number.POSITIVE_INFINITY,
  live: () => ['node-1'],
  onChange: () => undefined,
};

/** Three channels of one shard. */
function neighbours(): [string, string, string] {
  const names = Array.from({ length: 1000 }, (_, n) => `channel-${n}`);
  const [a = '', b = '', c = ''] = names.filter((name) => shardOf(APP, name) === 7);
  return [a, b, c];
}

describe.each([
  ['a single Redis', startSingleRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)('on %s', (_, start) => {
  let redis: RedisUnderTest;
  let connections: RedisConnections | undefined;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.stop());
  afterEach(() => connections?.close());

  async function node(endpoints: EndpointDirectory, settings: object) {
    // A test of a contract may start another: it must find nothing of the one before.
    connections?.close();
    await redis.flush();
    connections = await connectRedis({ url: redis.url });
    const clock = new FakeClock();
    const settling = new SettlingRedis(connections, clock);
    await settling.setTime();
    const webhooks = redisWebhooks(
      webhookSettings(settings),
      {
        redis: settling,
        membership: NODE,
        endpoints,
        ids: randomIds(),
        clock,
        counters: new Counters(),
        log: new OccasionalLog(clock, silentLogger),
        logger: silentLogger,
      },
      settling.scripts,
    );
    return { ...webhooks, settling };
  }

  describe('SharedWebhookQueue', () => {
    webhookQueueContract(async (endpoints, settings) => {
      const { queue, deadLetters, settling } = await node(endpoints, settings);
      const buried: Undelivered[] = [];
      const all = { appId: undefined, endpoint: undefined, limit: 1000, cursor: undefined };
      return {
        queue,
        channels: neighbours(),
        buried: () => buried,
        advance: async (ms) => {
          await settling.advance(ms);
          const { letters } = await deadLetters.list(all);
          buried.splice(0, buried.length, ...letters);
        },
      };
    });
  });

  describe('RedisDeadLetters', () => {
    deadLettersContract(async (limit) => {
      const { deadLetters } = await node(new EndpointDirectory([]), {
        deadLetterLimit: limit,
        deadLetterBytes: 1_000_000,
      });
      return deadLetters;
    });
  });
});
