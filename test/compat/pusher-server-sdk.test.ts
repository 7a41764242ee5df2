/** The official Node server library, `pusher`, method by method. */
import Pusher from 'pusher';
import { describe, expect, test } from 'vitest';
import { sendHttp } from '../support/api.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { nextEvent, sdkFor, signedInPage, subscribed, untilState, useNode } from './support.ts';

const node = useNode();

describe('trigger', () => {
  test('to one channel', async () => {
    const channel = await subscribed(await node.connected(), 'one');
    const received = nextEvent(channel, 'e');
    const response = await node.sdk.trigger('one', 'e', { hello: 'wörld' });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(await received).toEqual({ hello: 'wörld' });
  });

  test('of a string that is no JSON', async () => {
    const channel = await subscribed(await node.connected(), 'text');
    const received = nextEvent(channel, 'e');
    await node.sdk.trigger('text', 'e', 'just text');
    expect(await received).toBe('just text');
  });

  test.each([[null], [12], [true], [['a', 1]], ['']])('of %j', async (data) => {
    const channel = await subscribed(await node.connected(), 'values');
    const received = nextEvent(channel, 'e');
    await node.sdk.trigger('values', 'e', data);
    expect(await received).toEqual(data);
  });

  test('to a hundred channels', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const page = await node.connected();
    const channels = await Promise.all(names.map((name) => subscribed(page, name)));
    const received = channels.map((channel) => nextEvent(channel, 'e'));
    await node.sdk.trigger(names, 'e', 1);
    expect(await Promise.all(received)).toEqual(names.map(() => 1));
  });

  test('with info', async () => {
    await subscribed(await node.connected({ user: { id: '7' } }), 'presence-info');
    const response = await node.sdk.trigger(
      ['presence-info', 'info'],
      'e',
      {},
      { info: 'user_count,subscription_count' },
    );
    expect(await response.json()).toEqual({
      channels: {
        'presence-info': { user_count: 1, subscription_count: 1 },
        info: { subscription_count: 0 },
      },
    });
  });

  test('with socket_id spares that page', async () => {
    const [sender, other] = [await node.connected(), await node.connected()];
    const mine = await subscribed(sender, 'spare');
    const theirs = await subscribed(other, 'spare');
    const seen = nextEvent(theirs, 'e');
    const first = nextEvent(mine, 'e');
    await node.sdk.trigger('spare', 'e', 'spared', { socket_id: sender.connection.socket_id });
    await node.sdk.trigger('spare', 'e', 'for all');
    expect(await seen).toBe('spared');
    expect(await first).toBe('for all');
  });

  test('to an encrypted channel', async () => {
    const channel = await subscribed(await node.connected(), 'private-encrypted-e');
    const received = nextEvent(channel, 'e');
    await node.sdk.trigger('private-encrypted-e', 'e', { secret: 'ü' });
    expect(await received).toEqual({ secret: 'ü' });
  });

  test('a refusal is a RequestError with status and text', async () => {
    const error = await node.sdk.trigger('a', 'pusher:reserved', {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Pusher.RequestError);
    expect(error).toMatchObject({ status: 400, body: expect.stringMatching(/\S/) });
  });

  test('data too large is 413', async () => {
    await expect(node.sdk.trigger('a', 'e', 'x'.repeat(10_241))).rejects.toMatchObject({
      status: 413,
      body: expect.stringContaining('(10240 bytes)'),
    });
  });

  test('a wrong secret is 401', async () => {
    await expect(sdkFor(node.server, 'wrong').trigger('a', 'e', {})).rejects.toMatchObject({
      status: 401,
      body: expect.stringMatching(/^Invalid signature/),
    });
  });
});

