/** Presence of a cluster in what may happen to its nodes and its Redis: true again within seconds, each end told once. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { PresenceNode } from '../support/presence-cluster.ts';
import {
  APP,
  join,
  members,
  pause,
  ROOM,
  reported,
  told,
  usePresenceRoom,
} from '../support/presence-room.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const room = usePresenceRoom();

const keysLeft = async (): Promise<string[]> =>
  (await room.redis.client.keys('*'))
    .filter((key) => !/:(leases|swept|gone:.*|webhooks|told:.*|progress)$/.test(key))
    .sort();

describe('the same user in the same instant', () => {
  it('added by two nodes, and removed by both, makes exactly one transition each, a thousand times', async () => {
    const [one, two] = [await room.start(), await room.start()];
    const rounds = 1000;
    for (let round = 0; round < rounds; round += 1) {
      const results = await Promise.all([join(one, `u${round}`), join(two, `u${round}`)]);
      expect(results.filter((result) => result.joined && result.added)).toHaveLength(1);
      await Promise.all([one, two].map((node) => node.presence.leave(APP, ROOM, `u${round}`)));
    }
    const counts = new Map<string, number>();
    for (const event of await reported(one)) {
      const [kind = ''] = event.split(' ');
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({
      channel_occupied: rounds,
      member_added: rounds,
      member_removed: rounds,
      channel_vacated: rounds,
    });
    expect(await keysLeft()).toEqual([]);
  });

  it('signed in and out by two nodes is told online and offline once each time', async () => {
    const [one, two] = [await room.start(), await room.start()];
    await one.broker.follow(APP, '!watch-7');
    for (let round = 0; round < 200; round += 1) {
      await Promise.all([one, two].map((node) => node.presence.signedIn(APP, '7')));
      await Promise.all([one, two].map((node) => node.presence.signedOut(APP, '7')));
    }
    await eventually(() => expect(one.delivered).toHaveLength(400));
    const names = one.delivered.map(({ frame }) => (frame.includes('online') ? 'online' : 'offline'));
    expect(names).toEqual(Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 'online' : 'offline')));
  });
});

describe('rosters', () => {
  it('of all nodes are the same when many come and go at once, with no gap and no double', async () => {
    const all = [await room.start(), await room.start(), await room.start()];
    const rosters = await Promise.all(all.map((node, at) => join(node, `stays-${at}`)));
    const moves = all.map(async (node, at) => {
      for (let round = 0; round < 100; round += 1) {
        await join(node, `guest-${at}-${round}`);
        if (round % 2 === 0) await node.presence.leave(APP, ROOM, `guest-${at}-${round}`);
      }
    });
    await Promise.all(moves);
    const expected = await members(all[0] as PresenceNode);
    expect(expected).toHaveLength(3 + 150);
    await eventually(() => {
      for (const result of rosters) {
        expect(result.joined && [...result.roster.ids()].sort()).toEqual(expected);
      }
    });
    for (const node of all) {
      const added = told(node, 'member_added').filter((user) => user.startsWith('guest'));
      expect(new Set(added).size).toBe(added.length);
      expect(added).toHaveLength(300);
      expect(told(node, 'member_removed')).toHaveLength(150);
    }
  });
});

describe('a node that dies', () => {
  it('is swept: its members, counts and users are gone, each told once', async () => {
    const [dead, alive, third] = [await room.start(), await room.start(), await room.start()];
    await third.broker.follow(APP, '!watch-only');
    await Promise.all([join(dead, 'only'), join(dead, 'both'), join(alive, 'both'), join(dead, 'other')]);
    await dead.presence.subscribed(APP, ROOM, 3);
    await dead.presence.subscribed(APP, 'news', 2);
    await dead.presence.signedIn(APP, 'only');
    dead.crash();
    await eventually(async () => expect(await members(alive)).toEqual(['both']));
    await eventually(async () =>
      expect(await alive.presence.channel(APP, 'news')).toEqual({ subscriptions: 0, users: 0 }),
    );
    await eventually(async () => expect(await alive.presence.online(APP, ['only'])).toEqual([]));
    await eventually(() => expect(told(alive, 'member_removed').sort()).toEqual(['only', 'other']));
    expect(third.delivered.map(({ frame }) => frame).join()).toContain('offline');
    await alive.presence.leave(APP, ROOM, 'both');
    await eventually(async () => expect(await keysLeft()).toEqual([]));
    expect((await reported(alive)).filter((event) => /removed|vacated/.test(event)).sort()).toEqual([
      'channel_vacated news',
      `channel_vacated ${ROOM}`,
      'member_removed both',
      'member_removed only',
      'member_removed other',
    ]);
  });

  it('holds nobody up: joins and leaves elsewhere go on meanwhile', async () => {
    const [dead, alive] = [await room.start(), await room.start()];
    await join(dead, 'gone');
    dead.crash();
    for (let round = 0; round < 20; round += 1) {
      await join(alive, `u${round}`);
      await alive.presence.leave(APP, ROOM, `u${round}`);
    }
    await eventually(async () => expect(await members(alive)).toEqual([]));
  });
});

describe('a node that goes cleanly', () => {
  it('takes what it contributed with it at once', async () => {
    const [going, staying] = [await room.start(), await room.start()];
    await join(going, '7');
    await going.presence.signedIn(APP, '7');
    await going.presence.subscribed(APP, ROOM, 1);
    await going.withdraw();
    expect(await members(staying)).toEqual([]);
    expect(await staying.presence.online(APP, ['7'])).toEqual([]);
    expect(await keysLeft()).toEqual([]);
  });

  it('keeps those who are on their way to another node: they were never gone', async () => {
    const [going, staying] = [await room.start(), await room.start()];
    await join(going, '7');
    await join(staying, 'witness');
    staying.delivered.length = 0;
    going.handOver();
    going.presence.leave(APP, ROOM, '7');
    await join(staying, '7');
    await going.withdraw();
    expect(await members(staying)).toEqual(['7', 'witness']);
    expect(staying.delivered).toEqual([]);
    expect((await reported(staying)).filter((event) => event.includes('removed'))).toEqual([]);
  });
});

describe('a node that was cut off for longer than its lease', () => {
  it('is swept by the others, and makes its members true again when it is back', async () => {
    const proxy = await TcpProxy.start(room.redis.port);
    try {
      const cutOff = await room.start(`redis://127.0.0.1:${proxy.port}`);
      const alive = await room.start();
      const [cut] = await Promise.all([join(cutOff, 'cut'), join(cutOff, 'leaves'), join(alive, 'stays')]);
      await cutOff.presence.subscribed(APP, 'news', 1);
      proxy.refuse();
      await eventually(async () => expect(await members(alive)).toEqual(['stays']));
      // Meanwhile one of its clients goes: nobody can be told, and nobody has to be.
      await cutOff.presence.leave(APP, ROOM, 'leaves');
      proxy.resume();
      await eventually(async () => expect(await members(alive)).toEqual(['cut', 'stays']));
      // Of those that are its own it doesn't believe that they went.
      await eventually(() => expect(told(cutOff, 'member_removed')).toEqual(['leaves']));
      expect(cut.joined && [...cut.roster.ids()].sort()).toEqual(['cut', 'stays']);
      await eventually(async () =>
        expect(await alive.presence.channel(APP, 'news')).toEqual({ subscriptions: 1, users: 0 }),
      );
      expect((await reported(alive)).filter((event) => event.includes('removed')).sort()).toEqual([
        'member_removed cut',
        'member_removed leaves',
      ]);
      await cutOff.presence.leave(APP, ROOM, 'cut');
      await alive.presence.leave(APP, ROOM, 'stays');
      await cutOff.presence.subscribed(APP, 'news', 0);
      await eventually(async () => expect(await keysLeft()).toEqual([]));
    } finally {
      room.crashAll();
      await proxy.stop();
    }
  });

  it('learns what it missed, when it was away for less than that', async () => {
    const proxy = await TcpProxy.start(room.redis.port);
    try {
      const cutOff = await room.start(`redis://127.0.0.1:${proxy.port}`);
      const alive = await room.start();
      const first = await join(cutOff, 'first');
      await join(alive, 'goes');
      await eventually(() => expect(told(cutOff, 'member_added')).toEqual(['goes']));
      proxy.refuse();
      await alive.presence.leave(APP, ROOM, 'goes');
      await join(alive, 'comes');
      proxy.resume();
      await eventually(() => expect(first.joined && first.roster.ids()).toEqual(['first', 'comes']));
      expect(told(cutOff, 'member_removed')).toEqual(['goes']);
      expect(told(cutOff, 'member_added')).toEqual(['goes', 'comes']);
    } finally {
      room.crashAll();
      await proxy.stop();
    }
  });
});

describe('a Redis that comes back empty', () => {
  it('is told everything again, and clients notice nothing', async () => {
    const [one, two] = [await room.start(), await room.start()];
    const rosters = [await join(one, 'a'), await join(two, 'b')];
    await one.presence.subscribed(APP, 'news', 2);
    await two.presence.subscribed(APP, 'news', 3);
    await two.presence.signedIn(APP, 'b');
    await eventually(() => expect(told(one, 'member_added')).toEqual(['b']));
    await room.redis.kill();
    await room.redis.restart();
    await eventually(async () => expect(await members(one)).toEqual(['a', 'b']));
    await eventually(async () =>
      expect(await one.presence.channel(APP, 'news')).toEqual({ subscriptions: 5, users: 0 }),
    );
    await eventually(async () => expect(await one.presence.online(APP, ['b'])).toEqual(['b']));
    // Longer than all that could still come of it.
    await pause(6000);
    expect(rosters.map((result) => result.joined && [...result.roster.ids()].sort())).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    for (const node of [one, two]) expect(told(node, 'member_removed')).toEqual([]);
    expect(told(one, 'member_added')).toEqual(['b']);
    expect(await reported(one)).toEqual([]);
    await one.presence.leave(APP, ROOM, 'a');
    await two.presence.leave(APP, ROOM, 'b');
    await one.presence.subscribed(APP, 'news', 0);
    await two.presence.subscribed(APP, 'news', 0);
    await two.presence.signedOut(APP, 'b');
    await eventually(async () => expect(await keysLeft()).toEqual([]));
  });

  it('has nothing twice of what was contributed before anybody noticed', async () => {
    const one = await room.start();
    await room.redis.client.flushall();
    await join(one, 'early');
    await one.presence.subscribed(APP, 'news', 1);
    const nodesIn = async (): Promise<number> =>
      new Set((await room.redis.client.keys('*:node:*')).map((key) => key.split(':').at(-1))).size;
    await eventually(async () => {
      expect(await room.redis.client.zcard('carillon:{nodes}:leases')).toBe(1);
      expect(await nodesIn()).toBe(1);
    });
    await one.presence.leave(APP, ROOM, 'early');
    await one.presence.subscribed(APP, 'news', 0);
    await eventually(async () => expect(await keysLeft()).toEqual([]));
    expect((await reported(one)).filter((event) => /removed|vacated/.test(event)).sort()).toEqual([
      'channel_vacated news',
      `channel_vacated ${ROOM}`,
      'member_removed early',
    ]);
  });

  it('hears of those who go before anybody noticed, and doubles nothing that others know', async () => {
    const [one, two] = [await room.start(), await room.start()];
    await Promise.all([join(one, 'goes'), join(two, 'stays')]);
    await Promise.all([one, two].map((node) => node.presence.subscribed(APP, ROOM, 1)));
    await one.presence.subscribed(APP, 'news', 1);
    await one.presence.signedIn(APP, 'goes');
    await room.redis.client.flushall();
    await Promise.all([
      one.presence.leave(APP, ROOM, 'goes'),
      one.presence.subscribed(APP, ROOM, 0),
      one.presence.signedOut(APP, 'goes'),
      one.presence.subscribed(APP, 'news', 2),
      two.presence.subscribed(APP, ROOM, 2),
    ]);
    await eventually(async () => {
      expect(await members(two)).toEqual(['stays']);
      expect(await two.presence.channel(APP, 'news')).toEqual({ subscriptions: 2, users: 0 });
      expect(await two.presence.channel(APP, ROOM)).toEqual({ subscriptions: 2, users: 1 });
    });
    await eventually(() => expect(told(two, 'member_removed')).toEqual(['goes']));
    await one.presence.subscribed(APP, 'news', 0);
    await eventually(async () =>
      expect((await reported(two)).filter((event) => !event.includes('subscription_count'))).toEqual(
        expect.arrayContaining(['member_removed goes', 'channel_vacated news']),
      ),
    );
    expect((await reported(two)).filter((event) => event.includes('occupied'))).toEqual([]);
  });

  it('those who went in the meantime are reported as gone, once', async () => {
    const [one, two] = [await room.start(), await room.start()];
    await Promise.all([join(one, 'goes'), join(two, 'stays'), join(one, 'both'), join(two, 'both')]);
    await one.presence.subscribed(APP, 'news', 1);
    await room.redis.kill();
    await Promise.all([
      one.presence.leave(APP, ROOM, 'goes'),
      one.presence.leave(APP, ROOM, 'both'),
      one.presence.subscribed(APP, 'news', 0),
    ]);
    await room.redis.restart();
    await eventually(async () => expect(await members(two)).toEqual(['both', 'stays']));
    await eventually(async () =>
      expect((await reported(two)).sort()).toEqual([
        'channel_vacated news',
        'member_removed goes',
        'subscription_count news',
      ]),
    );
    await eventually(() => expect(told(two, 'member_removed')).toEqual(['goes']));
  });
});
