/** What a node does while Redis is away, and once it is back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, authApp, token } from '../auth/support.ts';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { joinPrivate } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const AWAY = "Service unavailable: Redis can't be reached";

let redis: RedisProcess;
let proxy: TcpProxy;
let node: TestServer;
let clients: RawClient[];

const start = async (settings: object = {}): Promise<void> => {
  node = await startServer({
    apps: [
      quietApp({
        ...authApp({ rules: [{ channels: ['private-{sub}'] }] }),
        features: { clientEvents: true },
      }),
    ],
    redis: {
      url: `redis://127.0.0.1:${proxy.port}`,
      commandTimeoutMs: 300,
      followTimeoutMs: 1500,
      ...settings,
    },
  });
};
const connect = async (): Promise<RawClient> => {
  const client = await RawClient.connect(node);
  clients.push(client);
  return client;
};
const comesBack = (channel: string): Promise<unknown> =>
  eventually(async () => expect((await trigger(node, channel, 'back', 'x')).status).toBe(200));

beforeEach(async () => {
  redis = await RedisProcess.start();
  proxy = await TcpProxy.start(redis.port);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.socket.terminate();
  await node.stop();
  expect(node.errors).toEqual([]);
  await proxy.stop();
  await redis.stop();
});

describe('while Redis refuses connections', () => {
  it('a trigger is answered 503 in words, and published to nobody', async () => {
    await start();
    const client = await connect();
    await client.subscribe('news');
    proxy.refuse();
    await eventually(async () => {
      const refused = await trigger(node, 'news', 'e', 'x');
      expect([refused.status, refused.text]).toEqual([503, `${AWAY}; nothing was published`]);
    });
    const many = await trigger(node, ['news', 'cache-a'], 'e', 'x');
    expect([many.status, many.text]).toEqual([503, `${AWAY}; nothing was published`]);
    const json = await api(node, 'POST', '/events', {
      body: { name: 'e', channel: 'news', data: 'x' },
      headers: { accept: 'application/json' },
    });
    expect(json.json()).toEqual({ error: `${AWAY}; nothing was published` });
    expect(client.takeAll()).toEqual([]);
    proxy.resume();
    await comesBack('news');
    expect((await client.next('back')).data).toBe('x');
  });

  it('clients keep their connections, and talk to those of the same node', async () => {
    await start();
    const [one, other] = [await connect(), await connect()];
    for (const client of [one, other]) await joinPrivate(client, DEFAULT_APP, 'private-talk');
    proxy.refuse();
    for (let n = 0; n < 5; n += 1) one.send({ event: 'client-x', channel: 'private-talk', data: n });
    for (let n = 0; n < 5; n += 1) expect((await other.next('client-x')).data).toBe(`${n}`);
    expect(await one.barrier()).toEqual([]);
    proxy.resume();
    await comesBack('private-talk');
    await other.next('back');
    one.send({ event: 'client-y', channel: 'private-talk', data: 1 });
    expect((await other.next('client-y')).data).toBe('1');
    expect(other.takeAll()).toEqual([]);
  });

  it('whoever subscribes waits for it to come back', async () => {
    await start({ followTimeoutMs: 20_000 });
    proxy.refuse();
    const client = await connect();
    const other = await connect();
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } });
    const answered = client.barrier();
    expect(await other.barrier()).toEqual([]);
    proxy.resume();
    expect((await answered).map(({ event }) => event)).toContain('pusher_internal:subscription_succeeded');
    await comesBack('news');
    await client.next('back');
  });

  it('and is sent away, to come again, when it stays away too long', async () => {
    await start({ followTimeoutMs: 300 });
    proxy.refuse();
    const client = await connect();
    client.send({ event: 'pusher:subscribe', data: { channel: 'news' } });
    expect((await client.closed).code).toBe(4100);
    proxy.resume();
    await eventually(async () => {
      const again = await connect();
      await again.subscribe('news');
    });
  });

  it('the auth endpoints answer 503, and limit by themselves', async () => {
    await start();
    proxy.refuse();
    await eventually(async () => {
      const fields = { socket_id: '1.1', channel_name: 'private-7' };
      const answer = await ask(node, fields, { token: await token() });
      expect([answer.status, answer.text]).toEqual([503, 'Temporarily unavailable']);
    });
  });

  it('events reach the clients of the node where the operator wants it so', async () => {
    await start({ whenAway: 'local' });
    const client = await connect();
    await client.subscribe('news');
    await client.subscribe('cache-a');
    proxy.refuse();
    for (const channel of ['news', 'cache-a']) {
      expect((await trigger(node, channel, `to-${channel}`, 'x')).status).toBe(200);
      await client.next(`to-${channel}`);
    }
  });
});

describe('while Redis keeps its connections and answers nothing', () => {
  it('a trigger is answered 503 in time, with what is known of it', async () => {
    await start();
    redis.freeze();
    const refused = await trigger(node, 'news', 'e', 'x');
    expect([refused.status, refused.text]).toEqual([503, `${AWAY}; it may have been published`]);
    await eventually(async () => {
      expect((await trigger(node, ['a', 'b'], 'e', 'x')).text).toBe(`${AWAY}; nothing was published`);
    });
    redis.thaw();
    await comesBack('news');
  });

  it('client events go on, and none comes twice when it answers again', async () => {
    await start({ commandTimeoutMs: 500 });
    const [one, other] = [await connect(), await connect()];
    for (const client of [one, other]) await joinPrivate(client, DEFAULT_APP, 'private-talk');
    redis.freeze();
    for (let n = 0; n < 5; n += 1) one.send({ event: 'client-x', channel: 'private-talk', data: n });
    for (let n = 0; n < 5; n += 1) expect((await other.next('client-x')).data).toBe(`${n}`);
    redis.thaw();
    await comesBack('private-talk');
    await other.next('back');
    expect(other.takeAll().filter(({ event }) => event === 'client-x')).toEqual([]);
  });
});

it('a Redis that was restarted empty is used again, and clients notice a pause at most', async () => {
  await start();
  const client = await connect();
  await client.subscribe('news');
  await redis.kill();
  await eventually(async () => expect((await trigger(node, 'news', 'e', 'x')).status).toBe(503));
  expect(await client.barrier()).toEqual([]);
  await redis.restart();
  await comesBack('news');
  await client.next('back');
});

it('stopping works while Redis is away', async () => {
  await start();
  const client = await connect();
  await client.subscribe('news');
  proxy.refuse();
  await node.stop();
  expect((await client.closed).code).toBe(4200);
});
