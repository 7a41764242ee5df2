/** Presence of a cluster where two things happen at once: returns while a node goes, losses while others are away. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type PresenceNode, webhooksIn } from '../support/presence-cluster.ts';
import { APP, join, pause, ROOM, usePresenceRoom } from '../support/presence-room.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const room = usePresenceRoom();

const frames = (node: PresenceNode): string => node.delivered.map(({ frame }) => frame).join('\n');

describe('a node that sends its clients away', () => {
  it('keeps what those who are still there have left and taken up again', async () => {
    const [going, staying] = [await room.start(), await room.start()];
    await join(going, '7');
    await going.presence.subscribed(APP, ROOM, 1);
    await going.presence.signedIn(APP, '7');
    going.handOver();
    await Promise.all([
      going.presence.leave(APP, ROOM, '7'),
      going.presence.subscribed(APP, ROOM, 0),
      going.presence.signedOut(APP, '7'),
    ]);
    await Promise.all([
      join(going, '7'),
      going.presence.subscribed(APP, ROOM, 1),
      going.presence.signedIn(APP, '7'),
    ]);
    // Longer than anything is kept.
    await pause(2500);
    expect(await staying.presence.channel(APP, ROOM)).toEqual({ subscriptions: 1, users: 1 });
    expect(await staying.presence.online(APP, ['7'])).toEqual(['7']);
    await going.withdraw();
    expect(await staying.presence.channel(APP, ROOM)).toEqual({ subscriptions: 0, users: 0 });
  });

  it('leaves no trace of those that went long ago in good order', async () => {
    const going = await room.start();
    await room.redis.client.zadd('carillon:{nodes}:swept', 1, 'long-gone');
    await going.withdraw();
    expect(await room.redis.client.zscore('carillon:{nodes}:swept', 'long-gone')).toBeNull();
  });
});

describe('a Redis that comes back empty', () => {
  it('tells of nobody as gone whom a node that is not back yet still has', async () => {
    const proxy = await TcpProxy.start(room.redis.port);
    try {
      const [one, late] = [await room.start(), await room.start(`redis://127.0.0.1:${proxy.port}`)];
      await Promise.all([join(one, 'both'), join(one, 'stays')]);
      await join(late, 'both');
      await room.redis.kill();
      await one.presence.leave(APP, ROOM, 'both');
      proxy.refuse();
      await room.redis.restart();
      await eventually(async () => expect(await one.presence.members(APP, ROOM)).toContain('both'));
      // Two renewals of a lease later.
      await pause(2000);
      expect(await one.presence.members(APP, ROOM)).toContain('both');
      proxy.resume();
      await pause(6000);
      expect(await one.presence.members(APP, ROOM)).toEqual(['both', 'stays']);
      expect(frames(one)).not.toContain('member_removed');
      expect((await webhooksIn(one)).map(({ name }) => name)).not.toContain('member_removed');
    } finally {
      room.crashAll();
      await proxy.stop();
    }
  });
});

describe('a Redis that has lost its last changes', () => {
  it('is followed from there: who comes then is told', async () => {
    const [one, two] = [await room.start(), await room.start()];
    const first = await join(one, 'first');
    await join(two, 'guest');
    await two.presence.leave(APP, ROOM, 'guest');
    await eventually(() => expect(frames(one)).toContain('member_removed'));
    const [members] = await room.redis.client.keys('*:members:*');
    // As a replica has it that was promoted without them.
    await room.redis.client.hincrby(members ?? '', 'v', -2);
    await room.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await room.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => join(two, 'next'));
    await eventually(() => expect(first.joined && first.roster.ids()).toEqual(['first', 'next']));
    const own = await join(one, 'own');
    expect(own.joined && own.roster.ids()).toContain('own');
  });
});

describe('many who join at once', () => {
  it('are given the roster that one of them brought', async () => {
    const [one, two] = [await room.start(), await room.start()];
    await join(two, 'first');
    await room.redis.client.config('RESETSTAT');
    const users = Array.from({ length: 300 }, (_, n) => `u${n}`);
    const results = await Promise.all(users.map((user) => join(one, user)));
    for (const result of results) {
      expect(result.joined && [...result.roster.ids()].sort()).toEqual(['first', ...users].sort());
    }
    const stats = String(await room.redis.client.call('INFO', 'commandstats'));
    expect(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
  });

  it('are given one all the same when whoever was to bring it finds no room', async () => {
    const [one, two] = [await room.start(), await room.start()];
    await Promise.all([join(two, 'a'), join(two, 'b')]);
    const outsider = one.presence.join(APP, ROOM, { userId: 'c', userInfo: undefined }, '1.1', 2);
    const member = one.presence.join(APP, ROOM, { userId: 'a', userInfo: undefined }, '1.2', 2);
    expect(await outsider).toEqual({ joined: false });
    const joined = await member;
    expect(joined.joined && [...joined.roster.ids()].sort()).toEqual(['a', 'b']);
  });
});
