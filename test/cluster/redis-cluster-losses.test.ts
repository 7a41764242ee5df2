/** One master of a Redis Cluster loses what it has: the others don't know of it, and the nodes make up for it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RedisKeys } from '../../server/redis/keys.ts';
import { eventually } from '../support/eventually.ts';
import { type PresenceNode, presenceNode } from '../support/presence-cluster.ts';
import { APP, join, members, reported, told } from '../support/presence-room.ts';
import { type RedisClusterUnderTest, startRedisCluster, startReplica } from '../support/redis.ts';
import type { RedisProcess } from '../support/redis-process.ts';

const keys = new RedisKeys('carillon:');
let redis: RedisClusterUnderTest;
let replica: RedisProcess | undefined;
let nodes: PresenceNode[];

beforeEach(async () => {
  redis = await startRedisCluster();
  nodes = [];
}, 60_000);
afterEach(async () => {
  for (const node of nodes) node.crash();
  await replica?.stop();
  replica = undefined;
  await redis.stop();
});

async function start(): Promise<PresenceNode> {
  const node = await presenceNode(redis.url);
  nodes.push(node);
  return node;
}

/** The master that knows which nodes there are. */
const nodesMaster = (): RedisProcess => redis.masterOf(keys.leases());

/** A channel whose keys are on another master than that one. */
function channelElsewhere(prefix: string): string {
  const names = Array.from({ length: 100 }, (_, n) => `${prefix}${n}`);
  const found = names.find((name) => redis.masterOf(keys.subscriptions(APP, name)) !== nodesMaster());
  if (found === undefined) throw new Error('all names are on one master');
  return found;
}

it('a node that dies while the master that knows the nodes is emptied is swept from the other masters', async () => {
  const [one, dead] = [await start(), await start()];
  const [room, news] = [channelElsewhere('presence-'), channelElsewhere('news-')];
  await one.broker.follow(APP, room);
  await Promise.all([join(one, 'stays', room), join(dead, 'gone', room), join(dead, 'stays', room)]);
  await dead.presence.subscribed(APP, news, 1);
  dead.crash();
  await nodesMaster().client.flushall();
  await eventually(async () => expect(await members(one, room)).toEqual(['stays']));
  await eventually(async () => {
    const ends = (await reported(one)).filter((event) => /removed|vacated/.test(event)).sort();
    expect(ends).toEqual([`channel_vacated ${news}`, 'member_removed gone']);
  });
  await eventually(() => expect(told(one, 'member_removed')).toEqual(['gone']));
  await eventually(async () => {
    const left = await Promise.all(redis.servers.map(({ client }) => client.keys('*:node:*')));
    // Of the one that lives.
    const owners = left.flat().map((key) => key.slice(key.lastIndexOf(':') + 1));
    expect(new Set(owners).size).toBe(1);
  });
});

it('after a failover what the new master lacks is put back, also where nothing is received from it', {
  timeout: 60_000,
}, async () => {
  const news = channelElsewhere('news-');
  const failing = redis.masterOf(keys.subscriptions(APP, news));
  replica = await startReplica(redis, failing);
  const one = await start();
  await one.presence.subscribed(APP, news, 2);
  // Nobody notices this.
  await failing.client.flushall();
  await failing.client.wait(1, 10_000);
  await failing.kill();
  await eventually(async () =>
    expect(await one.presence.channel(APP, news)).toEqual({ subscriptions: 2, users: 0 }),
  );
});
