/** Subscriptions that end with the token that allowed them, or when the app says so. */
import PusherJs from 'pusher-js';
import { describe, expect, test } from 'vitest';
import { nextEvent, subscribed, untilState } from '../compat/support.ts';
import { api, trigger } from '../support/api.ts';
import { RawClient } from '../support/raw-client.ts';
import type { TestServer } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';
import { ask, authApp, seconds, TOKEN_SECRET, token } from './support.ts';

const noSkew = { token: { secret: TOKEN_SECRET, clockSkewSeconds: 0 } };
const quiet = { features: { subscriptionCounts: false } };

/** Subscribes with a signature of the hosted endpoint; returns it. */
async function join(server: TestServer, client: RawClient, name: string, bearer: string): Promise<string> {
  const response = await ask(server, { socket_id: client.socketId, channel_name: name }, { token: bearer });
  const { auth } = response.json() as { auth: string };
  client.send({ event: 'pusher:subscribe', data: { channel: name, auth } });
  await client.next('pusher_internal:subscription_succeeded');
  return auth;
}

const errorOf = (frame: { data?: unknown }) => JSON.parse(String(frame.data)) as object;

describe('at expiry', () => {
  test('with unsubscribe: told, out of the channel, and the signature is of no more use', () =>
    withServer({ apps: [authApp({ ...noSkew, atExpiry: 'unsubscribe' }, quiet)] }, async (server) => {
      const client = await RawClient.connect(server);
      const auth = await join(server, client, 'private-user-7', await token({ exp: seconds() + 2 }));
      const told = await client.next('pusher:subscription_error');
      expect(told.channel).toBe('private-user-7');
      expect(errorOf(told)).toEqual({
        type: 'AuthError',
        error: 'The grant for this channel has expired',
        status: 401,
      });
      await trigger(server, 'private-user-7', 'e', 'late');
      client.send({ event: 'pusher:subscribe', data: { channel: 'private-user-7', auth } });
      expect(errorOf(await client.next('pusher:subscription_error'))).toMatchObject({ status: 401 });
      await join(server, client, 'private-user-7', await token());
      client.socket.close();
    }));

  test('a newer token, shown to the endpoint in time, lets the subscription live on', () =>
    withServer({ apps: [authApp({ ...noSkew, atExpiry: 'unsubscribe' }, quiet)] }, async (server) => {
      const client = await RawClient.connect(server);
      await join(server, client, 'private-user-7', await token({ exp: seconds() + 2 }));
      const renewed = await ask(
        server,
        { socket_id: client.socketId, channel_name: 'private-user-7' },
        { token: await token() },
      );
      expect(renewed.status).toBe(200);
      await new Promise((done) => setTimeout(done, 3500));
      await trigger(server, 'private-user-7', 'e', 'still here');
      expect((await client.next('e')).data).toBe('still here');
      client.socket.close();
    }));

  test('with keep, which is the default: nothing happens', () =>
    withServer({ apps: [authApp(noSkew, quiet)] }, async (server) => {
      const client = await RawClient.connect(server);
      await join(server, client, 'private-user-7', await token({ exp: seconds() + 1 }));
      await new Promise((done) => setTimeout(done, 2200));
      await trigger(server, 'private-user-7', 'e', 'still here');
      expect((await client.next('e')).data).toBe('still here');
      client.socket.close();
    }));
});

describe('pusher-js at expiry', () => {
  const page = (server: TestServer, bearer: () => string): PusherJs =>
    new PusherJs(server.app.key, {
      cluster: '',
      wsHost: server.host,
      wsPort: server.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        endpoint: server.httpUrl('/pusher/auth'),
        transport: 'ajax',
        headersProvider: () => ({ Authorization: `Bearer ${bearer()}` }),
      },
    });

  test('with reconnect: comes back by itself, with its bindings, on a fresh token', () =>
    withServer({ apps: [authApp({ ...noSkew, atExpiry: 'reconnect' })] }, async (server) => {
      let bearer = await token({ exp: seconds() + 2 });
      const client = page(server, () => bearer);
      const channel = await subscribed(client, 'private-user-7');
      const first = client.connection.socket_id;
      bearer = await token();
      await nextEvent(channel, 'pusher:subscription_succeeded');
      expect(client.connection.socket_id).not.toBe(first);
      const received = nextEvent(channel, 'e');
      await trigger(server, 'private-user-7', 'e', { n: 1 });
      expect(await received).toEqual({ n: 1 });
      client.disconnect();
    }));

  test('with reconnect and without a fresh token: comes back once, and stays out of the channel', () =>
    withServer({ apps: [authApp({ ...noSkew, atExpiry: 'reconnect' })] }, async (server) => {
      const bearer = await token({ exp: seconds() + 2 });
      const client = page(server, () => bearer);
      const channel = await subscribed(client, 'private-user-7');
      expect(await nextEvent(channel, 'pusher:subscription_error')).toMatchObject({ status: 403 });
      await untilState(client, 'connected');
      const second = client.connection.socket_id;
      await new Promise((done) => setTimeout(done, 1500));
      expect(client.connection.socket_id).toBe(second);
      client.disconnect();
    }));

  test('with unsubscribe: hears of it on the channel, and gets in again by unsubscribing first', () =>
    withServer({ apps: [authApp({ ...noSkew, atExpiry: 'unsubscribe' })] }, async (server) => {
      let bearer = await token({ exp: seconds() + 2 });
      const client = page(server, () => bearer);
      const channel = await subscribed(client, 'private-user-7');
      const told = await nextEvent<{ status: number } | string>(channel, 'pusher:subscription_error');
      expect(typeof told === 'string' ? JSON.parse(told) : told).toMatchObject({ status: 401 });
      bearer = await token();
      client.unsubscribe('private-user-7');
      const again = await subscribed(client, 'private-user-7');
      const received = nextEvent(again, 'e');
      await trigger(server, 'private-user-7', 'e', { n: 1 });
      expect(await received).toEqual({ n: 1 });
      client.disconnect();
    }));
});

