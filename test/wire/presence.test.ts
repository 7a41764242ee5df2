/** Presence channels: who is there, who came, who left, counted by user and not by socket. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { channelAuth } from '../support/auth.ts';
import { eventually } from '../support/eventually.ts';
import {
  expectRefused,
  memberAdded,
  memberRemoved,
  opened,
  softError,
  whole,
  wholeAll,
} from '../support/frames.ts';
import { joinPresence, signIn } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';

const server = useServer({ apps: [quietApp()] });
const clients: RawClient[] = [];
let channel = '';
let room = 0;

beforeEach(() => {
  room += 1;
  channel = `presence-room-${room}`;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await eventually(async () =>
    expect((await api(server(), 'GET', '/channels')).json()).toEqual({ channels: {} }),
  );
});

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(server());
  clients.push(client);
  return client;
}

async function member(data: string | object): Promise<RawClient> {
  const client = await connect();
  await joinPresence(client, DEFAULT_APP, channel, data);
  return client;
}

/** Sends a correctly signed subscription without waiting. */
function sendJoin(client: RawClient, channelData?: string): void {
  const auth = channelAuth(DEFAULT_APP, client.socketId, channel, channelData);
  const fields = channelData === undefined ? {} : { channel_data: channelData };
  client.send({ event: 'pusher:subscribe', data: { channel, auth, ...fields } });
}

const leave = (client: RawClient): void => client.send({ event: 'pusher:unsubscribe', data: { channel } });

async function users(): Promise<unknown> {
  return (await api(server(), 'GET', `/channels/${channel}/users`)).json();
}

const roster = (hash: Record<string, unknown>): object => {
  const ids = Object.keys(hash);
  return { presence: { count: ids.length, ids, hash } };
};

describe('the list a joiner gets', () => {
  it('holds the joiner, in exactly these bytes', async () => {
    const client = await connect();
    const frame = await joinPresence(
      client,
      DEFAULT_APP,
      channel,
      '{"user_id":"7","user_info":{"name":"A"}}',
    );
    const data = '{"presence":{"count":1,"ids":["7"],"hash":{"7":{"name":"A"}}}}';
    expect(frame.raw).toBe(
      `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":${JSON.stringify(data)}}`,
    );
    expect(await client.barrier()).toEqual([]);
  });

  it('holds everybody, with null for those without user_info', async () => {
    await member({ user_id: 'u1', user_info: { name: 'One' } });
    await member({ user_id: 'u2' });
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, { user_id: 'u3', user_info: {} });
    const { presence } = opened(frame)['data'] as {
      presence: { count: number; ids: string[]; hash: object };
    };
    expect(presence.count).toBe(3);
    expect([...presence.ids].sort()).toEqual(['u1', 'u2', 'u3']);
    expect(presence.hash).toEqual({ u1: { name: 'One' }, u2: null, u3: {} });
    expect(Object.keys(presence)).toEqual(['count', 'ids', 'hash']);
  });

  it('takes user_info null as none', async () => {
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, '{"user_id":"7","user_info":null}');
    expect(opened(frame)['data']).toEqual(roster({ '7': null }));
  });

  it('ignores other keys of channel_data', async () => {
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, {
      user_id: '7',
      name: 'x',
      user_infos: {},
    });
    expect(opened(frame)['data']).toEqual(roster({ '7': null }));
  });

  it('does not hold those who left', async () => {
    const gone = await member({ user_id: 'gone' });
    leave(gone);
    await gone.barrier();
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, { user_id: 'here' });
    expect(opened(frame)['data']).toEqual(roster({ here: null }));
  });

  it('keeps the text of user_info: unicode, escapes, nesting, numbers beyond a double', async () => {
    const info =
      '{"n":"Zoë ✓ 🔔","q":"\\"\\\\/","d":{"a":[1,{"b":null}]},"big":12345678901234567890,"f":1.0}';
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, `{"user_id":"7","user_info":${info}}`);
    expect(opened(frame)['data']).toEqual(roster({ '7': JSON.parse(info) }));
  });
});

