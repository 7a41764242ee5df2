/** Nodes that are told to stop: their clients find others, and nobody is seen to go, nor any webhook lost. */
import { describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { dataOf } from '../support/raw-client.ts';
import { Pages } from './chaos/pages.ts';
import { enter, expectUsers, reported, useCluster, useRedis } from './cluster-support.ts';

const redis = useRedis();
const cluster = useCluster(3, () => ({ port: redis().port }), {
  CARILLON_WEBHOOKS_GRACE_MS: '3000',
  CARILLON_WEBHOOKS_BATCH_MS: '10',
  CARILLON_DRAIN_SECONDS: '2',
});

const ROOM = 'presence-c0';

describe('a rolling restart under load', () => {
  it('with pages of pusher-js shows nobody leaving, and loses no webhook', { timeout: 90_000 }, async () => {
    const out = new Set<ClusterNode>();
    let turn = 0;
    const pages = await Pages.open(9, () => {
      const well = cluster.nodes.filter((node) => !out.has(node));
      turn += 1;
      return well[turn % well.length];
    });
    const everybody = Array.from({ length: 9 }, (_, n) => `page${n}`);
    const truth = (users: string[]) => ({
      counts: new Map(),
      members: new Map([[ROOM, users]]),
      online: new Set<string>(),
    });
    try {
      await eventually(() => pages.expect(truth(everybody)));
      const flaps = pages.recordFlaps();
      let published = 0;
      let stopped = false;
      // One who comes to a node that has just been told to stop is sent away.
      const visit = async (node: ClusterNode, channel: string): Promise<void> => {
        const guest = await cluster.client(node);
        await guest.subscribe(channel);
        guest.socket.close();
      };
      const load = (async () => {
        while (!stopped) {
          const node = cluster.nodes.find((one) => !out.has(one));
          published += 1;
          if (node !== undefined) {
            await trigger(node, `cache-load-${published}`, 'e', 'x');
            await visit(node, `guest-${published}`).catch(() => undefined);
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      })();
      for (const node of cluster.nodes) {
        out.add(node);
        expect(await node.terminate()).toBe(0);
        await node.restart();
        out.delete(node);
      }
      stopped = true;
      await load;
      await eventually(() => pages.expect(truth(everybody)));
      await expectUsers(cluster.nodes, ROOM, everybody);
      expect(flaps).toEqual([]);
      // What was occupied is vacated, once each, though every node was stopped in between.
      await eventually(() => {
        const guests = cluster.receiver.events.filter(({ channel }) => channel.startsWith('guest-'));
        for (const channel of new Set(guests.map((event) => event.channel))) {
          expect(reported(cluster.receiver, channel)).toEqual(['channel_occupied', 'channel_vacated']);
        }
        expect(guests.length).toBeGreaterThan(0);
      });
      const changes = reported(cluster.receiver, ROOM);
      expect(changes.filter((event) => event.startsWith('member_removed'))).toEqual([]);
      expect(changes.filter((event) => event.startsWith('member_added'))).toHaveLength(9);
    } finally {
      pages.close();
    }
    await eventually(() => expect(reported(cluster.receiver, ROOM)).toContain('channel_vacated'));
  });
});

describe('a node that is told to stop', () => {
  it('asks its clients to come back, and is gone at once with what those who stay away held', async () => {
    const [first, second, stopping] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    const room = 'presence-stop';
    const stays = await cluster.client(first);
    const [moves, goes] = [await cluster.client(stopping), await cluster.client(stopping)];
    await enter(stays, room, 'stays');
    await enter(moves, room, 'moves');
    await enter(goes, room, 'goes');
    const exited = stopping.terminate();
    expect((await moves.closed).code).toBe(4200);
    expect((await goes.closed).code).toBe(4200);
    const moved = await cluster.client(second);
    expect(await enter(moved, room, 'moves')).toContain('goes');
    expect(await exited).toBe(0);
    const removed = await stays.next((frame) => frame.event.endsWith('member_removed'));
    expect(dataOf(removed)).toMatchObject({ user_id: 'goes' });
    await expectUsers([first, second], room, ['moves', 'stays']);
    await cluster.receiver.when(() => reported(cluster.receiver, room).includes('member_removed goes'));
    expect(reported(cluster.receiver, room).filter((event) => event.endsWith('moves'))).toEqual([
      'member_added moves',
    ]);
    expect((await api(first, 'GET', `/channels/${room}`)).json()).toMatchObject({ occupied: true });
  });
});
