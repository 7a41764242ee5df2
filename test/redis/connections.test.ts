/** Connections to every kind of Redis: made, lost, and made again. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../server/lib/unavailable.ts';
import { SHARDS } from '../../server/redis/keys.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { script } from '../../server/redis/scripts.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { connectRedis } from '../support/redis-node.ts';

const open: RedisConnections[] = [];
async function connect(redis: object): Promise<RedisConnections> {
  const connections = await connectRedis(redis);
  open.push(connections);
  return connections;
}
afterEach(() => {
  for (const connections of open.splice(0)) connections.close();
});

/** Names of which each is in another shard. */
function namesOfAllShards({ keys }: RedisConnections): string[] {
  const names = new Map<string, string>();
  for (let n = 0; names.size < SHARDS; n += 1) {
    const name = `channel-${n}`;
    const [, shard = ''] = /\{(\d+)\}/.exec(keys.topic('app', name)) ?? [];
    names.set(shard, name);
  }
  return [...names.values()];
}

it('a channel that moves to another node of a Cluster is received from there', async () => {
  const redis = await startRedisCluster();
  try {
    const connections = await connect({ url: redis.url });
    const channel = connections.keys.topic('app', 'moving');
    const heard: string[] = [];
    const gaps: string[] = [];
    connections.subscriptions.onGap((channels) => gaps.push(...channels));
    await connections.subscriptions.subscribe(channel, (message) => heard.push(String(message)));
    const [first] = redis.servers;
    if (first === undefined) throw new Error('there are three servers');
    const slot = Number(await first.client.cluster('KEYSLOT', channel));
    const from = Math.floor((slot * redis.servers.length) / 16_384);
    const target = redis.servers[(from + 1) % redis.servers.length];
    const id = String(await target?.client.call('CLUSTER', 'MYID'));
    for (const server of [target, ...redis.servers]) {
      await server?.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
    }
    await eventually(async () => {
      expect(gaps).toEqual([channel]);
    });
    await connections.publish(channel, 'x');
    await eventually(() => expect(heard).toEqual(['x']));
    expect(await target?.client.call('PUBSUB', 'SHARDCHANNELS')).toEqual([channel]);
  } finally {
    await redis.stop();
  }
});

describe.each([
  ['a single Redis', startSingleRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)('%s', (_, start) => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.stop());

  it('carries messages of every shard to whoever subscribed, on this node and others', async () => {
    const [one, other] = [await connect({ url: redis.url }), await connect({ url: redis.url })];
    const heard: string[] = [];
    const names = namesOfAllShards(one);
    for (const [label, { keys, subscriptions }] of [
      ['one', one],
      ['other', other],
    ] as const) {
      await Promise.all(
        names.map((name) =>
          subscriptions.subscribe(keys.topic('app', name), (message) => heard.push(`${label} ${message}`)),
        ),
      );
    }
    await Promise.all(names.map((name) => one.publish(one.keys.topic('app', name), name)));
    await eventually(() => expect(heard).toHaveLength(2 * names.length));
    expect(new Set(heard).size).toBe(2 * names.length);
  });

  it('runs scripts on keys of every shard, also after Redis forgot them', async () => {
    const connections = await connect({ url: redis.url });
    const increment = script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    for (let shard = 0; shard < SHARDS; shard += 1) {
      expect(await connections.run(increment, [connections.keys.ofShard(shard, 'test')], [2])).toBe(2);
    }
    for (const { client } of redis.servers) await client.script('FLUSH');
    expect(await connections.run(increment, [connections.keys.ofShard(7, 'test')], [3])).toBe(5);
  });

  it('receives again after every server was restarted, and says what may have been missed', async () => {
    const connections = await connect({ url: redis.url });
    const { keys, subscriptions } = connections;
    const heard: string[] = [];
    const gaps: string[] = [];
    subscriptions.onGap((channels) => gaps.push(...channels));
    const names = namesOfAllShards(connections);
    for (const name of names) {
      await subscriptions.subscribe(keys.topic('app', name), (message) => heard.push(String(message)));
    }
    for (const server of redis.servers) await server.kill();
    await eventually(() =>
      expect(connections.publish(keys.topic('app', 'x'), '')).rejects.toBeInstanceOf(Unavailable),
    );
    for (const server of redis.servers) await server.restart();
    await eventually(() => expect(gaps).toHaveLength(names.length));
    expect(new Set(gaps)).toEqual(new Set(names.map((name) => keys.topic('app', name))));
    for (const name of names) await eventually(() => connections.publish(keys.topic('app', name), name));
    await eventually(() => expect(new Set(heard)).toEqual(new Set(names)));
  });
});