describe('a user id', () => {
  it.each([
    ['10', '10'],
    ['0', '0'],
    ['-5', '-5'],
    ['9007199254740993', '9007199254740993'],
    ['12345678901234567890', '12345678901234567890'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['"10"', '10'],
    ['"a|b:c"', 'a|b:c'],
    ['"user@example.com"', 'user@example.com'],
    ['"6f1f0a3e-8f7b-4f6a-9a51-6a3a5c8f3c11"', '6f1f0a3e-8f7b-4f6a-9a51-6a3a5c8f3c11'],
    ['"Zoë ✓"', 'Zoë ✓'],
    ['" "', ' '],
    ['"\\u0041"', 'A'],
  ])('written %s is the string "%s" everywhere', async (literal, id) => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, `{"user_id":${literal}}`);
    const { presence } = opened(frame)['data'] as { presence: { ids: string[]; hash: object } };
    expect(presence.ids).toContain(id);
    expect(presence.hash).toHaveProperty([id]);
    const added = opened(await watcher.expectNext())['data'] as { user_id: unknown };
    expect(added.user_id).toBe(id);
    expect(await users()).toMatchObject({ users: expect.arrayContaining([{ id }]) });
    leave(client);
    expect(opened(await watcher.expectNext())).toEqual(memberRemoved(channel, id));
  });

  it.each([
    ['7', '{"user_info":{"user_id":99},"user_id":7}'],
    ['7', '{"user_id":7,"user_info":{"user_id":99}}'],
    ['7', '{"user_info":{"t":"\\"user_id\\":99"},"user_id":7}'],
    ['12345678901234567890', '{"user_info":{"user_id":99},"user_id":12345678901234567890}'],
    ['12345678901234567890', ' {"x":[{"user_id":1}], "user_id" : 12345678901234567890 }'],
    ['12345678901234567890', '{"us\\u0065r_id":12345678901234567890}'],
  ])('is %s where the top of channel_data says so: %s', async (id, data) => {
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, data);
    expect(opened(frame)['data']).toMatchObject({ presence: { count: 1, ids: [id] } });
  });

  it('is the same as number and as string', async () => {
    const watcher = await member({ user_id: 'watcher' });
    await member('{"user_id":1}');
    expect(opened(await watcher.expectNext())).toMatchObject({ data: { user_id: '1' } });
    await member('{"user_id":"1"}');
    expect(await watcher.barrier()).toEqual([]);
    expect(await users()).toEqual({ users: expect.arrayContaining([{ id: 'watcher' }, { id: '1' }]) });
  });

  it('beyond 2^53 is read as written: neighbours are two people', async () => {
    await member('{"user_id":9007199254740992}');
    await member('{"user_id":9007199254740993}');
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, '{"user_id":9007199254740994}');
    const { presence } = opened(frame)['data'] as { presence: { ids: string[] } };
    expect([...presence.ids].sort()).toEqual(['9007199254740992', '9007199254740993', '9007199254740994']);
  });

  it('may be 128 characters long and no longer', async () => {
    await member({ user_id: 'u'.repeat(128) });
    const client = await connect();
    sendJoin(client, JSON.stringify({ user_id: 'u'.repeat(129) }));
    await expectRefused(client, channel, 'LimitReached', 413);
  });
});

describe('channel_data is refused', () => {
  it.each([
    ['no JSON', 'hello'],
    ['cut JSON', '{"user_id":"7"'],
    ['an empty string', ''],
    ['null', 'null'],
    ['a string', '"7"'],
    ['a number', '7'],
    ['a list', '["7"]'],
    ['an empty object', '{}'],
    ['without user_id', '{"user_info":{"name":"A"}}'],
    ['with user_id null', '{"user_id":null}'],
    ['with user_id an empty string', '{"user_id":""}'],
    ['with user_id a boolean', '{"user_id":true}'],
    ['with user_id an object', '{"user_id":{"id":"7"}}'],
    ['with user_id a list', '{"user_id":["7"]}'],
    ['with the user_id of a prototype', '{"__proto__":{"user_id":"7"}}'],
  ])('as invalid when it is %s', async (_what, data) => {
    const client = await connect();
    sendJoin(client, data);
    await expectRefused(client, channel, 'InvalidRequest', 400);
    expect(await client.barrier()).toEqual([]);
    expect(await users()).toEqual({ users: [] });
  });

  it.each(['"A"', '1', 'true', '["A"]', '[]'])('as invalid when user_info is %s', async (info) => {
    const client = await connect();
    sendJoin(client, `{"user_id":"7","user_info":${info}}`);
    await expectRefused(
      client,
      channel,
      'InvalidRequest',
      400,
      'user_info supplied to presence subscription is invalid - if supplied it must be a type of hash',
    );
  });

  it('as too large beyond 1024 bytes of UTF-8', async () => {
    const sized = (size: number): string => {
      const empty = JSON.stringify({ user_id: '7', user_info: { t: '' } });
      const room = size - Buffer.byteLength(empty);
      return JSON.stringify({
        user_id: '7',
        user_info: { t: 'é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2) },
      });
    };
    await member(sized(1024));
    const client = await connect();
    sendJoin(client, sized(1025));
    await expectRefused(client, channel, 'LimitReached', 413);
  });

  it('and leaves the channel as it was', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await connect();
    sendJoin(client, '{"user_id":""}');
    await expectRefused(client, channel, 'InvalidRequest', 400);
    await trigger(server(), channel, 'e', 'x');
    expect(whole(await watcher.expectNext())).toEqual({ event: 'e', channel, data: 'x' });
    expect(await client.barrier()).toEqual([]);
  });
});

