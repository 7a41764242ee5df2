/** Two apps on one node: whatever has the same name is not the same thing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { QUIET, quietApp } from '../support/apps.ts';
import { channelAuth } from '../support/auth.ts';
import {
  cacheMiss,
  expectRefused,
  opened,
  softError,
  succeeded,
  whole,
  wholeAll,
} from '../support/frames.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer, withOneNode, withServer } from '../support/use-server.ts';

const everything = { clientEvents: true, subscriptionCounts: false, watchlists: true };
const server = useServer({
  apps: [quietApp({ features: everything }), { ...OTHER_APP, features: everything }],
});
const ofOther = { app: OTHER_APP };
let mine: RawClient;
let theirs: RawClient;

beforeEach(async () => {
  mine = await RawClient.connect(server());
  theirs = await RawClient.connect(server(), { key: OTHER_APP.key });
});
afterEach(async () => {
  await Promise.all([mine.close(), theirs.close()]);
});

describe('apps do not share', () => {
  it('public channels', async () => {
    await mine.subscribe('news');
    await theirs.subscribe('news');
    await trigger(server(), 'news', 'e', 'mine');
    await trigger(server(), 'news', 'e', 'theirs', {}, ofOther);
    expect(whole(await theirs.expectNext())).toEqual({ event: 'e', channel: 'news', data: 'theirs' });
    expect(whole(await mine.expectNext())).toEqual({ event: 'e', channel: 'news', data: 'mine' });
    expect([...(await mine.barrier()), ...(await theirs.barrier())]).toEqual([]);
  });

  it('client events', async () => {
    await joinPrivate(mine, DEFAULT_APP, 'private-a');
    await joinPrivate(theirs, OTHER_APP, 'private-a');
    mine.send({ event: 'client-x', channel: 'private-a', data: 'x' });
    expect(await mine.barrier()).toEqual([]);
    expect(await theirs.barrier()).toEqual([]);
  });

  it('signatures', async () => {
    const auth = channelAuth(OTHER_APP, mine.socketId, 'private-a');
    mine.send({ event: 'pusher:subscribe', data: { channel: 'private-a', auth } });
    await expectRefused(
      mine,
      'private-a',
      'AuthError',
      401,
      "Invalid key in subscription auth data: 'other-key'",
    );
  });

  it('members', async () => {
    await joinPresence(mine, DEFAULT_APP, 'presence-a', { user_id: '7' });
    const list = await joinPresence(theirs, OTHER_APP, 'presence-a', { user_id: '7' });
    expect(opened(list)['data']).toEqual({ presence: { count: 1, ids: ['7'], hash: { '7': null } } });
    expect(await mine.barrier()).toEqual([]);
    await joinPresence(await RawClient.connect(server(), { key: OTHER_APP.key }), OTHER_APP, 'presence-a', {
      user_id: '8',
    });
    expect(await mine.barrier()).toEqual([]);
    expect((await api(server(), 'GET', '/channels/presence-a/users')).json()).toEqual({
      users: [{ id: '7' }],
    });
  });

  it('users', async () => {
    await signIn(mine, DEFAULT_APP, { id: '7' });
    await signIn(theirs, OTHER_APP, { id: '7' });
    await mine.subscribe('#server-to-user-7');
    await theirs.subscribe('#server-to-user-7');
    await trigger(server(), '#server-to-user-7', 'e', 'x');
    expect(whole(await mine.expectNext())).toEqual({ event: 'e', channel: '#server-to-user-7', data: 'x' });
    expect(await theirs.barrier()).toEqual([]);
    await api(server(), 'POST', '/users/7/terminate_connections', { body: {}, app: OTHER_APP });
    expect((await theirs.closed).code).toBe(4009);
    expect(await mine.barrier()).toEqual([]);
  });

  it('watchlists', async () => {
    await signIn(theirs, OTHER_APP, { id: '8' });
    await signIn(mine, DEFAULT_APP, { id: 'w', watchlist: ['8'] });
    expect(opened(await mine.next('pusher_internal:watchlist_events'))['data']).toEqual({
      events: [{ name: 'offline', user_ids: ['8'] }],
    });
  });

  it('cached events', async () => {
    await trigger(server(), 'cache-a', 'e', 'mine');
    theirs.send({ event: 'pusher:subscribe', data: { channel: 'cache-a' } });
    expect(wholeAll(await theirs.barrier())).toEqual([succeeded('cache-a'), cacheMiss('cache-a')]);
    mine.send({ event: 'pusher:subscribe', data: { channel: 'cache-a' } });
    expect(await mine.barrier()).toContainEqual(expect.objectContaining({ event: 'e', data: 'mine' }));
  });

  it('lists of channels', async () => {
    await mine.subscribe('only-mine');
    await theirs.subscribe('only-theirs');
    expect((await api(server(), 'GET', '/channels')).json()).toEqual({ channels: { 'only-mine': {} } });
    expect((await api(server(), 'GET', '/channels/only-mine', ofOther)).json()).toEqual({ occupied: false });
  });

  it('subscriptions: leaving here is not leaving there', async () => {
    await mine.subscribe('news');
    await theirs.subscribe('news');
    await mine.close();
    await trigger(server(), 'news', 'e', 'x', {}, ofOther);
    expect(whole(await theirs.expectNext())).toEqual({ event: 'e', channel: 'news', data: 'x' });
  });

  it('excluded sockets: the id of a socket of another app excludes nobody', async () => {
    await mine.subscribe('news');
    await trigger(server(), 'news', 'e', 'x', { socket_id: theirs.socketId });
    expect(whole(await mine.expectNext())).toEqual({ event: 'e', channel: 'news', data: 'x' });
  });
});

describe('apps have their own', () => {
  const big = { ...quietApp(), features: { ...QUIET, clientEvents: true } };
  const small = {
    ...OTHER_APP,
    features: { ...QUIET, subscriptionCounts: true },
    limits: { connections: 1, channelNameLength: 10, presenceMaxMembers: 1, eventDataBytes: 10 },
  };

  it('limits', async () => {
    await withOneNode({ apps: [big, small] }, async (node) => {
      const first = await RawClient.connect(node, { key: OTHER_APP.key });
      const second = await RawClient.open(node.wsUrl({ key: OTHER_APP.key }));
      expect((await second.closed).code).toBe(4004);
      const client = await RawClient.connect(node);
      await RawClient.connect(node);
      await client.subscribe('n'.repeat(11));
      first.send({ event: 'pusher:subscribe', data: { channel: 'n'.repeat(11) } });
      await expectRefused(first, 'n'.repeat(11), 'LimitReached', 413);
      expect((await trigger(node, 'a', 'e', 'x'.repeat(11))).status).toBe(200);
      expect((await trigger(node, 'a', 'e', 'x'.repeat(11), {}, ofOther)).status).toBe(413);
    });
  });

  it('features', async () => {
    await withServer({ apps: [big, small] }, async (node) => {
      const client = await RawClient.connect(node);
      const other = await RawClient.connect(node, { key: OTHER_APP.key });
      await joinPrivate(client, DEFAULT_APP, 'private-a');
      await joinPrivate(other, OTHER_APP, 'private-a');
      expect(await client.barrier()).toEqual([]);
      expect((await other.barrier()).map((frame) => frame.event)).toEqual([
        'pusher_internal:subscription_count',
      ]);
      client.send({ event: 'client-x', channel: 'private-a', data: 'x' });
      expect(await client.barrier()).toEqual([]);
      other.send({ event: 'client-x', channel: 'private-a', data: 'x' });
      expect(wholeAll(await other.barrier())).toEqual([softError()]);
    });
  });
});
