/** The presence store over a real Redis keeps its port's promises, on a single server and on a Cluster. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type PresenceNode, presenceNode, webhooksIn } from '../support/presence-cluster.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { presenceStoreContract } from './presence-store.contract.ts';

describe.each([
  ['a single server', startSingleRedis],
  ['a Cluster', startRedisCluster],
] as const)('RedisPresenceStore on %s', (_, start) => {
  let redis: RedisUnderTest;
  let nodes: PresenceNode[] = [];

  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis?.stop());
  afterEach(() => {
    for (const node of nodes) node.crash();
  });

  presenceStoreContract(async () => {
    await redis.flush();
    const node = await presenceNode(redis.url);
    // A node of its own hears all that is announced: it has no members, so nothing is old news to it.
    const observer = await presenceNode(redis.url);
    nodes = [node, observer];
    for (const app of ['app-1', 'counting-app']) {
      for (const topic of ['a', 'presence-a', '!watch-7']) {
        await Promise.all([node.broker.follow(app, topic), observer.broker.follow(app, topic)]);
      }
    }
    /** What was published before is here once a message after it is, of the same shard. */
    const settled = async (): Promise<void> => {
      for (const app of ['app-1', 'counting-app']) {
        for (const topic of ['a', 'presence-a', '!watch-7']) {
          const length = observer.delivered.length;
          await observer.redis.publish(observer.redis.keys.topic(app, topic), '\n"barrier"');
          while (observer.delivered.slice(length).every(({ frame }) => frame !== '"barrier"')) {
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
      }
    };
    return {
      store: node.presence,
      announced: async () => {
        await settled();
        return observer.delivered.filter(({ frame }) => frame !== '"barrier"');
      },
      reported: () => webhooksIn(observer),
    };
  });
});