describe('coming and going', () => {
  it('is told to the others in exactly these bytes', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await member('{"user_id":"8","user_info":{"name":"B"}}');
    const added = JSON.stringify('{"user_id":"8","user_info":{"name":"B"}}');
    expect((await watcher.expectNext()).raw).toBe(
      `{"event":"pusher_internal:member_added","channel":"${channel}","data":${added}}`,
    );
    leave(client);
    const removed = JSON.stringify('{"user_id":"8"}');
    expect((await watcher.expectNext()).raw).toBe(
      `{"event":"pusher_internal:member_removed","channel":"${channel}","data":${removed}}`,
    );
    expect(await watcher.barrier()).toEqual([]);
  });

  it('of a member without user_info is told without one or with null', async () => {
    const watcher = await member({ user_id: 'watcher' });
    await member({ user_id: '8' });
    const { data } = opened(await watcher.expectNext()) as { data: Record<string, unknown> };
    expect({ user_info: null, ...data }).toEqual({ user_id: '8', user_info: null });
  });

  it('is never told to the one who comes', async () => {
    await member({ user_id: 'first' });
    const client = await member({ user_id: 'second' });
    expect(await client.barrier()).toEqual([]);
  });

  it('is told to everybody else, once each', async () => {
    const watchers = [];
    for (const id of ['a', 'b', 'c']) watchers.push(await member({ user_id: id }));
    // Each has heard of those who came after it.
    for (const [index, watcher] of watchers.entries()) await watcher.expectSome(watchers.length - 1 - index);
    const client = await member({ user_id: 'd' });
    leave(client);
    for (const watcher of watchers) {
      expect((await watcher.expectSome(2)).map(opened)).toEqual([
        { ...memberAdded(channel, expect.objectContaining({ user_id: 'd' })) },
        memberRemoved(channel, 'd'),
      ]);
    }
    await trigger(server(), channel, 'last', '');
    for (const watcher of watchers) expect((await watcher.expectNext()).event).toBe('last');
  });

  it('by closing the connection is a leave', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await member({ user_id: '8' });
    await watcher.expectNext();
    await client.close();
    expect(opened(await watcher.expectNext())).toEqual(memberRemoved(channel, '8'));
  });

  it('by a cut connection is a leave', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await member({ user_id: '8' });
    await watcher.expectNext();
    await client.destroy();
    expect(opened(await watcher.expectNext())).toEqual(memberRemoved(channel, '8'));
    expect(await users()).toEqual({ users: [{ id: 'watcher' }] });
  });

  it('again is told again', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await connect();
    for (let i = 0; i < 3; i++) {
      await joinPresence(client, DEFAULT_APP, channel, { user_id: '8' });
      leave(client);
    }
    expect((await watcher.expectSome(6)).map((frame) => frame.event)).toEqual(
      Array.from({ length: 3 }, () => [
        'pusher_internal:member_added',
        'pusher_internal:member_removed',
      ]).flat(),
    );
  });

  it('subscribing twice changes nothing, whatever channel_data says', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await member({ user_id: '8' });
    await watcher.expectNext();
    sendJoin(client, '{"user_id":"9"}');
    expect(wholeAll(await client.barrier())).toEqual([
      softError(`Existing subscription to channel ${channel}`),
    ]);
    expect(await watcher.barrier()).toEqual([]);
    leave(client);
    expect(opened(await watcher.expectNext())).toEqual(memberRemoved(channel, '8'));
  });
});