describe('triggerBatch', () => {
  test('ten events, encrypted ones among them', async () => {
    const page = await node.connected();
    const plain = await subscribed(page, 'batch');
    const encrypted = await subscribed(page, 'private-encrypted-batch');
    const received = [nextEvent(plain, 'e0'), nextEvent(plain, 'e8'), nextEvent(encrypted, 'last')];
    const events = Array.from({ length: 9 }, (_, index) => ({
      channel: 'batch',
      name: `e${index}`,
      data: { index },
    }));
    const response = await node.sdk.triggerBatch([
      ...events,
      { channel: 'private-encrypted-batch', name: 'last', data: 'sealed' },
    ]);
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(await Promise.all(received)).toEqual([{ index: 0 }, { index: 8 }, 'sealed']);
  });

  test('with info', async () => {
    const response = await node.sdk.triggerBatch([
      { channel: 'batch-info', name: 'e', data: 1, info: 'subscription_count' },
      { channel: 'batch-info', name: 'e', data: 2 },
    ]);
    expect(await response.json()).toEqual({ batch: [{ subscription_count: 0 }, {}] });
  });
});

describe('get', () => {
  test('channels, by prefix and with info', async () => {
    await subscribed(await node.connected({ user: { id: '7' } }), 'presence-get,@=;.x');
    const response = await node.sdk.get({
      path: '/channels',
      params: { filter_by_prefix: 'presence-get,@', info: 'user_count' },
    });
    expect(await response.json()).toEqual({ channels: { 'presence-get,@=;.x': { user_count: 1 } } });
  });

  test('a channel', async () => {
    await subscribed(await node.connected({ user: { id: '7' } }), 'presence-single');
    const response = await node.sdk.get({
      path: '/channels/presence-single',
      params: { info: 'user_count,subscription_count' },
    });
    expect(await response.json()).toEqual({ occupied: true, user_count: 1, subscription_count: 1 });
  });

  test('the cache of a channel', async () => {
    await node.sdk.trigger('cache-get', 'e', { n: 1 });
    const response = await node.sdk.get({ path: '/channels/cache-get', params: { info: 'cache' } });
    expect(await response.json()).toEqual({
      occupied: false,
      cache: { data: '{"n":1}', ttl: expect.any(Number) },
    });
  });

  test('users of a channel', async () => {
    await subscribed(await node.connected({ user: { id: '7' } }), 'presence-users');
    const response = await node.sdk.get({ path: '/channels/presence-users/users' });
    expect(await response.json()).toEqual({ users: [{ id: '7' }] });
  });

  test('what is not there is a RequestError', async () => {
    await expect(node.sdk.get({ path: '/nothing' })).rejects.toMatchObject({ status: 404 });
  });
});

describe('users', () => {
  const signedIn = (id: string) => signedInPage(node, { id });

  test.each(['7', 'a|b', 'zoë@example.com'])('sendToUser reaches %j', async (id) => {
    const page = await signedIn(id);
    const received = nextEvent(page.user, 'note');
    await node.sdk.sendToUser(id, 'note', { to: id });
    expect(await received).toEqual({ to: id });
  });

  test.each(['7', 'a|b', 'zoë@example.com'])('terminateUserConnections ends %j', async (id) => {
    const page = await signedIn(id);
    const response = await node.sdk.terminateUserConnections(id);
    expect([response.status, await response.json()]).toEqual([200, {}]);
    await untilState(page, 'disconnected');
  });
});

describe('signatures', () => {
  test('createSignedQueryString is accepted', async () => {
    const path = `/apps/${DEFAULT_APP.id}/channels`;
    const rawQuery = node.sdk.createSignedQueryString({
      method: 'GET',
      path,
      params: { filter_by_prefix: 'a,b' },
    });
    const response = await sendHttp(node.server, {
      method: 'GET',
      path,
      params: [],
      rawQuery,
      body: undefined,
      headers: {},
    });
    expect([response.status, response.text]).toEqual([200, '{"channels":{}}']);
  });

  test('createSignedQueryString of a POST is accepted', async () => {
    const path = `/apps/${DEFAULT_APP.id}/events`;
    const body = '{"name":"e","channel":"a","data":"x"}';
    const rawQuery = node.sdk.createSignedQueryString({ method: 'POST', path, body });
    const request = { method: 'POST', path, params: [], rawQuery, body: Buffer.from(body), headers: {} };
    expect((await sendHttp(node.server, request)).text).toBe('{}');
  });

  test('an SDK made from a URL works', async () => {
    const { host, port, app } = node.server;
    const sdk = Pusher.forURL(`http://${app.key}:${app.secret}@${host}:${port}/apps/${app.id}`);
    expect((await sdk.trigger('a', 'e', {})).status).toBe(200);
  });
});
