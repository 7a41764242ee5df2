/** Signed-in users: sign-in itself, events sent to a user, watchlists, and ending a user's connections. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { hmac, userAuth } from '../support/auth.ts';
import {
  errorWithCode,
  expectRefused,
  opened,
  softError,
  succeeded,
  whole,
  wholeAll,
} from '../support/frames.ts';
import { joinPresence, sendSignIn, signIn } from '../support/joining.ts';
import { dataOf, type Frame, RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const server = useServer({
  apps: [quietApp({ features: { watchlists: true, clientEvents: true } }), OTHER_APP],
});
const clients: RawClient[] = [];
/** Everybody who has signed in so far. */
const known = new Set<string>();

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(query?: string): Promise<RawClient> {
  const client = await RawClient.connect(server(), query === undefined ? {} : { query });
  clients.push(client);
  return client;
}

async function signedIn(user: { id: string; [field: string]: unknown }, query?: string): Promise<RawClient> {
  known.add(user.id);
  const client = await connect(query);
  await signIn(client, DEFAULT_APP, user);
  return client;
}

describe('signing in', () => {
  it('is answered with the user_data as sent, a string in a string', async () => {
    const client = await connect();
    const userData = '{"id":"7","user_info":{"n":1},"watchlist":[]}';
    sendSignIn(client, DEFAULT_APP, userData);
    const data = JSON.stringify({ user_data: userData });
    expect((await client.expectNext()).raw).toBe(
      `{"event":"pusher:signin_success","data":${JSON.stringify(data)}}`,
    );
    expect(await client.barrier()).toEqual([]);
  });

  it.each([
    ['white space', ' { "id" : "7" }\n'],
    ['escapes', '{"id":"7","user_info":{"n":"Zo\\u00eb \\/ \\""}}'],
    ['UTF-8', '{"id":"7","user_info":{"n":"Zoë ✓ 🔔"}}'],
    ['numbers a double cannot hold', '{"id":"7","x":12345678901234567890,"y":1.0}'],
    ['other keys', '{"name":"A","id":"7","__proto__":{"id":"8"}}'],
    ['an unpaired surrogate', '{"id":"7","x":"\ud800"}'],
    ['nulls', '{"id":"7","user_info":null,"watchlist":null}'],
  ])('signs and returns the exact bytes: %s', async (_what, userData) => {
    const client = await connect();
    const success = await signIn(client, DEFAULT_APP, userData);
    expect(dataOf(success)).toEqual({ user_data: userData });
  });

  it.each(['a', 'user@example.com', 'a|b:c', 'Zoë', '__proto__', 'constructor', ' ', 'u'.repeat(128)])(
    'takes any id that is a string: %s',
    async (id) => {
      const client = await signedIn({ id });
      expect(whole(await client.subscribe(`#server-to-user-${id}`))).toEqual(
        succeeded(`#server-to-user-${id}`),
      );
    },
  );

  it.each([
    ['no JSON', 'hello'],
    ['an empty string', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a string', '"7"'],
    ['no id', '{"user_info":{}}'],
    ['id null', '{"id":null}'],
    ['id a number', '{"id":7}'],
    ['id an empty string', '{"id":""}'],
    ['id an object', '{"id":{}}'],
    ['id a list', '{"id":["7"]}'],
    ['id of a prototype', '{"__proto__":{"id":"7"}}'],
    ['an id with half a surrogate pair', '{"id":"\\ud800"}'],
    ['a watchlist with such an id', '{"id":"7","watchlist":["\\ud800"]}'],
    ['an id of 129 characters', JSON.stringify({ id: 'u'.repeat(129) })],
  ])('is refused for user_data that is %s, and the connection stays', async (_what, userData) => {
    const client = await connect();
    sendSignIn(client, DEFAULT_APP, userData);
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    client.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-7' } });
    await expectRefused(client, '#server-to-user-7', 'AuthError', 403);
  });

  it.each([
    ['a wrong signature', (_id: string) => `${DEFAULT_APP.key}:${'0'.repeat(64)}`],
    ['no colon', () => 'x'],
    ['an empty string', () => ''],
    ["another app's key", (id: string) => userAuth(OTHER_APP, id, '{"id":"7"}')],
    ["another socket's id", () => userAuth(DEFAULT_APP, '1.1', '{"id":"7"}')],
    ['other data', (id: string) => userAuth(DEFAULT_APP, id, '{"id":"8"}')],
    ['a channel signature', (id: string) => `${DEFAULT_APP.key}:${hmac(DEFAULT_APP.secret, `${id}:user`)}`],
  ])('is refused with %s, and the connection stays', async (_what, auth) => {
    const client = await connect();
    client.send({ event: 'pusher:signin', data: { auth: auth(client.socketId), user_data: '{"id":"7"}' } });
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    await signIn(client, DEFAULT_APP, { id: '7' });
  });

  it('again as the same user succeeds again', async () => {
    const client = await signedIn({ id: '7' });
    sendSignIn(client, DEFAULT_APP, '{"id":"7","user_info":{"v":2}}');
    expect(wholeAll(await client.barrier())).toEqual([
      {
        event: 'pusher:signin_success',
        data: JSON.stringify({ user_data: '{"id":"7","user_info":{"v":2}}' }),
      },
    ]);
  });

  it('as somebody else is refused and changes nothing', async () => {
    const client = await signedIn({ id: '7' });
    sendSignIn(client, DEFAULT_APP, { id: '8' });
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    expect(whole(await client.subscribe('#server-to-user-7'))).toEqual(succeeded('#server-to-user-7'));
  });
});

describe("a user's own channel", () => {
  const channel = '#server-to-user-7';

  it.each([{}, { auth: '' }, { auth: null }, { auth: 'anything' }])(
    'is joined by that user without a signature: %j',
    async (fields) => {
      const client = await signedIn({ id: '7' });
      client.send({ event: 'pusher:subscribe', data: { channel, ...fields } });
      expect((await client.expectNext()).raw).toBe(
        `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":"{}"}`,
      );
      expect(await client.barrier()).toEqual([]);
    },
  );

  it('is refused to those who are not signed in, even with a signature', async () => {
    const client = await connect();
    const auth = `${DEFAULT_APP.key}:${hmac(DEFAULT_APP.secret, `${client.socketId}:${channel}`)}`;
    for (const fields of [{}, { auth }]) {
      client.send({ event: 'pusher:subscribe', data: { channel, ...fields } });
      await expectRefused(client, channel, 'AuthError', 403);
    }
  });

  it.each(['8', '77', '07', '7 ', '7a'])('is refused to user "%s"', async (id) => {
    const client = await signedIn({ id });
    client.send({ event: 'pusher:subscribe', data: { channel } });
    await expectRefused(client, channel, 'AuthError', 403);
  });

  it('is refused to a presence member of that id who is not signed in', async () => {
    const client = await connect();
    await joinPresence(client, DEFAULT_APP, 'presence-u', { user_id: '7' });
    client.send({ event: 'pusher:subscribe', data: { channel } });
    await expectRefused(client, channel, 'AuthError', 403);
  });

  it('brings what is published to the user, on each of their connections and on no other', async () => {
    const [first, second, stranger] = [
      await signedIn({ id: '7' }),
      await signedIn({ id: '7' }),
      await signedIn({ id: '8' }),
    ];
    await first.subscribe(channel);
    await second.subscribe(channel);
    await stranger.subscribe('#server-to-user-8');
    expect((await trigger(server(), channel, 'note', { a: 1 })).json()).toEqual({});
    const frame = `{"event":"note","channel":"${channel}","data":"{\\"a\\":1}"}`;
    expect((await first.expectNext()).raw).toBe(frame);
    expect((await second.expectNext()).raw).toBe(frame);
    expect(await stranger.barrier()).toEqual([]);
  });

  it('brings what a batch sends to the user', async () => {
    const client = await signedIn({ id: '7' });
    await client.subscribe(channel);
    await api(server(), 'POST', '/batch_events', { body: { batch: [{ channel, name: 'note', data: 'x' }] } });
    expect(whole(await client.expectNext())).toEqual({ event: 'note', channel, data: 'x' });
  });

  it('is no channel for the API to list, and has no cache', async () => {
    const client = await signedIn({ id: '7' });
    await client.subscribe(channel);
    await trigger(server(), channel, 'early', 'x');
    await client.next('early');
    expect((await api(server(), 'GET', '/channels')).json()).toEqual({ channels: {} });
    const late = await signedIn({ id: '7' });
    await late.subscribe(channel);
    expect(await late.barrier()).toEqual([]);
  });

  it('takes no client events', async () => {
    const [first, second] = [await signedIn({ id: '7' }), await signedIn({ id: '7' })];
    await first.subscribe(channel);
    await second.subscribe(channel);
    first.send({ event: 'client-x', channel, data: 'x' });
    expect(wholeAll(await first.barrier())).toEqual([softError()]);
    expect(await second.barrier()).toEqual([]);
  });

  it('can be left', async () => {
    const client = await signedIn({ id: '7' });
    await client.subscribe(channel);
    client.send({ event: 'pusher:unsubscribe', data: { channel } });
    expect(await client.barrier()).toEqual([]);
    await trigger(server(), channel, 'note', 'x');
    expect(await client.barrier()).toEqual([]);
  });
});

describe('a watchlist', () => {
  const WATCH = 'pusher_internal:watchlist_events';
  interface Change {
    readonly name: string;
    readonly user_ids: string[];
  }
  const changes = (frame: Frame): Change[] => (opened(frame)['data'] as { events: Change[] }).events;
  const sorted = (list: readonly Change[]): Change[] =>
    list.map((change) => ({ ...change, user_ids: [...change.user_ids].sort() }));
  /** Takes watchlist frames until the last word on each id is the one expected. */
  const settled = async (client: RawClient, expected: Record<string, string>): Promise<void> => {
    const states = new Map<string, string>();
    const done = (): boolean => Object.entries(expected).every(([id, state]) => states.get(id) === state);
    while (!done()) {
      for (const change of changes(await client.next(WATCH))) {
        for (const id of change.user_ids) states.set(id, change.name);
      }
    }
    expect(Object.fromEntries(states)).toEqual(expected);
  };

  // Who was there in the test before is on the way out.
  beforeEach(async () => {
    const ids = [...known];
    known.clear();
    if (ids.length === 0) return;
    const observer = await connect();
    await signIn(observer, DEFAULT_APP, { id: 'observer', watchlist: ids });
    await settled(observer, Object.fromEntries(ids.map((id) => [id, 'offline'])));
    await observer.close();
  });

  it('is answered with the state of everybody on it, after the success frame', async () => {
    await signedIn({ id: 'on1' });
    await signedIn({ id: 'on2' });
    const client = await connect();
    sendSignIn(client, DEFAULT_APP, { id: 'w', watchlist: ['on1', 'off1', 'on2', 'off2'] });
    expect((await client.expectNext()).event).toBe('pusher:signin_success');
    const frame = await client.expectNext();
    expect(JSON.parse(frame.raw)).toEqual({ event: WATCH, data: expect.any(String) });
    expect(sorted(changes(frame))).toEqual([
      { name: 'online', user_ids: ['on1', 'on2'] },
      { name: 'offline', user_ids: ['off1', 'off2'] },
    ]);
  });

  it.each([
    ['online', ['here']],
    ['offline', ['gone']],
  ])('leaves out the event that would be empty: all %s', async (name, ids) => {
    await signedIn({ id: 'here' });
    const client = await signedIn({ id: 'w', watchlist: ids });
    expect(changes(await client.next(WATCH))).toEqual([{ name, user_ids: ids }]);
  });

  it.each([{ watchlist: [] }, {}, { watchlist: null }])(
    'that is empty brings no frame: %j',
    async (fields) => {
      const client = await signedIn({ id: 'w', ...fields });
      await signedIn({ id: 'other' });
      expect(await client.barrier()).toEqual([]);
    },
  );

  it('follows the first connection and the last', async () => {
    const watcher = await signedIn({ id: 'w', watchlist: ['8'] });
    await settled(watcher, { '8': 'offline' });
    const first = await signedIn({ id: '8' });
    expect(changes(await watcher.next(WATCH))).toEqual([{ name: 'online', user_ids: ['8'] }]);
    const second = await signedIn({ id: '8' });
    await first.close();
    await second.destroy();
    expect(changes(await watcher.next(WATCH))).toEqual([{ name: 'offline', user_ids: ['8'] }]);
  });

  it('tells nothing of users who are not on it', async () => {
    const watcher = await signedIn({ id: 'w', watchlist: ['8'] });
    await settled(watcher, { '8': 'offline' });
    await (await signedIn({ id: '9' })).close();
    await signedIn({ id: '8' });
    expect(changes(await watcher.next(WATCH))).toEqual([{ name: 'online', user_ids: ['8'] }]);
  });

  it('takes nobody for online who is only a member of a presence channel', async () => {
    const member = await connect();
    await joinPresence(member, DEFAULT_APP, 'presence-w', { user_id: '8' });
    const watcher = await signedIn({ id: 'w', watchlist: ['8'] });
    expect(changes(await watcher.next(WATCH))).toEqual([{ name: 'offline', user_ids: ['8'] }]);
  });

  it('belongs to the connection whose sign-in carried it', async () => {
    const watcher = await signedIn({ id: 'w', watchlist: ['8'] });
    const same = await signedIn({ id: 'w' });
    await settled(watcher, { '8': 'offline' });
    await signedIn({ id: '8' });
    await settled(watcher, { '8': 'online' });
    expect(await same.barrier()).toEqual([]);
  });

  it('works both ways at once', async () => {
    const a = await signedIn({ id: 'a', watchlist: ['b'] });
    await settled(a, { b: 'offline' });
    const b = await signedIn({ id: 'b', watchlist: ['a'] });
    await settled(b, { a: 'online' });
    await settled(a, { b: 'online' });
    await a.close();
    await settled(b, { a: 'offline' });
  });

  it('is replaced by the next sign-in of the same connection', async () => {
    const watcher = await signedIn({ id: 'w', watchlist: ['8'] });
    await settled(watcher, { '8': 'offline' });
    await signIn(watcher, DEFAULT_APP, { id: 'w', watchlist: ['9'] });
    await settled(watcher, { '9': 'offline' });
    await signedIn({ id: '8' });
    await signedIn({ id: '9' });
    await settled(watcher, { '9': 'online' });
  });

  it('beyond 100 is cut to the first 100 and told with 4302', async () => {
    await signedIn({ id: 'u0' });
    await signedIn({ id: 'u99' });
    await signedIn({ id: 'u100' });
    const client = await connect();
    const watchlist = Array.from({ length: 101 }, (_, index) => `u${index}`);
    sendSignIn(client, DEFAULT_APP, { id: 'w', watchlist });
    expect((await client.expectNext()).event).toBe('pusher:signin_success');
    expect(whole(await client.next('pusher:error'))).toEqual(errorWithCode(4302));
    const [online, offline] = changes(await client.next(WATCH));
    expect(sorted([online ?? { name: '', user_ids: [] }])).toEqual([
      { name: 'online', user_ids: ['u0', 'u99'] },
    ]);
    expect(offline?.user_ids).toHaveLength(98);
    expect(offline?.user_ids).not.toContain('u100');
  });

  it('of exactly 100 is no error', async () => {
    const client = await connect();
    const watchlist = Array.from({ length: 100 }, (_, index) => `u${index}`);
    sendSignIn(client, DEFAULT_APP, { id: 'w', watchlist });
    expect((await client.expectNext()).event).toBe('pusher:signin_success');
    expect(changes(await client.expectNext())[0]?.user_ids).toHaveLength(100);
  });

  it.each(['"8"', '{"0":"8"}', '5', '[8]', '[null]', '[["8"]]', '[{}]', '[""]', '["__proto__"]'])(
    'of the wrong shape does no harm: %s',
    async (watchlist) => {
      const client = await connect();
      sendSignIn(client, DEFAULT_APP, `{"id":"w","watchlist":${watchlist}}`);
      const answer = await client.expectNext();
      expect(['pusher:signin_success', 'pusher:error']).toContain(answer.event);
      await client.subscribe('alive');
    },
  );
});

describe('ending the connections of a user', () => {
  const terminate = (id: string, body: object | undefined = {}) =>
    api(server(), 'POST', `/users/${id}/terminate_connections`, body === undefined ? {} : { body });

  it('closes each of them with 4009, on v5 after an error frame', async () => {
    const [first, second, old] = [
      await signedIn({ id: '7' }),
      await signedIn({ id: '7' }),
      await signedIn({ id: '7' }, 'protocol=5&client=java-client&version=2.4.0'),
    ];
    const answer = await terminate('7');
    expect([answer.status, answer.json()]).toEqual([200, {}]);
    for (const client of [first, second, old]) expect((await client.closed).code).toBe(4009);
    expect(old.takeAll().map(whole)).toEqual([errorWithCode(4009)]);
  });

  it('leaves everybody else alone', async () => {
    const victim = await signedIn({ id: '7' });
    const others = [await signedIn({ id: '8' }), await connect(), await signedIn({ id: '77' })];
    const member = await connect();
    await joinPresence(member, DEFAULT_APP, 'presence-unharmed', { user_id: '7' });
    const elsewhere = await RawClient.connect(server(), { key: OTHER_APP.key });
    await signIn(elsewhere, OTHER_APP, { id: '7' });
    await terminate('7');
    expect((await victim.closed).code).toBe(4009);
    for (const client of [...others, member]) expect(await client.barrier()).toEqual([]);
    expect(await elsewhere.barrier()).toEqual([]);
    await elsewhere.close();
  });

  it('is a leave on every channel they were in', async () => {
    const watcher = await connect();
    await joinPresence(watcher, DEFAULT_APP, 'presence-t', { user_id: 'watcher' });
    const victim = await signedIn({ id: '7' });
    await joinPresence(victim, DEFAULT_APP, 'presence-t', { user_id: '7' });
    await watcher.expectNext();
    await terminate('7');
    expect(opened(await watcher.expectNext())).toMatchObject({
      event: 'pusher_internal:member_removed',
      data: { user_id: '7' },
    });
  });

  it('is no ban: the user may come back at once', async () => {
    const victim = await signedIn({ id: '7' });
    await terminate('7');
    await victim.closed;
    await signedIn({ id: '7' });
  });

  it('of nobody is a success', async () => {
    expect((await terminate('nobody')).json()).toEqual({});
  });
});

describe('watchlists switched off', () => {
  const off = useServer({ apps: [quietApp()] });

  it('leave sign-in as it is and say nothing of others', async () => {
    const client = await RawClient.connect(off());
    sendSignIn(client, DEFAULT_APP, { id: 'w', watchlist: Array.from({ length: 150 }, (_, i) => `u${i}`) });
    expect((await client.expectNext()).event).toBe('pusher:signin_success');
    const other = await RawClient.connect(off());
    await signIn(other, DEFAULT_APP, { id: 'u1' });
    expect(await client.barrier()).toEqual([]);
  });
});
