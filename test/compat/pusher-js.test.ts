/** The official browser library, pusher-js, in its Node build, against a real node. */
import type { PresenceChannel } from 'pusher-js';
import { describe, expect, test } from 'vitest';
import { startServer } from '../support/server.ts';
import {
  nextEvent,
  record,
  sdkFor,
  settled,
  signedInPage,
  subscribed,
  untilState,
  useNode,
} from './support.ts';
import { switchboard } from './switchboard.ts';

const node = useNode();

interface ErrorData {
  readonly code: number | null;
  readonly message: string;
}

/** An error frame comes as it is; a close comes twice, as it is and inside the error of its transport. */
interface ConnectionError {
  readonly error?: { readonly data?: ErrorData };
  readonly data?: ErrorData;
}

const reasonOf = ({ data, error }: ConnectionError): ErrorData | undefined => data ?? error?.data;

const presence = async (page: Awaited<ReturnType<typeof node.connected>>, name: string) =>
  (await subscribed(page, name)) as PresenceChannel;

const idsOf = (channel: PresenceChannel): string[] => {
  const ids: string[] = [];
  channel.members.each((member: { id: string }) => ids.push(member.id));
  return ids.sort();
};

describe('connection', () => {
  test('goes from connecting to connected, with a socket id', async () => {
    const page = node.page();
    const states = record<{ current: string }>(page.connection, 'state_change');
    await untilState(page, 'connected');
    expect(states.map(({ current }) => current).filter((state) => state !== 'connecting')).toEqual([
      'connected',
    ]);
    expect(page.connection.socket_id).toMatch(/^\d+\.\d+$/);
  });

  test('answers a ping', async () => {
    await settled(await node.connected());
  });

  test('survives silence by the pings of the client', async () => {
    const page = await node.connected({ activityTimeout: 50 });
    const isPong = ({ event }: { event: string }) => event === 'pusher:pong';
    await nextEvent(page.connection, 'message', isPong);
    await nextEvent(page.connection, 'message', isPong);
    expect(page.connection.state).toBe('connected');
  });

  test('with a wrong key ends as disconnected, with code 4001', async () => {
    const page = node.page({ key: 'nonsense' });
    const error = nextEvent<ConnectionError>(page.connection, 'error');
    await untilState(page, 'disconnected');
    expect(reasonOf(await error)).toMatchObject({ code: 4001, message: expect.stringContaining('nonsense') });
  });

  test('may use a path prefix', async () => {
    const page = await node.connected({ wsPath: '/some/prefix' });
    await settled(page);
  });

  test('can be closed and opened again', async () => {
    const page = await node.connected();
    const first = page.connection.socket_id;
    page.disconnect();
    await untilState(page, 'disconnected');
    page.connect();
    await untilState(page, 'connected');
    expect(page.connection.socket_id).not.toBe(first);
  });

  test('after 4200 comes back at once, and subscribes again', async () => {
    const [old, fresh] = [await startServer(), await startServer()];
    const address = await switchboard(old);
    const page = await node.connected({ at: address });
    const channel = await subscribed(page, 'deploy');
    const errors = record<ConnectionError>(page.connection, 'error');
    address.route(fresh);
    const again = nextEvent(channel, 'pusher:subscription_succeeded');
    await old.stop();
    await again;
    expect(new Set(errors.map((error) => reasonOf(error)?.code))).toEqual(new Set([4200]));
    const received = nextEvent(channel, 'e');
    await sdkFor(fresh).trigger('deploy', 'e', 'from the new node');
    expect(await received).toBe('from the new node');
    page.disconnect();
    await address.close();
    await fresh.stop();
  });
});

