/** A Redis that comes back without its data: nothing that goes on is begun anew, and every end is told once. */
import { describe, expect, it } from 'vitest';
import type { JoinResult } from '../../server/presence/presence-store.ts';
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

async function loseData(): Promise<void> {
  await room.redis.kill();
  await room.redis.restart();
}

function expectRosters(joined: readonly JoinResult[], users: readonly string[]): void {
  for (const result of joined) expect(result.joined && [...result.roster.ids()].sort()).toEqual(users);
}

const begun = async (node: PresenceNode): Promise<string[]> =>
  (await reported(node)).filter((event) => /added|occupied/.test(event));

describe('what goes on elsewhere', () => {
  it('is not begun anew by whoever joins before all nodes have put back theirs', async () => {
    const proxy = await TcpProxy.start(room.redis.port);
    try {
      const [one, late] = [await room.start(), await room.start(`redis://127.0.0.1:${proxy.port}`)];
      await late.broker.follow(APP, '!watch-there');
      await one.broker.follow(APP, '!watch-there');
      await join(one, 'here');
      await Promise.all([join(late, 'there'), join(late, 'first', 'presence-other')]);
      await late.presence.subscribed(APP, 'news', 1);
      await late.presence.signedIn(APP, 'there');
      await eventually(() => expect(told(one, 'member_added')).toContain('there'));
      one.delivered.length = 0;
      await room.redis.kill();
      proxy.refuse();
      await eventually(() => expect(one.redis.ready).toBe(false));
      // Some ask while Redis is away, the others once it is back.
      const early = [join(one, 'there'), one.presence.subscribed(APP, 'news', 1)];
      await room.redis.restart();
      await eventually(async () => expect(await members(one)).toContain('here'));
      const later = [
        join(one, 'there', 'presence-other'),
        join(one, 'first', 'presence-other'),
        one.presence.signedIn(APP, 'there'),
      ];
      await pause(1000);
      proxy.resume();
      await Promise.all([...early, ...later]);
      expect(await members(one)).toEqual(['here', 'there']);
      expect(await members(one, 'presence-other')).toEqual(['first', 'there']);
      expect(await begun(one)).toEqual(['member_added there']);
      expect(one.delivered.filter(({ frame }) => frame.includes('offline'))).toEqual([]);
      await pause(5000);
      for (const node of [one, late]) expect(told(node, 'member_removed')).toEqual([]);
      expect(await begun(one)).toEqual(['member_added there']);
    } finally {
      room.crashAll();
      await proxy.stop();
    }
  });

  it('is seen whole by whoever joined while some of it was still missing', async () => {
    const proxy = await TcpProxy.start(room.redis.port);
    try {
      const [one, late] = [await room.start(), await room.start(`redis://127.0.0.1:${proxy.port}`)];
      const third = await room.start();
      await Promise.all([join(one, 'both'), join(late, 'there')]);
      await room.redis.kill();
      proxy.refuse();
      await room.redis.restart();
      await eventually(async () => expect(await members(one)).toEqual(['both']));
      const joined = await join(third, 'both');
      expect(joined.joined && joined.roster.ids()).toEqual(['both']);
      proxy.resume();
      await eventually(() =>
        expect(joined.joined && [...joined.roster.ids()].sort()).toEqual(['both', 'there']),
      );
      expect(told(third, 'member_added')).toContain('there');
    } finally {
      room.crashAll();
      await proxy.stop();
    }
  });

  it('keeps nobody waiting once all nodes are back, and for seconds only if one is missing', async () => {
    const [one, dead] = [await room.start(), await room.start()];
    await Promise.all([join(one, 'here'), join(dead, 'there')]);
    await loseData();
    await eventually(async () => expect(await members(one)).toEqual(['here', 'there']));
    await join(one, 'new');
    expect(await begun(one)).toEqual(['member_added new']);
    dead.crash();
    await loseData();
    await join(one, 'newer');
    expect(await begun(one)).toEqual(['member_added newer']);
  });
});

describe('a node that dies at the moment in which Redis loses its data', () => {
  it('is known by what the others saw of it: its members are removed, told and reported once', async () => {
    const [one, two, dead] = [await room.start(), await room.start(), await room.start()];
    const rosters = [await join(one, 'one'), await join(two, 'two')];
    await Promise.all([join(dead, 'gone'), join(dead, 'two')]);
    await eventually(() => expectRosters(rosters, ['gone', 'one', 'two']));
    dead.crash();
    await loseData();
    await eventually(async () => expect(await members(one)).toEqual(['one', 'two']));
    await eventually(async () => expect(await reported(one)).toEqual(['member_removed gone']));
    for (const node of [one, two]) {
      await eventually(() => expect(told(node, 'member_removed')).toEqual(['gone']));
    }
    // Longer than all that could still come of it.
    await pause(12_000);
    expect(await reported(one)).toEqual(['member_removed gone']);
    for (const node of [one, two]) expect(told(node, 'member_removed')).toEqual(['gone']);
    await Promise.all([one.presence.leave(APP, ROOM, 'one'), two.presence.leave(APP, ROOM, 'two')]);
    await eventually(async () => expect(await room.redis.client.keys('*:members:*')).toEqual([]));
    expect((await room.redis.client.keys('*:node:*')).length).toBeLessThanOrEqual(2);
  });

  it('is missed by nobody whose member comes back elsewhere meanwhile', async () => {
    const [one, two, dead] = [await room.start(), await room.start(), await room.start()];
    const rosters = [await join(one, 'one'), await join(two, 'two')];
    await join(dead, 'moves');
    await eventually(() => expectRosters(rosters, ['moves', 'one', 'two']));
    const before = [one, two].map(({ delivered }) => delivered.length);
    dead.crash();
    await loseData();
    await join(two, 'moves');
    await pause(6000);
    expect(await members(one)).toEqual(['moves', 'one', 'two']);
    expect([one, two].map(({ delivered }) => delivered.length)).toEqual(before);
    expectRosters(rosters, ['moves', 'one', 'two']);
    expect(await reported(one)).toEqual([]);
  });
});
