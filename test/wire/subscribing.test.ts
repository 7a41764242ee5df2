/** Joining and leaving channels: signatures, refusals, duplicates, the order of frames, limits. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { channelAuth, hmac } from '../support/auth.ts';
import { eventually } from '../support/eventually.ts';
import {
  cacheMiss,
  expectRefused,
  opened,
  refusal,
  softError,
  subscriptionCount,
  succeeded,
  whole,
  wholeAll,
} from '../support/frames.ts';
import { joinPresence, joinPrivate } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';

const second = { key: 'second-key', secret: 'second-secret' };
const credentials = [{ key: DEFAULT_APP.key, secret: DEFAULT_APP.secret }, second];
const { key: _key, secret: _secret, ...withoutPair } = quietApp();
const server = useServer({ apps: [{ ...withoutPair, credentials }, OTHER_APP] });
let client: RawClient;

interface SubscribeData {
  readonly channel: string;
  readonly auth?: string | null;
  readonly channel_data?: string | null;
}

beforeEach(async () => {
  client = await RawClient.connect(server());
});
afterEach(async () => {
  await client.close();
});

function subscribe(data: object): void {
  client.send({ event: 'pusher:subscribe', data });
}

describe('a public subscription', () => {
  it.each([
    ['absent', {}],
    ['an empty string, as pusher-js sends', { auth: '' }],
    ['null', { auth: null }],
    ['garbage', { auth: 'x' }],
    ['a wrong signature', { auth: `${DEFAULT_APP.key}:${'0'.repeat(64)}` }],
    ['a number', { auth: 5 }],
  ])('ignores auth when it is %s', async (_what, fields) => {
    subscribe({ channel: 'news', ...fields });
    expect(wholeAll(await client.barrier())).toEqual([succeeded('news')]);
  });

  it('ignores channel_data', async () => {
    subscribe({ channel: 'news', channel_data: '{"user_id":"7"}' });
    expect(wholeAll(await client.barrier())).toEqual([succeeded('news')]);
  });

  it('is answered in exactly these bytes', async () => {
    const frame = await client.subscribe('news');
    expect(frame.raw).toBe('{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}');
  });

  it('receives what is published afterwards', async () => {
    await client.subscribe('news');
    await trigger(server(), 'news', 'update', { a: 1 });
    expect((await client.expectNext()).raw).toBe('{"event":"update","channel":"news","data":"{\\"a\\":1}"}');
  });
});

describe('a published event', () => {
  it('misses the excluded socket and reaches all others', async () => {
    const other = await RawClient.connect(server());
    for (const member of [client, other]) {
      await member.subscribe('news');
      await joinPrivate(member, DEFAULT_APP, 'private-news');
    }
    await trigger(server(), ['news', 'private-news'], 'e', 'x', { socket_id: client.socketId });
    await trigger(server(), ['news', 'private-news'], 'last', '');
    expect((await client.expectSome(2)).map((frame) => frame.event)).toEqual(['last', 'last']);
    const frames = wholeAll(await other.expectSome(4));
    expect(frames).toContainEqual({ event: 'e', channel: 'news', data: 'x' });
    expect(frames).toContainEqual({ event: 'e', channel: 'private-news', data: 'x' });
    await other.close();
  });

  it('reaches everybody when the excluded socket is not subscribed, or is gone', async () => {
    const other = await RawClient.connect(server());
    await client.subscribe('news');
    await trigger(server(), 'news', 'e', '1', { socket_id: other.socketId });
    await other.close();
    await trigger(server(), 'news', 'e', '2', { socket_id: other.socketId });
    expect((await client.expectSome(2)).map((frame) => frame.data)).toEqual(['1', '2']);
  });

  it('comes once to a socket in several of its channels, per channel', async () => {
    await client.subscribe('a');
    await client.subscribe('b');
    await trigger(server(), ['a', 'b', 'a'], 'e', 'x');
    expect((await client.barrier()).map((frame) => frame.channel)).toEqual(['a', 'b']);
  });

  it.each([
    ['quotes and backslashes', 'a "b" \\ c'],
    ['line ends and control characters', 'a\r\n\tb\u0000\u001f\u2028\u2029c'],
    ['unicode', 'Zoë ✓ 🔔 \u{10ffff}'],
    ['an unpaired surrogate', 'a\ud800b'],
    ['nothing', ''],
  ])('carries names and data as published: %s', async (_what, text) => {
    await client.subscribe('news');
    await trigger(server(), 'news', `e${text}`, text);
    expect(whole(await client.expectNext())).toEqual({ event: `e${text}`, channel: 'news', data: text });
  });
});

describe('a signature', () => {
  const signed = (channel: string, data?: string): string =>
    channelAuth(DEFAULT_APP, client.socketId, channel, data);
  const joins = async (fields: SubscribeData): Promise<void> => {
    subscribe(fields);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(fields.channel)]);
  };
  const failsAuth = async (fields: SubscribeData, message?: unknown): Promise<void> => {
    subscribe(fields);
    await expectRefused(client, fields.channel, 'AuthError', 401, message);
    expect(await client.barrier()).toEqual([]);
  };

  it.each(['private-a', 'private-cache-a', 'private-encrypted-a', 'private-encrypted-cache-a'])(
    'over socket id and name opens %s',
    async (channel) => {
      subscribe({ channel, auth: signed(channel) });
      expect(whole(await client.expectNext())).toEqual(succeeded(channel));
    },
  );

  it('may be in upper case', async () => {
    const hex = hmac(DEFAULT_APP.secret, `${client.socketId}:private-a`).toUpperCase();
    await joins({ channel: 'private-a', auth: `${DEFAULT_APP.key}:${hex}` });
  });

  it('may come with channel_data null', async () => {
    await joins({ channel: 'private-a', auth: signed('private-a'), channel_data: null });
  });

  it.each([
    ['private-a', '{"user_id":"7"}'],
    ['private-a', 'anything at all'],
    ['private-encrypted-a', '"foo"'],
    ['private-encrypted-a', '{"x": "Zoë ✓"}'],
  ])('of %s includes channel_data %s when it is sent', async (channel, data) => {
    await joins({ channel, auth: signed(channel, data), channel_data: data });
  });

  it('that leaves out the channel_data sent is wrong', async () => {
    await failsAuth({ channel: 'private-a', auth: signed('private-a'), channel_data: '{"user_id":"7"}' });
  });

  it('that includes channel_data that was not sent is wrong', async () => {
    await failsAuth({ channel: 'private-a', auth: signed('private-a', '{"user_id":"7"}') });
  });

  it.each([
    ['UTF-8', '{"user_id":"42","user_info":{"name":"Zoë ✓"}}'],
    ['ASCII escapes', '{"user_id":"42","user_info":{"name":"Zo\\u00eb \\u2713"}}'],
    ['white space', ' {\n "user_id" :\t"42" } '],
    ['escaped slashes', '{"user_id":"42","user_info":{"u":"http:\\/\\/x"}}'],
    ['keys in another order', '{"user_info":{"b":1,"a":2},"user_id":"42"}'],
    ['numbers spelled oddly', '{"user_id":"42","user_info":{"n":1.0,"m":1E2,"o":-0}}'],
  ])('is over the exact bytes of channel_data: %s', async (_what, data) => {
    const channel = `presence-bytes`;
    const frame = await joinPresence(client, DEFAULT_APP, channel, data);
    expect(opened(frame)).toMatchObject({ channel, data: { presence: { ids: ['42'] } } });
  });

  it('over other bytes with the same meaning is wrong', async () => {
    const data = '{"user_id":"42","user_info":{"name":"Zoë"}}';
    const auth = signed('presence-bytes', data.replace('ë', '\\u00eb'));
    await failsAuth({ channel: 'presence-bytes', auth, channel_data: data });
  });

  it('may use any active key of the app', async () => {
    await joins({ channel: 'private-a', auth: channelAuth(second, client.socketId, 'private-a') });
    const other = await RawClient.connect(server(), { key: second.key });
    const auth = channelAuth(DEFAULT_APP, other.socketId, 'private-a');
    expect(whole(await other.subscribe('private-a', { auth }))).toEqual(succeeded('private-a'));
    await other.close();
  });

  it('with the secret of another key of the app is wrong', async () => {
    const mixed = { key: DEFAULT_APP.key, secret: second.secret };
    await failsAuth({ channel: 'private-a', auth: channelAuth(mixed, client.socketId, 'private-a') });
  });

  it('with a key of another app names the key', async () => {
    await failsAuth(
      { channel: 'private-a', auth: channelAuth(OTHER_APP, client.socketId, 'private-a') },
      "Invalid key in subscription auth data: 'other-key'",
    );
  });

  it.each([
    ['nobody', `nobody:${'0'.repeat(64)}`],
    ['__proto__', `__proto__:${'0'.repeat(64)}`],
    ['Test-key', `Test-key:${'0'.repeat(64)}`],
    ['test-key ', `test-key :${'0'.repeat(64)}`],
  ])('with the unknown key "%s" names the key', async (key, auth) => {
    await failsAuth({ channel: 'private-a', auth }, `Invalid key in subscription auth data: '${key}'`);
  });

  it.each(['test-key', 'x', '0'.repeat(64), `:${'0'.repeat(64)}`])(
    'without a key and a colon is malformed: %s',
    async (auth) => {
      await failsAuth(
        { channel: 'private-a', auth },
        'Invalid format: auth must have the format key:signature',
      );
    },
  );

  it('that is wrong shows what should have been signed and what came', async () => {
    const wrong = '0123456789abcdef'.repeat(4);
    await failsAuth(
      { channel: 'private-a', auth: `test-key:${wrong}` },
      `Invalid signature: Expected HMAC SHA256 hex digest of ${client.socketId}:private-a, but got ${wrong}`,
    );
  });

  it.each([
    ['nothing', () => ''],
    ['a digit less', (hex: string) => hex.slice(0, 63)],
    ['a digit more', (hex: string) => `${hex}0`],
    ['another last digit', (hex: string) => hex.slice(0, 63) + (hex.endsWith('0') ? '1' : '0')],
    ['another first digit', (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)],
    ['a space before', (hex: string) => ` ${hex}`],
    ['a second colon', (hex: string) => `:${hex}`],
    ['letters beyond f', () => 'g'.repeat(64)],
    ['base64', (hex: string) => Buffer.from(hex, 'hex').toString('base64')],
    ['wide characters', () => 'é'.repeat(64)],
    ['itself twice', (hex: string) => hex + hex],
  ])('is refused when it is %s', async (_what, change) => {
    const hex = hmac(DEFAULT_APP.secret, `${client.socketId}:private-a`);
    await failsAuth({ channel: 'private-a', auth: `test-key:${change(hex)}` });
  });

  it('belongs to one socket', async () => {
    const other = await RawClient.connect(server());
    await failsAuth({ channel: 'private-a', auth: channelAuth(DEFAULT_APP, other.socketId, 'private-a') });
    await other.close();
  });

  it('belongs to one channel', async () => {
    await failsAuth({ channel: 'private-b', auth: signed('private-a') });
    await failsAuth({ channel: 'private-encrypted-a', auth: signed('private-a') });
  });

  it('of a sign-in opens no channel', async () => {
    const hex = hmac(DEFAULT_APP.secret, `${client.socketId}::user::{"id":"7"}`);
    await failsAuth({ channel: 'private-a', auth: `test-key:${hex}` });
  });

  it.each(['private-a', 'private-cache-a', 'private-encrypted-a', 'private-encrypted-cache-a'])(
    'is needed on %s',
    async (channel) => {
      await failsAuth({ channel });
      await failsAuth({ channel, auth: '' });
      await failsAuth({ channel, auth: null });
    },
  );
});

describe('a refused subscription', () => {
  it('is told in two frames, on the channel and on the connection', async () => {
    subscribe({ channel: 'private-a', auth: 'test-key:00' });
    expect(opened(await client.expectNext())).toEqual(refusal('private-a', 'AuthError', 401));
    expect(whole(await client.expectNext())).toEqual(
      softError(expect.stringMatching(/^Invalid signature: Expected HMAC SHA256 hex digest of /)),
    );
    expect(await client.barrier()).toEqual([]);
  });

  it('receives nothing of the channel', async () => {
    subscribe({ channel: 'private-a', auth: 'test-key:00' });
    await expectRefused(client, 'private-a', 'AuthError', 401);
    await trigger(server(), 'private-a', 'secret', 'x');
    expect(await client.barrier()).toEqual([]);
    expect((await api(server(), 'GET', '/channels/private-a')).json()).toEqual({ occupied: false });
  });

  it('may be tried again with a good signature', async () => {
    subscribe({ channel: 'private-a', auth: 'test-key:00' });
    await expectRefused(client, 'private-a', 'AuthError', 401);
    expect(whole(await joinPrivate(client, DEFAULT_APP, 'private-a'))).toEqual(succeeded('private-a'));
  });

  it('does not touch the others of the connection', async () => {
    await client.subscribe('news');
    subscribe({ channel: 'private-a', auth: 'test-key:00' });
    await trigger(server(), 'news', 'e', 'x');
    expect(whole(await client.next('e'))).toEqual({ event: 'e', channel: 'news', data: 'x' });
  });

  it('never closes the connection, however often it happens', async () => {
    for (let i = 0; i < 300; i++) subscribe({ channel: 'private-a', auth: 'test-key:00' });
    expect(await client.barrier()).toHaveLength(600);
  });
});

describe('subscribing twice', () => {
  it('gets an error frame and nothing else', async () => {
    await client.subscribe('news');
    subscribe({ channel: 'news' });
    expect(wholeAll(await client.barrier())).toEqual([softError('Existing subscription to channel news')]);
  });

  it('in one breath succeeds once', async () => {
    subscribe({ channel: 'news' });
    subscribe({ channel: 'news' });
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded('news'),
      softError('Existing subscription to channel news'),
    ]);
  });

  it('delivers once, and one unsubscribe ends it', async () => {
    await client.subscribe('news');
    subscribe({ channel: 'news' });
    await client.barrier();
    await trigger(server(), 'news', 'e', '1');
    await trigger(server(), 'news', 'e', 'last');
    expect((await client.expectSome(2)).map((frame) => frame.data)).toEqual(['1', 'last']);
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'news' } });
    await client.barrier();
    await trigger(server(), 'news', 'e', '2');
    expect(await client.barrier()).toEqual([]);
  });

  it('keeps the first subscription also when the second has no valid signature', async () => {
    await joinPrivate(client, DEFAULT_APP, 'private-a');
    subscribe({ channel: 'private-a', auth: 'test-key:00' });
    const frames = await client.barrier();
    expect(frames.every((frame) => frame.event !== 'pusher_internal:subscription_succeeded')).toBe(true);
    await trigger(server(), 'private-a', 'e', 'x');
    expect(whole(await client.expectNext())).toEqual({ event: 'e', channel: 'private-a', data: 'x' });
  });

  it('does not replay a cached event', async () => {
    await client.subscribe('cache-twice');
    await client.barrier();
    await trigger(server(), 'cache-twice', 'e', 'x');
    await client.barrier();
    subscribe({ channel: 'cache-twice' });
    expect(wholeAll(await client.barrier())).toEqual([
      softError('Existing subscription to channel cache-twice'),
    ]);
  });
});

describe('unsubscribing', () => {
  const unsubscribe = (channel: string): void =>
    client.send({ event: 'pusher:unsubscribe', data: { channel } });

  it('has no answer, and ends delivery at once', async () => {
    await client.subscribe('news');
    unsubscribe('news');
    expect(await client.barrier()).toEqual([]);
    await trigger(server(), 'news', 'e', 'x');
    expect(await client.barrier()).toEqual([]);
  });

  it('from a channel never joined gets an error frame', async () => {
    unsubscribe('news');
    expect(wholeAll(await client.barrier())).toEqual([
      softError('No current subscription to channel news, or subscription in progress'),
    ]);
  });

  it('twice gets an error frame the second time', async () => {
    await client.subscribe('news');
    unsubscribe('news');
    unsubscribe('news');
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
  });

  it('can be followed by subscribing again', async () => {
    for (let i = 0; i < 3; i++) {
      expect(whole(await client.subscribe('news'))).toEqual(succeeded('news'));
      unsubscribe('news');
    }
    subscribe({ channel: 'news' });
    expect(wholeAll(await client.barrier())).toEqual([succeeded('news')]);
  });

  it('takes the order in which the frames came', async () => {
    subscribe({ channel: 'news' });
    unsubscribe('news');
    subscribe({ channel: 'news' });
    unsubscribe('news');
    // Where a store answers late, a subscription that is wanted again before its first answer is still the first.
    const frames = wholeAll(await client.barrier());
    expect([[succeeded('news')], [succeeded('news'), succeeded('news')]]).toContainEqual(frames);
    await eventually(async () =>
      expect((await api(server(), 'GET', '/channels/news')).json()).toEqual({ occupied: false }),
    );
  });

  it('from one channel keeps the others, and other connections', async () => {
    const other = await RawClient.connect(server());
    await other.subscribe('news');
    await client.subscribe('news');
    await client.subscribe('sport');
    unsubscribe('news');
    await client.barrier();
    await trigger(server(), ['news', 'sport'], 'e', 'x');
    expect(whole(await client.expectNext())).toEqual({ event: 'e', channel: 'sport', data: 'x' });
    expect(whole(await other.expectNext())).toEqual({ event: 'e', channel: 'news', data: 'x' });
    for (const each of [client, other]) expect(await each.barrier()).toEqual([]);
    await other.close();
  });

  it('happens by itself when the connection closes', async () => {
    const leaving = await RawClient.connect(server());
    for (const channel of ['x1', 'x2', 'cache-x3']) await leaving.subscribe(channel);
    await joinPrivate(leaving, DEFAULT_APP, 'private-x4');
    await leaving.close();
    await eventually(async () =>
      expect((await api(server(), 'GET', '/channels')).json()).toEqual({ channels: {} }),
    );
  });
});

describe('the order of frames', () => {
  const counting = { apps: [quietApp({ features: { subscriptionCounts: true } })] };

  it('of a subscription is success, cached event, count, live events', async () => {
    await withServer(counting, async (node) => {
      await trigger(node, 'cache-a', 'cached', '1');
      const joining = await RawClient.connect(node);
      joining.send({ event: 'pusher:subscribe', data: { channel: 'cache-a' } });
      await joining
        .barrier()
        .then((frames) =>
          expect(wholeAll(frames)).toEqual([
            succeeded('cache-a'),
            { event: 'cached', channel: 'cache-a', data: '1' },
            subscriptionCount('cache-a', 1),
          ]),
        );
      await trigger(node, 'cache-a', 'live', '2');
      expect(whole(await joining.expectNext())).toEqual({ event: 'live', channel: 'cache-a', data: '2' });
    });
  });

  it('of a subscription is success, cache miss, count when nothing is cached', async () => {
    await withServer(counting, async (node) => {
      const joining = await RawClient.connect(node);
      joining.send({ event: 'pusher:subscribe', data: { channel: 'cache-a' } });
      expect(wholeAll(await joining.barrier())).toEqual([
        succeeded('cache-a'),
        cacheMiss('cache-a'),
        subscriptionCount('cache-a', 1),
      ]);
    });
  });

  it('puts success before every live event while somebody publishes without pause', async () => {
    const publishing = Array.from({ length: 100 }, (_, index) =>
      trigger(server(), 'busy', 'e', String(index)),
    );
    subscribe({ channel: 'busy' });
    await Promise.all(publishing);
    await trigger(server(), 'busy', 'last', '');
    const last = await client.next('last');
    const frames = [...client.takeAll(), last];
    expect(whole(frames[0] ?? last)).toEqual(succeeded('busy'));
    expect(frames.filter((frame) => frame.event === 'pusher_internal:subscription_succeeded')).toHaveLength(
      1,
    );
  });

  it('of events is the order of one publisher', async () => {
    await client.subscribe('ordered');
    for (let i = 0; i < 100; i++) await trigger(server(), 'ordered', 'e', String(i));
    const data = (await client.expectSome(100)).map((frame) => frame.data);
    expect(data).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  it('of answers puts a refusal, and a pong, after the answers to everything that was asked before', async () => {
    const channel = 'presence-order';
    const channelData = '{"user_id":"1"}';
    const auth = channelAuth(DEFAULT_APP, client.socketId, channel, channelData);
    subscribe({ channel, auth, channel_data: channelData });
    subscribe({ channel: 'cache-a' });
    subscribe({ channel: 'private-b', auth: channelAuth(DEFAULT_APP, client.socketId, 'private-b') });
    subscribe({ channel: 'private-c', auth: 'test-key:00' });
    const frames = (await client.barrier()).map((frame) => [frame.event, frame.channel]);
    expect(frames).toHaveLength(6);
    for (const name of [channel, 'cache-a', 'private-b']) {
      expect(frames.slice(0, 4)).toContainEqual(['pusher_internal:subscription_succeeded', name]);
    }
    expect(frames.slice(4)).toEqual([
      ['pusher:subscription_error', 'private-c'],
      ['pusher:error', undefined],
    ]);
  });
});

describe('many channels', () => {
  it('may be joined in one burst after connecting', async () => {
    const channels = Array.from({ length: 1000 }, (_, index) => `burst-${index}`);
    for (const channel of channels) subscribe({ auth: '', channel });
    const answers = wholeAll(await client.barrier());
    expect(answers).toHaveLength(channels.length);
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(channels.map((name) => JSON.stringify(succeeded(name)))),
    );
    await trigger(server(), ['burst-0', 'burst-999'], 'e', 'x');
    for (const { event } of await client.expectSome(2)) expect(event).toBe('e');
  });

  it('have a limit per connection, and leaving makes room', async () => {
    await withServer({ apps: [quietApp({ limits: { channelsPerConnection: 3 } })] }, async (node) => {
      const full = await RawClient.connect(node);
      for (const channel of ['a', 'b', 'c']) await full.subscribe(channel);
      full.send({ event: 'pusher:subscribe', data: { channel: 'd' } });
      await expectRefused(full, 'd', 'LimitReached', expect.any(Number));
      const other = await RawClient.connect(node);
      expect(whole(await other.subscribe('d'))).toEqual(succeeded('d'));
      full.send({ event: 'pusher:unsubscribe', data: { channel: 'a' } });
      expect(whole(await full.subscribe('d'))).toEqual(succeeded('d'));
      expect(await full.barrier()).toEqual([]);
    });
  });
});