describe('subscriptions', () => {
  test.each([
    'public',
    'private-p',
    'private-encrypted-p',
    'cache-p',
    'private-cache-p',
    'private-encrypted-cache-p',
  ])('%s receives events', async (name) => {
    const channel = await subscribed(await node.connected(), name);
    const received = nextEvent(channel, 'e');
    await node.sdk.trigger(name, 'e', { n: 1 });
    expect(await received).toEqual({ n: 1 });
  });

  test('a subscription before the connection is made once it is there', async () => {
    const page = node.page();
    const channel = page.subscribe('early');
    await nextEvent(channel, 'pusher:subscription_succeeded');
    expect(channel.subscribed).toBe(true);
  });

  test('a hundred at once succeed', async () => {
    const page = await node.connected();
    const names = Array.from({ length: 100 }, (_, index) => `private-burst-${index}`);
    const channels = await Promise.all(names.map((name) => subscribed(page, name)));
    expect(channels.every((channel) => channel.subscribed)).toBe(true);
  });

  test('after unsubscribe nothing comes, and subscribing again works', async () => {
    const page = await node.connected();
    const channel = await subscribed(page, 'leave');
    const seen = record(channel, 'e');
    page.unsubscribe('leave');
    await settled(page);
    await node.sdk.trigger('leave', 'e', 'missed');
    await settled(page);
    const again = await subscribed(page, 'leave');
    const received = nextEvent(again, 'e');
    await node.sdk.trigger('leave', 'e', 'seen');
    expect(await received).toBe('seen');
    expect(seen).toEqual([]);
  });

  test('unsubscribe while the subscribe is under way leaves the channel', async () => {
    const page = await node.connected();
    page.subscribe('hasty');
    page.unsubscribe('hasty');
    await settled(page);
    await settled(page);
    const response = await node.sdk.get({ path: '/channels/hasty' });
    expect(await response.json()).toEqual({ occupied: false });
  });

  test('a refusal by the auth endpoint is a subscription_error', async () => {
    const page = await node.connected({
      channelAuthorization: { customHandler: (_, done) => setImmediate(done, new Error('not you'), null) },
    });
    const channel = page.subscribe('private-refused');
    expect(await nextEvent(channel, 'pusher:subscription_error')).toMatchObject({ type: 'AuthError' });
  });

  test('a refusal by the server is a subscription_error, and the connection stays', async () => {
    const forger = sdkFor(node.server, 'wrong');
    const page = await node.connected({
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, done) =>
          done(null, forger.authorizeChannel(socketId, channelName)),
      },
    });
    const error = nextEvent<ConnectionError>(page.connection, 'error');
    const channel = page.subscribe('private-forged');
    expect(await nextEvent(channel, 'pusher:subscription_error')).toMatchObject({
      type: 'AuthError',
      status: 401,
      error: expect.stringMatching(/^Invalid signature/),
    });
    expect(reasonOf(await error)).toMatchObject({
      code: null,
      message: expect.stringMatching(/^Invalid signature/),
    });
    await settled(page);
  });

  test('subscription_count tells how many there are', async () => {
    const [first, second] = [await node.connected(), await node.connected()];
    const channel = await subscribed(first, 'counted');
    const two = nextEvent<{ subscription_count: number }>(
      channel,
      'pusher:subscription_count',
      ({ subscription_count }) => subscription_count === 2,
    );
    await subscribed(second, 'counted');
    await two;
    expect(channel.subscriptionCount).toBe(2);
    const one = nextEvent<{ subscription_count: number }>(channel, 'pusher:subscription_count');
    second.unsubscribe('counted');
    expect(await one).toEqual({ subscription_count: 1 });
  });
});

describe('cache channels', () => {
  test('without an event tell of the miss', async () => {
    const page = await node.connected();
    const channel = page.subscribe('cache-miss');
    await nextEvent(channel, 'pusher:cache_miss');
    expect(channel.subscribed).toBe(true);
  });

  test.each(['cache-hit', 'private-cache-hit', 'private-encrypted-cache-hit'])(
    '%s replays the last event',
    async (name) => {
      await node.sdk.trigger(name, 'position', { lat: 1 });
      await node.sdk.trigger(name, 'position', { lat: 2 });
      const channel = (await node.connected()).subscribe(name);
      expect(await nextEvent(channel, 'position')).toEqual({ lat: 2 });
    },
  );
});

describe('presence', () => {
  test('members, me and count are right on both sides', async () => {
    const ann = await presence(
      await node.connected({ user: { id: '1', info: { name: 'Ann' } } }),
      'presence-room',
    );
    expect([ann.members.count, ann.members.me]).toEqual([1, { id: '1', info: { name: 'Ann' } }]);
    const added = nextEvent(ann, 'pusher:member_added');
    const bob = await presence(
      await node.connected({ user: { id: '2', info: { name: 'Bob' } } }),
      'presence-room',
    );
    expect(await added).toEqual({ id: '2', info: { name: 'Bob' } });
    expect([idsOf(ann), idsOf(bob)]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
    expect(bob.members.me).toEqual({ id: '2', info: { name: 'Bob' } });
  });

  test('two tabs of one user are one member', async () => {
    const ann = await presence(await node.connected({ user: { id: '1' } }), 'presence-tabs');
    const added = record<{ id: string }>(ann, 'pusher:member_added');
    const removed = nextEvent<{ id: string }>(ann, 'pusher:member_removed');
    const one = await node.connected({ user: { id: '2' } });
    const two = await node.connected({ user: { id: '2' } });
    await presence(one, 'presence-tabs');
    const second = await presence(two, 'presence-tabs');
    expect(second.members.count).toBe(2);
    one.disconnect();
    await presence(await node.connected({ user: { id: '3' } }), 'presence-tabs');
    two.disconnect();
    expect((await removed).id).toBe('2');
    expect(added.map(({ id }) => id)).toEqual(['2', '3']);
    expect(idsOf(ann)).toEqual(['1', '3']);
  });

  test('a signed-in user needs no channel_data', async () => {
    const page = node.page({
      user: { id: '5', info: { name: 'Eve' } },
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, done) =>
          done(null, node.sdk.authorizeChannel(socketId, channelName)),
      },
    });
    page.signin();
    const channel = await presence(page, 'presence-signed-in');
    expect(channel.members.me).toEqual({ id: '5', info: { name: 'Eve' } });
  });

  test('a full channel refuses with a subscription_error', async () => {
    const small = await startServer({
      apps: [{ ...node.server.app, limits: { presenceMaxMembers: 1 } }],
    });
    const first = await node.connected({ at: small, user: { id: '1' } });
    await presence(first, 'presence-full');
    const second = await node.connected({ at: small, user: { id: '2' } });
    const error = await nextEvent(second.subscribe('presence-full'), 'pusher:subscription_error');
    expect(error).toMatchObject({ type: 'LimitReached', status: 403 });
    first.disconnect();
    second.disconnect();
    await small.stop();
  });
});

