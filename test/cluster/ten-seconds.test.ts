/**
 * Whatever befalls a node or Redis, presence and occupancy are true again within ten seconds, with the leases that nodes
 * have unless told otherwise: a promise of docs/clustering.md, which has the sum. (Failovers: `failover.test.ts`.)
 */
import { expect, it } from 'vitest';
import { api } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { TestServer } from '../support/server.ts';
import { enter, expectUsers, useCluster, useRedis } from './cluster-support.ts';

const PROMISED_MS = 10_000;
const redis = useRedis();
const cluster = useCluster(3, () => ({ port: redis().port }), {});

/** What a node says of a channel: who is in it, and how many subscribe. */
async function stateAt(node: TestServer, room: string): Promise<unknown> {
  const { users } = (await api(node, 'GET', `/channels/${room}/users`)).json() as { users: { id: string }[] };
  const info = { query: { info: 'subscription_count' } };
  return [users.map(({ id }) => id).sort(), (await api(node, 'GET', `/channels/${room}`, info)).json()];
}

const truth = (...users: string[]): unknown => [users, { occupied: true, subscription_count: users.length }];

it.each(['killed', 'asleep', 'cut off', 'asked to stop'] as const)('a node that is %s', async (fate) => {
  const [first, second, victim] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const room = `presence-${fate.replaceAll(' ', '-')}`;
  const [stays, gone, reader] = [
    await cluster.client(first),
    await cluster.client(victim),
    await cluster.client(victim),
  ];
  await enter(stays, room, 'stays');
  await enter(gone, room, 'gone');
  await reader.subscribe(`news-${fate.replaceAll(' ', '-')}`);
  await expectUsers(cluster.nodes, room, ['gone', 'stays']);
  if (fate === 'killed') await victim.kill();
  else if (fate === 'asleep') victim.pause();
  else if (fate === 'cut off') victim.cutOff();
  else void victim.terminate();
  await eventually(async () => {
    for (const node of [first, second]) {
      expect(await stateAt(node, room)).toEqual(truth('stays'));
      const { channels } = (await api(node, 'GET', '/channels')).json() as { channels: object };
      expect(Object.keys(channels)).toEqual([room]);
    }
  }, PROMISED_MS);
  await stays.close();
});

it('a Redis that is killed, and empty when it is back', async () => {
  const room = 'presence-empty';
  for (const [at, node] of cluster.nodes.entries()) await enter(await cluster.client(node), room, `u${at}`);
  await redis().kill();
  await redis().restart();
  await eventually(async () => {
    for (const node of cluster.nodes) expect(await stateAt(node, room)).toEqual(truth('u0', 'u1', 'u2'));
  }, PROMISED_MS);
});
