/** Laravel Echo, with a given pusher-js client and with its own "reverb" broadcaster. */
import Echo from 'laravel-echo';
import PusherJs from 'pusher-js';
import { describe, expect, test } from 'vitest';
import { type BrowserOptions, nextEvent, sdkFor, untilState, useNode } from './support.ts';

const node = useNode();

interface Member {
  readonly id: number;
  readonly name: string;
}

/** Echo in the two ways applications set it up. */
const setups: [string, (options?: BrowserOptions) => Echo<'pusher'> | Echo<'reverb'>][] = [
  [
    'pusher with a client',
    (options) => {
      const echo = new Echo({ broadcaster: 'pusher', key: node.server.app.key, client: node.page(options) });
      node.later(() => echo.disconnect());
      return echo;
    },
  ],
  [
    'reverb',
    (options) => {
      // Echo's types know these three only in the form it fills in by itself.
      const {
        cluster: _cluster,
        auth: _auth,
        userAuthentication: _user,
        ...settings
      } = node.pageOptions(options);
      const echo = new Echo({
        broadcaster: 'reverb',
        key: node.server.app.key,
        Pusher: PusherJs,
        ...settings,
      });
      node.later(() => echo.disconnect());
      return echo;
    },
  ],
];

/** Resolves with what Echo passes to a callback the first time. */
const first = <T>(register: (callback: (value: T) => void) => unknown) =>
  new Promise<T>((resolve) => {
    register(resolve);
  });

/** Both are listened to from the start: either may be the first. */
const subscribedBoth = (...channels: { subscribed(callback: () => void): unknown }[]) =>
  Promise.all(channels.map((channel) => first((done) => channel.subscribed(() => done(undefined)))));

/** As Laravel's presence channels are: a number as id, the user's fields as info. */
const visitor = (id: number, name: string): BrowserOptions => ({
  user: { id: String(id), info: { id, name } },
});

describe.each(setups)('%s', (_, echoOf) => {
  test('listens to a public channel', async () => {
    const channel = echoOf().channel('orders');
    await first((done) => channel.subscribed(done));
    const received = first((done) => channel.listen('OrderShipped', done));
    await node.sdk.trigger('orders', 'App\\Events\\OrderShipped', { order: 1 });
    expect(await received).toEqual({ order: 1 });
  });

  test('listens to an event of its own name', async () => {
    const channel = echoOf().channel('orders-named');
    await first((done) => channel.subscribed(done));
    const received = first((done) => channel.listen('.order.shipped', done));
    await node.sdk.trigger('orders-named', 'order.shipped', { order: 2 });
    expect(await received).toEqual({ order: 2 });
  });

  test('listens to a private channel', async () => {
    const channel = echoOf().private('orders.1');
    await first((done) => channel.subscribed(done));
    const received = first((done) => channel.listen('OrderShipped', done));
    await node.sdk.trigger('private-orders.1', 'App\\Events\\OrderShipped', { order: 3 });
    expect(await received).toEqual({ order: 3 });
  });

  test('listens to an encrypted channel', async () => {
    const channel = echoOf().encryptedPrivate('orders.1');
    await first((done) => channel.subscribed(done));
    const received = first((done) => channel.listen('OrderShipped', done));
    await node.sdk.trigger('private-encrypted-orders.1', 'App\\Events\\OrderShipped', { order: 4 });
    expect(await received).toEqual({ order: 4 });
  });

  test('joins a presence channel: here, joining, leaving', async () => {
    const ann = echoOf(visitor(1, 'Ann')).join('room');
    const here = await first<Member[]>((done) => ann.here(done));
    expect(here).toEqual([{ id: 1, name: 'Ann' }]);
    const joining = first<Member>((done) => ann.joining(done));
    const leaving = first<Member>((done) => ann.leaving(done));
    const bobs = echoOf(visitor(2, 'Bob'));
    const together = await first<Member[]>((done) => bobs.join('room').here(done));
    expect(together.map(({ name }) => name).sort()).toEqual(['Ann', 'Bob']);
    expect(await joining).toEqual({ id: 2, name: 'Bob' });
    bobs.leave('room');
    expect(await leaving).toEqual({ id: 2, name: 'Bob' });
  });

  test('whispers', async () => {
    const ann = echoOf().private('chat');
    const bob = echoOf().private('chat');
    await subscribedBoth(ann, bob);
    const heard = first((done) => bob.listenForWhisper('typing', done));
    ann.whisper('typing', { name: 'Ann' });
    expect(await heard).toEqual({ name: 'Ann' });
  });

  test('whispers in a presence channel', async () => {
    const ann = echoOf(visitor(1, 'Ann')).join('chat');
    const bob = echoOf(visitor(2, 'Bob')).join('chat');
    await subscribedBoth(ann, bob);
    const heard = first((done) => bob.listenForWhisper('typing', done));
    ann.whisper('typing', { name: 'Ann' });
    expect(await heard).toEqual({ name: 'Ann' });
  });

  test('hears of a refusal', async () => {
    const forger = sdkFor(node.server, 'wrong');
    const echo = echoOf({
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, done) =>
          done(null, forger.authorizeChannel(socketId, channelName)),
      },
    });
    expect(await first((done) => echo.private('forged').error(done))).toMatchObject({
      type: 'AuthError',
      status: 401,
    });
  });

  test('does not hear its own event, given its socket id', async () => {
    const echo = echoOf();
    const channel = echo.channel('others');
    await first((done) => channel.subscribed(done));
    const received = first((done) => channel.listen('.e', done));
    await node.sdk.trigger('others', 'e', 'own', { socket_id: echo.socketId() ?? '' });
    await node.sdk.trigger('others', 'e', 'of others');
    expect(await received).toBe('of others');
  });

  test('leaves, and the channel is empty', async () => {
    const echo = echoOf();
    const watcher = await node.connected();
    const counts = watcher.subscribe('left');
    await nextEvent(counts, 'pusher:subscription_succeeded');
    const joined = nextEvent<{ subscription_count: number }>(
      counts,
      'pusher:subscription_count',
      (count) => count.subscription_count === 2,
    );
    await first((done) => echo.channel('left').subscribed(done));
    await joined;
    const gone = nextEvent<{ subscription_count: number }>(counts, 'pusher:subscription_count');
    echo.leave('left');
    expect(await gone).toEqual({ subscription_count: 1 });
  });

  test('knows its connection', async () => {
    const echo = echoOf();
    await untilState(echo.connector.pusher, 'connected');
    expect(echo.socketId()).toMatch(/^\d+\.\d+$/);
    expect(echo.connectionStatus()).toBe('connected');
  });
});
