/** Nodes that die, sleep, or lose Redis, seen by the clients and the backend of the others: whole processes, really killed. */
import { beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { joinPrivate } from '../support/joining.ts';
import { dataOf, type RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { enter, expectUsers, occupiedAt, reported, useCluster, useRedis } from './cluster-support.ts';

const redis = useRedis();
const cluster = useCluster(3, () => ({ port: redis().port }));

let first: ClusterNode;
let second: ClusterNode;
/** The one that something happens to. */
let victim: ClusterNode;
let tests = 0;
/** Channels of the test's own. */
let room: string;
let news: string;

beforeEach(() => {
  [first, second, victim] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  tests += 1;
  room = `presence-room-${tests}`;
  news = `news-${tests}`;
});

interface People {
  /** Members through one node each. */
  readonly stays: RawClient;
  readonly gone: RawClient;
  /** Subscribes to `news` through the victim. */
  readonly reader: RawClient;
  /** One user, through the victim and another node. */
  readonly both: readonly [RawClient, RawClient];
}

async function gather(): Promise<People> {
  const [stays, gone, here, there, reader] = await Promise.all(
    [first, victim, second, victim, victim].map((node) => cluster.client(node)),
  );
  if (!stays || !gone || !here || !there || !reader) throw new Error('five were asked for');
  await enter(stays, room, 'stays');
  await enter(gone, room, 'gone');
  await enter(here, room, 'both');
  await enter(there, room, 'both');
  await reader.subscribe(news);
  await expectUsers(cluster.nodes, room, ['both', 'gone', 'stays']);
  // In the order they came, so that what is left in the queues is of later.
  for (const user of ['gone', 'both']) {
    await stays.next((frame) => frame.event.endsWith('member_added') && dataOf(frame)['user_id'] === user);
  }
  await cluster.receiver.when(() => reported(cluster.receiver, news).length > 0);
  // The room is occupied, and three came.
  await cluster.receiver.when(() => reported(cluster.receiver, room).length >= 4);
  return { stays, gone, reader, both: [here, there] };
}

/** Connects and joins on the others don't wait for the one that is missing. */
async function expectFlatJoins(): Promise<void> {
  for (const node of [first, second]) {
    const client = await cluster.client(node);
    expect(await enter(client, room, 'visitor')).toContain('gone');
    await client.subscribe(news);
    await client.close();
  }
}

/** The one who stays hears of each removal once, and the backend too. */
async function expectRemovedOnce(stays: RawClient, ...users: string[]): Promise<void> {
  const heard: unknown[] = [];
  while (heard.length < users.length) {
    // Visitors come and go; one who enters while Redis is away may need more than one attempt, each with an end.
    const frame = await stays.next(
      (one) =>
        one.event.endsWith('member_removed') && !['visitor', 'late'].includes(String(dataOf(one)['user_id'])),
    );
    heard.push(dataOf(frame)['user_id']);
  }
  expect(heard.sort()).toEqual(users);
  await cluster.receiver.when(() =>
    users.every((user) => reported(cluster.receiver, room).includes(`member_removed ${user}`)),
  );
}

/** All the room's webhooks once everybody has left. */
async function finalReport(...left: RawClient[]): Promise<string[]> {
  for (const client of left) await client.close();
  await cluster.receiver.when(() => reported(cluster.receiver, room).includes('channel_vacated'));
  return reported(cluster.receiver, room).filter((event) => !event.endsWith('visitor'));
}

const count = (all: readonly string[], one: string): number => all.filter((event) => event === one).length;

describe('a node that is killed', () => {
  it('is missed by nobody: its members and channels are gone once each, and the others serve on meanwhile', async () => {
    const { stays, both } = await gather();
    await victim.kill();
    await expectFlatJoins();
    await expectUsers([first, second], room, ['both', 'stays']);
    await eventually(async () => expect(await occupiedAt(first, news)).toBe(false));
    await expectRemovedOnce(stays, 'gone');
    await cluster.receiver.when(() => reported(cluster.receiver, news).includes('channel_vacated'));
    const all = await finalReport(stays, both[0]);
    for (const user of ['gone', 'both', 'stays']) expect(count(all, `member_removed ${user}`)).toBe(1);
    expect(count(all, 'channel_vacated')).toBe(1);
    expect(count(reported(cluster.receiver, news), 'channel_vacated')).toBe(
      count(reported(cluster.receiver, news), 'channel_occupied'),
    );
  });

  it('leaves webhooks that it had not sent, and another sends them without waiting for its leases to end', async () => {
    const sink = await cluster.client(first);
    cluster.receiver.answer = (response, request) => {
      // Its connection stays open, unanswered, until the end of the node.
      request.socket.on('error', () => response.destroy());
      return false;
    };
    const rooms = Array.from({ length: 40 }, (_, n) => `left-${tests}-${n}`);
    for (const one of rooms) await sink.subscribe(one);
    const asked = cluster.receiver.requests.length;
    await cluster.receiver.when(() => cluster.receiver.requests.length > asked);
    await victim.kill();
    cluster.receiver.answer = (response) => {
      response.writeHead(200).end();
      return true;
    };
    await eventually(() => {
      for (const one of rooms) expect(reported(cluster.receiver, one)).toEqual(['channel_occupied']);
    });
  });
});

describe('a node that sleeps for longer than its lease', () => {
  it('is gone for the others, and when it wakes up its clients are members again, and see who is', async () => {
    const { stays, gone, both } = await gather();
    victim.pause();
    await expectFlatJoins();
    await expectUsers([first, second], room, ['both', 'stays']);
    await expectRemovedOnce(stays, 'gone');
    await cluster.receiver.when(() => reported(cluster.receiver, news).includes('channel_vacated'));
    const late = await cluster.client(second);
    expect(await enter(late, room, 'late')).toEqual(['both', 'late', 'stays']);
    victim.wake();
    await expectUsers(cluster.nodes, room, ['both', 'gone', 'late', 'stays']);
    await eventually(async () => expect(await occupiedAt(first, news)).toBe(true));
    const back = await stays.next(
      (frame) => frame.event.endsWith('member_added') && dataOf(frame)['user_id'] === 'gone',
    );
    expect(back.channel).toBe(room);
    await gone.next((frame) => frame.event.endsWith('member_added') && dataOf(frame)['user_id'] === 'late');
    await trigger(first, room, 'hello', 'x');
    await gone.next('hello');
    // Of its own clients it knows that they never went.
    const told = gone.takeAll().filter(({ event }) => event.includes('member'));
    expect(told.filter((frame) => dataOf(frame)['user_id'] === 'gone')).toEqual([]);
    const all = await finalReport(stays, gone, ...both, late);
    expect(count(all, 'member_removed gone')).toBe(2);
    expect(count(all, 'member_added gone')).toBe(2);
    expect(count(all, 'member_removed both')).toBe(1);
  });
});

describe('a node that is cut off from Redis', () => {
  it('keeps its clients and their pongs, refuses what it cannot promise, and comes back as one that slept', async () => {
    const { stays, gone, both } = await gather();
    const talk = `private-talk-${tests}`;
    const [one, other] = [await cluster.client(victim), await cluster.client(victim)];
    for (const client of [one, other]) await joinPrivate(client, DEFAULT_APP, talk);
    victim.cutOff();
    await eventually(async () => {
      const answer = await trigger(victim, room, 'e', 'x');
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('Redis');
    });
    await gone.barrier();
    one.send({ event: 'client-x', channel: talk, data: {} });
    await other.next('client-x');
    await expectFlatJoins();
    await expectUsers([first, second], room, ['both', 'stays']);
    await expectRemovedOnce(stays, 'gone');
    const late = await cluster.client(second);
    await enter(late, room, 'late');
    victim.reconnect();
    await expectUsers(cluster.nodes, room, ['both', 'gone', 'late', 'stays']);
    await gone.next((frame) => frame.event.endsWith('member_added') && dataOf(frame)['user_id'] === 'late');
    await eventually(async () => expect((await trigger(victim, room, 'hello', 'x')).status).toBe(200));
    for (const client of [stays, gone, late]) await client.next('hello');
    const all = await finalReport(stays, gone, ...both, late);
    expect(count(all, 'member_removed gone')).toBe(2);
    expect(count(all, 'member_added gone')).toBe(2);
  });
});

describe('a Redis that is killed, and is empty when it is back', () => {
  it('is filled again by the nodes: clients stay, nobody is told of anything, and later ends are told once', async () => {
    const { stays, gone, both } = await gather();
    const already = reported(cluster.receiver, room).length;
    await redis().kill();
    await eventually(async () => expect((await trigger(first, room, 'e', 'x')).status).toBe(503));
    await stays.barrier();
    await redis().restart();
    await expectUsers(cluster.nodes, room, ['both', 'gone', 'stays']);
    await eventually(async () => expect(await occupiedAt(first, news)).toBe(true));
    for (const node of cluster.nodes) {
      await eventually(async () =>
        expect((await trigger(node, room, `from-${node.port}`, 'x')).status).toBe(200),
      );
      for (const client of [stays, gone, ...both]) await client.next(`from-${node.port}`);
    }
    expect(stays.takeAll().filter(({ event }) => event.includes('member'))).toEqual([]);
    expect(reported(cluster.receiver, room)).toHaveLength(already);
    const all = await finalReport(stays, gone, ...both);
    for (const user of ['gone', 'both', 'stays']) expect(count(all, `member_removed ${user}`)).toBe(1);
    await eventually(async () => {
      const { channels } = (await api(first, 'GET', '/channels')).json() as { channels: object };
      expect(Object.keys(channels)).toEqual([news]);
    });
  });

  it('has nothing of those who left or came while it was away wrong', async () => {
    const { stays, gone, reader, both } = await gather();
    await redis().kill();
    await gone.close();
    await reader.close();
    await both[0].close();
    const entering = eventually(async () => {
      const late = await cluster.client(second);
      await enter(late, room, 'late');
      return late;
    });
    await redis().restart();
    const late = await entering;
    await expectUsers(cluster.nodes, room, ['both', 'late', 'stays']);
    await expectRemovedOnce(stays, 'gone');
    const all = await finalReport(stays, both[1], late);
    for (const user of ['gone', 'both', 'stays']) expect(count(all, `member_removed ${user}`)).toBe(1);
    expect(count(all, 'member_removed late')).toBe(count(all, 'member_added late'));
    await eventually(async () => {
      const { client } = redis();
      const kept = await client.keys('carillon:*');
      expect(kept.filter((key) => /:(subs|members|channels|online):/.test(key))).toEqual([]);
      // A node that lives may keep the epoch of its steps, and nothing else; of an id that is over there is nothing.
      const live = await client.zrange('carillon:{nodes}:leases', '0', '-1');
      for (const key of kept.filter((one) => one.includes(':node:'))) {
        expect(live).toContain(key.slice(key.lastIndexOf(':') + 1));
        expect(await client.hkeys(key)).toEqual(['e']);
      }
    });
  });
});
