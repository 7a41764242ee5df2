/** A replica takes over from a master that is gone: nodes follow the new one, and go on where they were. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { dataOf } from '../support/raw-client.ts';
import { type FailingRedis, startFailingCluster, startSentinelRedis } from '../support/redis.ts';
import { enter, expectUsers, reported, useCluster } from './cluster-support.ts';

/** Milliseconds in which presence is true again after a failover: docs/clustering.md. */
const PROMISED_MS = 10_000;

const ROOM = 'presence-room';

describe.each([
  ['a Sentinel', startSentinelRedis],
  ['a Redis Cluster', startFailingCluster],
] as const)('when %s has promoted a replica', (_, start) => {
  let redis: FailingRedis;
  beforeAll(async () => {
    redis = await start();
  }, 60_000);
  afterAll(() => redis?.stop());

  const cluster = useCluster(2, () => ({ url: redis.url }));

  it('members stay, events reach all, and who leaves afterwards is reported once', {
    timeout: 60_000,
  }, async () => {
    const [one, two] = cluster.nodes as [ClusterNode, ClusterNode];
    const [stays, goes] = [await cluster.client(one), await cluster.client(two)];
    await enter(stays, ROOM, 'stays');
    await enter(goes, ROOM, 'goes');
    await stays.next((frame) => frame.event.endsWith('member_added'));
    await cluster.receiver.when(() => reported(cluster.receiver, ROOM).includes('member_added goes'));
    await redis.failover();
    await stays.barrier();
    // A node that takes an event receives again. What was published before it did is missing there.
    for (const node of cluster.nodes) {
      await eventually(async () => expect((await trigger(node, ROOM, 'again', 'x')).status).toBe(200));
    }
    for (const node of cluster.nodes) {
      expect((await trigger(node, ROOM, `from-${node.port}`, 'x')).status).toBe(200);
      for (const client of [stays, goes]) await client.next(`from-${node.port}`);
    }
    await expectUsers(cluster.nodes, ROOM, ['goes', 'stays'], PROMISED_MS);
    expect(stays.takeAll().filter(({ event }) => event.includes('member'))).toEqual([]);
    await goes.close();
    expect(dataOf(await stays.next((frame) => frame.event.endsWith('member_removed')))).toEqual({
      user_id: 'goes',
    });
    await stays.close();
    await cluster.receiver.when(() => reported(cluster.receiver, ROOM).includes('channel_vacated'));
    expect(reported(cluster.receiver, ROOM)).toEqual([
      'channel_occupied',
      'member_added stays',
      'member_added goes',
      'member_removed goes',
      'member_removed stays',
      'channel_vacated',
    ]);
  });
});