describe('one user on many sockets', () => {
  it('comes with the first and leaves with the last', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const first = await member({ user_id: '8' });
    expect((await watcher.expectNext()).event).toBe('pusher_internal:member_added');
    const second = await member({ user_id: '8' });
    const third = await member({ user_id: '8' });
    expect(await first.barrier()).toEqual([]);
    leave(first);
    await first.barrier();
    await second.close();
    expect(await watcher.barrier()).toEqual([]);
    expect(await users()).toMatchObject({ users: expect.arrayContaining([{ id: '8' }]) });
    await third.destroy();
    expect(opened(await watcher.expectNext())).toEqual(memberRemoved(channel, '8'));
    expect(await watcher.barrier()).toEqual([]);
  });

  it('is one in the list and in the counts', async () => {
    await member({ user_id: '8' });
    await member({ user_id: '8' });
    const client = await connect();
    const frame = await joinPresence(client, DEFAULT_APP, channel, { user_id: '8' });
    expect(opened(frame)['data']).toEqual(roster({ '8': null }));
    expect(await users()).toEqual({ users: [{ id: '8' }] });
    const info = await api(server(), 'GET', `/channels/${channel}`, { query: { info: 'user_count' } });
    expect(info.json()).toEqual({ occupied: true, user_count: 1 });
  });

  it('keeps the first user_info for as long as the user is there', async () => {
    const first = await member({ user_id: '8', user_info: { v: 1 } });
    const second = await connect();
    const frame = await joinPresence(second, DEFAULT_APP, channel, { user_id: '8', user_info: { v: 2 } });
    expect(opened(frame)['data']).toEqual(roster({ '8': { v: 1 } }));
    leave(first);
    await first.barrier();
    const third = await connect();
    expect(opened(await joinPresence(third, DEFAULT_APP, channel, { user_id: '9' }))['data']).toMatchObject({
      presence: { hash: { '8': { v: 1 }, '9': null } },
    });
    leave(second);
    await second.barrier();
    await third.barrier();
    const back = await connect();
    const again = await joinPresence(back, DEFAULT_APP, channel, { user_id: '8', user_info: { v: 3 } });
    expect(opened(again)['data']).toMatchObject({ presence: { hash: { '8': { v: 3 } } } });
  });

  it('is another one in another channel', async () => {
    const client = await member({ user_id: '8' });
    const elsewhere = await connect();
    await joinPresence(elsewhere, DEFAULT_APP, `${channel}-b`, { user_id: '8' });
    leave(client);
    expect(await elsewhere.barrier()).toEqual([]);
    const other = await api(server(), 'GET', `/channels/${channel}-b/users`);
    expect(other.json()).toEqual({ users: [{ id: '8' }] });
  });
});

