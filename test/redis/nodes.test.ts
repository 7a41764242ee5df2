/** Two nodes behave as one: what one takes in, the clients of the other get. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, authApp, token } from '../auth/support.ts';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { cacheMiss, whole } from '../support/frames.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import { dataOf, RawClient } from '../support/raw-client.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';

describe.each([
  ['a single Redis', startSingleRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)('over %s', (_, start) => {
  let redis: RedisUnderTest;
  let nodes: readonly [TestServer, TestServer];
  let one: RawClient;
  let other: RawClient;

  beforeAll(async () => {
    redis = await start();
    const settings = {
      redis: { url: redis.url },
      apps: [
        quietApp({
          ...authApp({ rules: [{ channels: ['private-{sub}'] }] }),
          features: { clientEvents: true },
        }),
      ],
    };
    nodes = [await startServer(settings), await startServer(settings)];
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await redis.stop();
    for (const node of nodes) expect(node.errors).toEqual([]);
  });
  beforeEach(async () => {
    one = await RawClient.connect(nodes[0]);
    other = await RawClient.connect(nodes[1]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), other.close()]);
  });

  it('an event reaches the subscribers of both, once each, in the same bytes', async () => {
    await one.subscribe('news');
    await other.subscribe('news');
    const data = 'é\u2028 😀 "quoted" \\ \n';
    expect((await trigger(nodes[0], 'news', 'e', data)).status).toBe(200);
    await trigger(nodes[1], 'news', 'last', '');
    const frames = [await one.next('e'), await other.next('e')];
    expect(frames.map(({ data: got }) => got)).toEqual([data, data]);
    expect(frames[0]?.raw).toBe(frames[1]?.raw);
    for (const client of [one, other]) {
      await client.next('last');
      expect(client.takeAll()).toEqual([]);
    }
  });

  it('events of both arrive in one order', async () => {
    await one.subscribe('order');
    await other.subscribe('order');
    const count = 100;
    await Promise.all(
      Array.from({ length: count }, (_each, n) =>
        trigger(n % 2 === 0 ? nodes[0] : nodes[1], 'order', 'e', `${n}`),
      ),
    );
    const orders: unknown[][] = [];
    for (const client of [one, other]) {
      const order: unknown[] = [];
      while (order.length < count) order.push((await client.next('e')).data);
      orders.push(order);
    }
    expect(orders[0]).toEqual(orders[1]);
    expect(new Set(orders[0]).size).toBe(count);
  });

  it('a socket_id excludes a connection of the other node', async () => {
    await one.subscribe('excluding');
    await other.subscribe('excluding');
    await trigger(nodes[0], 'excluding', 'e', 'x', { socket_id: other.socketId });
    await trigger(nodes[0], 'excluding', 'last', 'x');
    await one.next('e');
    expect((await other.expectNext()).event).toBe('last');
  });

  it('a client event reaches the clients of both but its sender', async () => {
    const third = await RawClient.connect(nodes[0]);
    for (const client of [one, other, third]) await joinPrivate(client, DEFAULT_APP, 'private-talk');
    one.send({ event: 'client-x', channel: 'private-talk', data: { a: 1 } });
    other.send({ event: 'client-last', channel: 'private-talk', data: {} });
    for (const client of [third, other]) expect((await client.next('client-x')).data).toBe('{"a":1}');
    await one.next('client-last');
    expect(one.takeAll()).toEqual([]);
    await third.close();
  });

  it('a cached event is replayed by the node that did not take it in', async () => {
    await trigger(nodes[0], 'cache-a', 'e', 'kept');
    await other.subscribe('cache-a');
    expect(await other.next('e')).toMatchObject({ channel: 'cache-a', data: 'kept' });
    const answer = await api(nodes[1], 'GET', '/channels/cache-a', { query: { info: 'cache' } });
    expect(answer.json()).toMatchObject({ cache: { data: 'kept', ttl: 1800 } });
    await one.subscribe('cache-empty');
    expect(whole(await one.expectNext())).toEqual(cacheMiss('cache-empty'));
  });

  it("a user's connections are terminated on every node", async () => {
    await signIn(one, DEFAULT_APP, { id: 'bad' });
    await signIn(other, DEFAULT_APP, { id: 'bad' });
    expect((await api(nodes[0], 'POST', '/users/bad/terminate_connections', { body: {} })).status).toBe(200);
    for (const client of [one, other]) expect((await client.closed).code).toBe(4009);
  });

  it('a termination that is answered is over: the user may come back at any node', async () => {
    for (let round = 0; round < 20; round += 1) {
      const channel = `presence-terminated-${round}`;
      const before = [await RawClient.connect(nodes[0]), await RawClient.connect(nodes[1])];
      for (const client of before) {
        await signIn(client, DEFAULT_APP, { id: 'back' });
        await joinPresence(client, DEFAULT_APP, channel, { user_id: 'back' });
      }
      await api(nodes[0], 'POST', '/users/back/terminate_connections', { body: {} });
      const after = [await RawClient.connect(nodes[1]), await RawClient.connect(nodes[0])];
      for (const client of after) {
        await signIn(client, DEFAULT_APP, { id: 'back' });
        expect(await client.barrier()).toEqual([]);
        await client.close();
      }
      for (const client of before) expect((await client.closed).code).toBe(4009);
    }
  });

  it('a cached event is told to a joiner once, wherever it is on its way', async () => {
    let number = 0;
    const publish = () => trigger(nodes[number % 2 === 0 ? 0 : 1], 'cache-busy', 'e', String(++number));
    await one.subscribe('cache-busy');
    await publish();
    for (let round = 0; round < 50; round += 1) {
      const joiner = await RawClient.connect(nodes[0]);
      const publishing = Promise.all([publish(), publish()]);
      await joiner.subscribe('cache-busy');
      await publishing;
      await publish();
      const heard = [Number(dataOf(await joiner.expectNext()))];
      while (heard.at(-1) !== number) heard.push(Number(dataOf(await joiner.expectNext())));
      expect(heard).toEqual([...new Set(heard)]);
      await joiner.close();
    }
  });

  it('a grant given by one node is held to by the node that has the connection', async () => {
    const response = await ask(
      nodes[0],
      { socket_id: other.socketId, channel_name: 'private-7' },
      { token: await token() },
    );
    expect(response.status).toBe(200);
    const { auth } = response.json() as { auth: string };
    await other.subscribe('private-7', { auth });
    expect((await api(nodes[0], 'POST', '/users/7/revoke_grants', { body: {} })).status).toBe(200);
    const told = await other.next('pusher:subscription_error');
    expect(told).toMatchObject({ channel: 'private-7' });
    other.send({ event: 'pusher:subscribe', data: { channel: 'private-7', auth } });
    const again = await other.next('pusher:subscription_error');
    expect(JSON.parse(String(again.data))).toMatchObject({ status: 401 });
  });

  it('a token from before a revocation is good at no node', async () => {
    const old = await token({ sub: '8', iat: Math.floor(Date.now() / 1000) - 10 });
    await api(nodes[0], 'POST', '/users/8/revoke_grants', { body: {} });
    for (const [node, client] of [[nodes[0], one] as const, [nodes[1], other] as const]) {
      await eventually(async () => {
        const fields = { socket_id: client.socketId, channel_name: 'private-8' };
        expect((await ask(node, fields, { token: old })).status).toBe(403);
      });
    }
  });

  it('a socket id that no connection has is signed for nobody', async () => {
    for (const socketId of ['1.1', `${other.socketId}1`, '99999999999999.1']) {
      const fields = { socket_id: socketId, channel_name: 'private-9' };
      expect((await ask(nodes[0], fields, { token: await token({ sub: '9' }) })).status).toBe(200);
    }
  });
});