test('a connection may visit any number of channels, and what it gave up for others needs a new grant', () => {
  const rules = [{ channels: ['private-*'] }];
  const app = authApp({ rules }, { ...quiet, limits: { channelsPerConnection: 2 } });
  return withServer({ apps: [app] }, async (server) => {
    const client = await RawClient.connect(server);
    const bearer = await token();
    await join(server, client, 'private-stays', bearer);
    const visit = async (name: string): Promise<string> => {
      const auth = await join(server, client, name, bearer);
      client.send({ event: 'pusher:unsubscribe', data: { channel: name } });
      return auth;
    };
    const auth = await visit('private-1');
    for (const name of ['private-2', 'private-3', 'private-4', 'private-5']) await visit(name);
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-1', auth } });
    expect(errorOf(await client.next('pusher:subscription_error'))).toMatchObject({ status: 401 });
    await visit('private-1');
    await api(server, 'POST', '/users/7/revoke_grants', { body: {} });
    expect((await client.next('pusher:subscription_error')).channel).toBe('private-stays');
    client.socket.close();
  });
});

describe('revoke_grants', () => {
  const server = useServer({ apps: [authApp({}, quiet)] });

  test("ends the user's subscriptions at once, those of others not, and refuses tokens from before", async () => {
    const [mine, other] = [await RawClient.connect(server()), await RawClient.connect(server())];
    const bearer = await token({ sub: 'rev' });
    const auth = await join(server(), mine, 'private-user-rev', bearer);
    await join(server(), other, 'private-user-8', await token({ sub: '8' }));
    const response = await api(server(), 'POST', '/users/rev/revoke_grants', { body: {} });
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(errorOf(await mine.next('pusher:subscription_error'))).toEqual({
      type: 'AuthError',
      error: 'The grant for this channel was revoked',
      status: 401,
    });
    mine.send({ event: 'pusher:subscribe', data: { channel: 'private-user-rev', auth } });
    await mine.next('pusher:subscription_error');
    const fields = { socket_id: mine.socketId, channel_name: 'private-user-rev' };
    expect((await ask(server(), fields, { token: bearer })).status).toBe(403);
    const ahead = await token({ sub: 'rev', iat: seconds() + 8 });
    expect((await ask(server(), fields, { token: ahead })).status).toBe(403);
    await trigger(server(), 'private-user-8', 'e', 'here');
    expect((await other.next('e')).data).toBe('here');
    mine.socket.close();
    other.socket.close();
  });

  test('refuses a sign-in that was allowed before, and no other', async () => {
    const client = await RawClient.connect(server());
    const fields = { socket_id: client.socketId };
    const path = '/pusher/user-auth';
    const [gone, stays] = [await token({ sub: 'gone' }), await token({ sub: 'stays' })];
    const before = (await ask(server(), fields, { path, token: gone })).json();
    await api(server(), 'POST', '/users/gone/revoke_grants', { body: {} });
    const other = (await ask(server(), fields, { path, token: stays })).json();
    client.send({ event: 'pusher:signin', data: before as object });
    expect((await client.next('pusher:error')).data).toMatchObject({
      message: 'The permission to sign in was revoked',
    });
    client.send({ event: 'pusher:signin', data: other as object });
    expect(JSON.stringify(await client.next('pusher:signin_success'))).toContain('stays');
    client.socket.close();
  });

  test('takes tokens from after it, once clocks that differ are out of the question', () =>
    withServer({ apps: [authApp(noSkew, quiet)] }, async (node) => {
      const fields = { socket_id: '1.2', channel_name: 'private-user-7' };
      await api(node, 'POST', '/users/7/revoke_grants', { body: {} });
      expect((await ask(node, fields, { token: await token() })).status).toBe(403);
      await new Promise((done) => setTimeout(done, 1100));
      expect((await ask(node, fields, { token: await token() })).status).toBe(200);
    }));

  test('needs a signature of the app', async () => {
    const response = await api(server(), 'POST', '/users/7/revoke_grants', {
      body: {},
      tamper: ({ params }) => {
        params[4] = ['auth_signature', '0'.repeat(64)];
      },
    });
    expect(response.status).toBe(401);
  });
});