describe('a full channel', () => {
  it('refuses one more user, accepts more sockets of present ones, and makes room', async () => {
    await withServer({ apps: [quietApp({ limits: { presenceMaxMembers: 2 } })] }, async (node) => {
      const join = async (id: string): Promise<RawClient> => {
        const client = await RawClient.connect(node);
        await joinPresence(client, node.app, channel, { user_id: id });
        return client;
      };
      const first = await join('1');
      const second = await join('2');
      await first.expectNext();
      const third = await RawClient.connect(node);
      sendJoin(third, '{"user_id":"3"}');
      await expectRefused(third, channel, 'LimitReached', 403);
      expect(await first.barrier()).toEqual([]);
      const again = await join('2');
      await second.close();
      sendJoin(third, '{"user_id":"3"}');
      await expectRefused(third, channel, 'LimitReached', 403);
      await again.close();
      expect((await first.expectNext()).event).toBe('pusher_internal:member_removed');
      await joinPresence(third, node.app, channel, { user_id: '3' });
      expect((await first.expectNext()).event).toBe('pusher_internal:member_added');
    });
  });

  it('stays within its bound when many come at once', async () => {
    await withServer({ apps: [quietApp({ limits: { presenceMaxMembers: 10 } })] }, async (node) => {
      const all = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(node)));
      for (const [index, client] of all.entries()) sendJoin(client, JSON.stringify({ user_id: `u${index}` }));
      const answers = await Promise.all(all.map((client) => client.expectNext()));
      const joined = answers.filter((frame) => frame.event === 'pusher_internal:subscription_succeeded');
      expect(joined).toHaveLength(10);
      const members = await api(node, 'GET', `/channels/${channel}/users`);
      expect((members.json() as { users: unknown[] }).users).toHaveLength(10);
    });
  });

  it('holds 100 users by default', async () => {
    const joined = await Promise.all(
      Array.from({ length: 100 }, (_, index) => member({ user_id: `u${index}` })),
    );
    expect(joined).toHaveLength(100);
    const client = await connect();
    sendJoin(client, '{"user_id":"u100"}');
    await expectRefused(client, channel, 'LimitReached', 403);
  });

  it('has no bound when the limit is 0', async () => {
    await withServer({ apps: [quietApp({ limits: { presenceMaxMembers: 0 } })] }, async (node) => {
      for (let i = 0; i < 150; i++) {
        const client = await RawClient.connect(node);
        await joinPresence(client, node.app, channel, { user_id: `u${i}` });
      }
      const info = await api(node, 'GET', `/channels/${channel}`, { query: { info: 'user_count' } });
      expect(info.json()).toEqual({ occupied: true, user_count: 150 });
    });
  });
});

describe('a signed-in user', () => {
  const user = { id: '7', user_info: { name: 'Seven' } };

  it('joins without channel_data under the signed-in identity', async () => {
    const watcher = await member({ user_id: 'watcher' });
    const client = await connect();
    await signIn(client, DEFAULT_APP, user);
    sendJoin(client);
    expect(opened(await client.expectNext())['data']).toMatchObject({
      presence: { count: 2, hash: { '7': { name: 'Seven' }, watcher: null } },
    });
    expect(opened(await watcher.expectNext())).toEqual(
      memberAdded(channel, { user_id: '7', user_info: { name: 'Seven' } }),
    );
  });

  it('joins without user_info when the sign-in had none', async () => {
    const client = await connect();
    await signIn(client, DEFAULT_APP, { id: '7' });
    sendJoin(client);
    expect(opened(await client.expectNext())['data']).toEqual(roster({ '7': null }));
  });

  it('is overridden by channel_data', async () => {
    const client = await connect();
    await signIn(client, DEFAULT_APP, user);
    const frame = await joinPresence(client, DEFAULT_APP, channel, {
      user_id: '8',
      user_info: { name: 'Eight' },
    });
    expect(opened(frame)['data']).toEqual(roster({ '8': { name: 'Eight' } }));
  });

  it('still needs a signature', async () => {
    const client = await connect();
    await signIn(client, DEFAULT_APP, user);
    client.send({ event: 'pusher:subscribe', data: { channel, auth: 'test-key:00' } });
    await expectRefused(client, channel, 'AuthError', 401);
  });

  it('is needed when there is no channel_data', async () => {
    const client = await connect();
    sendJoin(client);
    await expectRefused(client, channel, expect.any(String), expect.any(Number));
    expect(await users()).toEqual({ users: [] });
    await signIn(client, DEFAULT_APP, user);
    sendJoin(client);
    expect((await client.expectNext()).event).toBe('pusher_internal:subscription_succeeded');
  });
});

describe('events on a presence channel', () => {
  it('from the API carry no user_id', async () => {
    const client = await member({ user_id: '7' });
    await trigger(server(), channel, 'e', 'x');
    expect(whole(await client.expectNext())).toEqual({ event: 'e', channel, data: 'x' });
  });

  it('come after the list and in one order with comings and goings', async () => {
    const watcher = await member({ user_id: 'watcher' });
    await trigger(server(), channel, 'before', '');
    const client = await member({ user_id: '8' });
    await trigger(server(), channel, 'during', '');
    leave(client);
    await client.barrier();
    await trigger(server(), channel, 'after', '');
    expect((await watcher.expectSome(5)).map((frame) => frame.event)).toEqual([
      'before',
      'pusher_internal:member_added',
      'during',
      'pusher_internal:member_removed',
      'after',
    ]);
  });
});
