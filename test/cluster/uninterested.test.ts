/** A node does nothing for channels that no client of its own subscribes to: counted in what Redis hands it. */
import { expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { TestServer } from '../support/server.ts';
import { useCluster, useRedis } from './cluster-support.ts';

const redis = useRedis();
const cluster = useCluster(3, () => ({ port: redis().port }));

const [MESSAGES, DATA] = [200, 'x'.repeat(2000)];

/** Bytes that Redis hands out while a channel's messages pass, in messages. */
async function messagesHandedOut(channel: string, by: TestServer): Promise<number> {
  const sent = async (): Promise<number> =>
    Number(/total_net_output_bytes:(\d+)/.exec(await redis().client.info('stats'))?.[1]);
  const before = await sent();
  for (let n = 0; n < MESSAGES; n += 1) expect((await trigger(by, channel, 'e', DATA)).status).toBe(200);
  return ((await sent()) - before) / MESSAGES / DATA.length;
}

it('a node without subscribers is handed none of a channel’s messages, and one with many each once', async () => {
  const [one, two, three] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const [reader, beside, other] = [
    await cluster.client(one),
    await cluster.client(one),
    await cluster.client(three),
  ];
  await reader.subscribe('busy');
  await beside.subscribe('busy');
  await other.subscribe('quiet');
  // A little is answers, pings and leases.
  const some = await messagesHandedOut('busy', two);
  expect(some).toBeGreaterThan(1);
  expect(some).toBeLessThan(1.5);
  for (const client of [reader, beside]) for (let n = 0; n < MESSAGES; n += 1) await client.next('e');
  expect(await messagesHandedOut('nobodys', two)).toBeLessThan(0.5);
  await other.subscribe('busy');
  const more = await messagesHandedOut('busy', two);
  expect(more).toBeGreaterThan(2);
  expect(more).toBeLessThan(2.5);
});

it('a node whose last subscriber has left receives no more of it after a moment', async () => {
  const [one, two] = cluster.nodes;
  if (!one || !two) throw new Error('three nodes were started');
  const reader = await cluster.client(one);
  await reader.subscribe('left');
  const followers = async (): Promise<number> => {
    const topics = (await redis().client.pubsub('CHANNELS', '*:t:*left')) as string[];
    return topics.length;
  };
  expect(await followers()).toBe(1);
  reader.send({ event: 'pusher:unsubscribe', data: { channel: 'left' } });
  await reader.barrier();
  await eventually(async () => expect(await followers()).toBe(0));
  expect((await api(two, 'GET', '/channels/left')).json()).toEqual({ occupied: false });
});