describe('client events', () => {
  test('go both ways on a private channel, never back to the sender', async () => {
    const [ann, bob] = [await node.connected(), await node.connected()];
    const [hers, his] = [await subscribed(ann, 'private-chat'), await subscribed(bob, 'private-chat')];
    const own = record(hers, 'client-hello');
    const received = nextEvent(his, 'client-hello');
    hers.trigger('client-hello', { n: 1 });
    expect(await received).toEqual({ n: 1 });
    const answer = nextEvent(hers, 'client-answer');
    his.trigger('client-answer', { n: 2 });
    expect(await answer).toEqual({ n: 2 });
    expect(own).toEqual([]);
  });

  test('carry the sender on a presence channel', async () => {
    const ann = await node.connected({ user: { id: '1' } });
    const bob = await node.connected({ user: { id: '2' } });
    const hers = await presence(ann, 'presence-chat');
    const his = await presence(bob, 'presence-chat');
    const sender = new Promise<unknown>((resolve) => {
      his.bind('client-hello', (_: unknown, metadata: { user_id: string }) => resolve(metadata.user_id));
    });
    hers.trigger('client-hello', {});
    expect(await sender).toBe('1');
  });

  test('above ten a second are dropped with 4301, and the connection stays', async () => {
    const [ann, bob] = [await node.connected(), await node.connected()];
    const hers = await subscribed(ann, 'private-fast');
    const his = await subscribed(bob, 'private-fast');
    const seen = record(his, 'client-n');
    const error = nextEvent<ConnectionError>(ann.connection, 'error');
    for (let n = 0; n < 11; n++) hers.trigger('client-n', n);
    expect(reasonOf(await error)?.code).toBe(4301);
    await settled(ann);
    const last = nextEvent(his, 'last');
    await node.sdk.trigger('private-fast', 'last', {});
    await last;
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('users', () => {
  const signedIn = (id: string, watchlist?: readonly string[]) =>
    signedInPage(node, { id, ...(watchlist === undefined ? {} : { watchlist }) });

  test('are reached by sendToUser, in every tab', async () => {
    const tabs = [await signedIn('7'), await signedIn('7')];
    const received = tabs.map((tab) => nextEvent(tab.user, 'note'));
    await node.sdk.sendToUser('7', 'note', { n: 1 });
    expect(await Promise.all(received)).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test('see who of their watchlist comes and goes', async () => {
    const friend = await signedIn('friend');
    const watcher = node.page({ user: { id: 'watcher', watchlist: ['friend', 'stranger'] } });
    const present = nextEvent<{ user_ids: string[] }>(watcher.user.watchlist, 'online');
    const absent = nextEvent<{ user_ids: string[] }>(watcher.user.watchlist, 'offline');
    watcher.signin();
    expect([(await present).user_ids, (await absent).user_ids]).toEqual([['friend'], ['stranger']]);
    const arrives = nextEvent<{ user_ids: string[] }>(watcher.user.watchlist, 'online');
    await signedIn('stranger');
    expect((await arrives).user_ids).toEqual(['stranger']);
    const leaves = nextEvent<{ user_ids: string[] }>(watcher.user.watchlist, 'offline');
    friend.disconnect();
    expect((await leaves).user_ids).toEqual(['friend']);
  });

  test('who are terminated are disconnected, and do not come back', async () => {
    const page = await signedIn('8');
    const error = nextEvent<ConnectionError>(page.connection, 'error');
    await node.sdk.terminateUserConnections('8');
    await untilState(page, 'disconnected');
    expect(reasonOf(await error)?.code).toBe(4009);
  });

  test('are signed in again after a reconnect', async () => {
    const page = await signedIn('9');
    page.disconnect();
    await untilState(page, 'disconnected');
    const ready = nextEvent<{ event: string }>(
      page.connection,
      'message',
      ({ event }) => event === 'pusher:signin_success',
    );
    page.connect();
    await ready;
  });

  test('whose sign-in is forged are told so, and stay connected', async () => {
    const forger = sdkFor(node.server, 'wrong');
    const page = await node.connected({
      userAuthentication: {
        customHandler: ({ socketId }, done) => done(null, forger.authenticateUser(socketId, { id: '1' })),
      },
    });
    const error = nextEvent<ConnectionError>(page.connection, 'error');
    page.signin();
    expect(reasonOf(await error)?.code).toBeNull();
    await settled(page);
  });
});
