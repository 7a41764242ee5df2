/** Several workers on one port behave as one node: clients of one see those of the other, with Redis and without. */
import PusherJs, { type PresenceChannel } from 'pusher-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, authApp, token } from '../auth/support.ts';
import { sdkFor } from '../compat/support.ts';
import { api, trigger } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { cacheMiss, memberAdded, memberRemoved, opened, whole } from '../support/frames.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import type { RawClient } from '../support/raw-client.ts';
import { startSingleRedis } from '../support/redis.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { WorkersNode } from '../support/workers-node.ts';

const noRedis = async () => ({ settings: {}, stop: async () => undefined });
const withRedis = async () => {
  const redis = await startSingleRedis();
  return { settings: { redis: { url: redis.url } }, stop: () => redis.stop() };
};

describe.each([
  ['without Redis', noRedis],
  ['with Redis', withRedis],
] as const)('%s', (_, start) => {
  let around: Awaited<ReturnType<typeof withRedis>> | Awaited<ReturnType<typeof noRedis>>;
  let receiver: WebhookReceiver;
  let node: WorkersNode;
  let clients: RawClient[];
  let one: RawClient;
  let other: RawClient;

  beforeAll(async () => {
    around = await start();
    receiver = await WebhookReceiver.start();
    node = await WorkersNode.start({
      ...around.settings,
      admin: { token: 'an-admin-token-0123456789' },
      webhooks: { graceMs: 0, retryFirstMs: 1, retrySeconds: 0 },
      apps: [
        {
          ...authApp({ rules: [{ channels: ['private-{sub}'] }] }),
          features: { clientEvents: true, watchlists: true, subscriptionCounts: false },
          webhooks: [{ url: receiver.url }],
        },
      ],
    });
  });
  afterAll(async () => {
    await node?.stop();
    await around?.stop();
    await receiver?.close();
    expect(node.errors).toEqual([]);
  });
  beforeEach(async () => {
    const spread = await node.spread();
    clients = spread.flat();
    [one, other] = clients as [RawClient, RawClient];
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
  });

  it('an event reaches the subscribers of both, once each, in the same bytes', async () => {
    for (const client of clients) await client.subscribe('news');
    const data = 'é\u2028 😀 "quoted" \\ \n';
    expect((await trigger(node, 'news', 'e', data)).status).toBe(200);
    await trigger(node, 'news', 'last', '');
    const frames = [await one.next('e'), await other.next('e')];
    expect(frames.map(({ data: got }) => got)).toEqual([data, data]);
    expect(frames[0]?.raw).toBe(frames[1]?.raw);
    for (const client of clients) {
      await client.next('last');
      expect(client.takeAll()).toEqual([]);
    }
  });

  it('events taken in by both arrive in one order', async () => {
    for (const client of clients) await client.subscribe('order');
    const count = 100;
    await Promise.all(Array.from({ length: count }, (_each, n) => trigger(node, 'order', 'e', `${n}`)));
    const orders: unknown[][] = [];
    for (const client of clients) {
      const order: unknown[] = [];
      while (order.length < count) order.push((await client.next('e')).data);
      orders.push(order);
    }
    expect(orders[0]).toEqual(orders[1]);
    expect(new Set(orders[0]).size).toBe(count);
  });

  it('a socket_id excludes a connection, whichever worker takes the event in', async () => {
    for (const client of clients) await client.subscribe('excluding');
    for (let n = 0; n < 10; n += 1) {
      await trigger(node, 'excluding', 'e', 'x', { socket_id: other.socketId });
      await one.next('e');
    }
    await trigger(node, 'excluding', 'last', 'x');
    expect((await other.expectNext()).event).toBe('last');
  });

  it('a client event reaches all but its sender', async () => {
    for (const client of clients) await joinPrivate(client, DEFAULT_APP, 'private-talk');
    one.send({ event: 'client-x', channel: 'private-talk', data: { a: 1 } });
    expect((await other.next('client-x')).data).toBe('{"a":1}');
    other.send({ event: 'client-last', channel: 'private-talk', data: {} });
    await one.next('client-last');
    expect(one.takeAll()).toEqual([]);
  });

  it('members of a presence channel see each other come and go, a user of both only once', async () => {
    const channel = 'presence-room';
    await joinPresence(one, DEFAULT_APP, channel, { user_id: 'a', user_info: { n: 1 } });
    const succeeded = await joinPresence(other, DEFAULT_APP, channel, { user_id: 'b' });
    expect(opened(succeeded)['data']).toEqual({
      presence: { count: 2, ids: ['a', 'b'], hash: { a: { n: 1 }, b: null } },
    });
    expect(opened(await one.next('pusher_internal:member_added'))).toEqual(
      memberAdded(channel, { user_id: 'b' }),
    );
    const [third, fourth] = (await node.spread()).flat() as [RawClient, RawClient];
    for (const client of [third, fourth]) await joinPresence(client, DEFAULT_APP, channel, { user_id: 'c' });
    const users = await api(node, 'GET', `/channels/${channel}/users`);
    expect(users.json()).toEqual({ users: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    await third.close();
    await fourth.close();
    for (const client of [one, other]) {
      expect(opened(await client.next('pusher_internal:member_removed'))).toEqual(
        memberRemoved(channel, 'c'),
      );
      const added = client.takeAll().filter(({ event }) => event.endsWith('member_added'));
      expect(added.map(opened)).toEqual([memberAdded(channel, { user_id: 'c' })]);
    }
  });

  it('whichever worker is asked counts the subscribers of all, as soon as they know of it themselves', async () => {
    for (const client of clients) await client.subscribe('counted');
    for (let n = 0; n < 6; n += 1) {
      const answer = await api(node, 'GET', '/channels', { query: { filter_by_prefix: 'counted' } });
      expect(answer.json()).toEqual({ channels: { counted: {} } });
    }
  });

  it('a cached event is replayed to the clients of both', async () => {
    await trigger(node, 'cache-a', 'e', 'kept');
    for (const client of clients) {
      await client.subscribe('cache-a');
      expect(await client.next('e')).toMatchObject({ channel: 'cache-a', data: 'kept' });
      await client.subscribe('cache-empty');
      expect(whole(await client.expectNext())).toEqual(cacheMiss('cache-empty'));
    }
    await receiver.when(() => receiver.names.includes('cache_miss'));
    expect(receiver.names.filter((name) => name === 'cache_miss')).toHaveLength(1);
  });

  it('watchers hear of a user who signs in at the other worker', async () => {
    await signIn(one, DEFAULT_APP, { id: 'watcher', watchlist: ['watched'] });
    await signIn(other, DEFAULT_APP, { id: 'watched' });
    const online = await one.next(({ data }) => JSON.stringify(data ?? '').includes('online'));
    expect(opened(online)['data']).toEqual({ events: [{ name: 'online', user_ids: ['watched'] }] });
  });

  it("a user's connections are terminated on every worker", async () => {
    for (const client of clients) await signIn(client, DEFAULT_APP, { id: 'bad' });
    expect((await api(node, 'POST', '/users/bad/terminate_connections', { body: {} })).status).toBe(200);
    for (const client of clients) expect((await client.closed).code).toBe(4009);
  });

  it('a grant is held to and revoked, whichever worker signs', async () => {
    for (const client of clients) {
      const fields = { socket_id: client.socketId, channel_name: 'private-7' };
      const response = await ask(node, fields, { token: await token() });
      expect(response.status).toBe(200);
      await client.subscribe('private-7', response.json() as { auth: string });
    }
    expect((await api(node, 'POST', '/users/7/revoke_grants', { body: {} })).status).toBe(200);
    for (const client of clients) {
      expect(await client.next('pusher:subscription_error')).toMatchObject({ channel: 'private-7' });
    }
    const old = await token({ iat: Math.floor(Date.now() / 1000) - 10 });
    for (const client of clients) {
      const fields = { socket_id: client.socketId, channel_name: 'private-7' };
      expect((await ask(node, fields, { token: old })).status).toBe(403);
    }
  });

  it("a channel's stay is one to its webhooks, though both workers have subscribers", async () => {
    for (const client of clients) await client.subscribe('stay');
    for (const client of clients) client.send({ event: 'pusher:unsubscribe', data: { channel: 'stay' } });
    const ofStay = (): string[] =>
      receiver.events.filter(({ channel }) => channel === 'stay').map(({ name }) => name);
    await receiver.when(() => ofStay().includes('channel_vacated'));
    expect(ofStay()).toEqual(['channel_occupied', 'channel_vacated']);
  });

  it('dead letters are listed by whichever worker is asked', async () => {
    receiver.answer = (response) => {
      response.writeHead(500).end();
      return false;
    };
    await one.subscribe('dead');
    for (let n = 0; n < 6; n += 1) {
      await eventually(async () => {
        const answer = await fetch(node.httpUrl('/admin/webhooks/dead-letters'), {
          headers: { authorization: 'Bearer an-admin-token-0123456789' },
        });
        expect(answer.status).toBe(200);
        expect(await answer.text()).toContain('"dead"');
      });
    }
    receiver.answer = (response) => {
      response.writeHead(200).end();
      return true;
    };
  });

  it('metrics are those of all workers', async () => {
    const more = (await node.spread(2)).flat();
    for (let n = 0; n < 4; n += 1) {
      const text = await (await fetch(node.httpUrl('/metrics'))).text();
      expect(text).toMatch(/^carillon_connections\{app="1001"\} 6$/m);
      expect(text).toMatch(/^carillon_workers 2$/m);
      expect(text).toMatch(/^carillon_worker_restarts_total 0$/m);
    }
    for (const client of more) await client.close();
  });

  it('pages with pusher-js meet', async () => {
    const pages = Array.from({ length: 6 }, (_each, n) => {
      const page = new PusherJs(DEFAULT_APP.key, {
        cluster: 'local',
        wsHost: node.host,
        wsPort: node.port,
        forceTLS: false,
        enabledTransports: ['ws'],
        channelAuthorization: {
          endpoint: '',
          transport: 'ajax',
          customHandler: ({ socketId, channelName }, done) =>
            done(null, sdkFor(node).authorizeChannel(socketId, channelName, { user_id: `u${n}` })),
        },
      });
      return page;
    });
    const channels = pages.map((page) => page.subscribe('presence-pages') as PresenceChannel);
    await eventually(() => expect(channels.map(({ members }) => members.count)).toEqual([6, 6, 6, 6, 6, 6]));
    const heard = channels.map((channel) => new Promise((resolve) => channel.bind('e', resolve)));
    await sdkFor(node).trigger('presence-pages', 'e', { a: 1 });
    expect(await Promise.all(heard)).toEqual(pages.map(() => ({ a: 1 })));
    for (const page of pages) page.disconnect();
  });
});
