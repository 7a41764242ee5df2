/** Connected means connected anywhere: two nodes over one Redis. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { signIn } from '../support/joining.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { cameOut, idIn, offlineApp, phoneOf, phonesReached, SENT, SKIPPED } from './support.ts';

const fcm = { notification: { title: 'Hi' } };

describe.each([
  ['a single Redis', startSingleRedis],
  ['a Redis Cluster', startRedisCluster],
] as const)('over %s', (_, start) => {
  let redis: RedisUnderTest;
  let google: FakeFcm;
  let folder: string;
  /** The one with the devices, and another. */
  let nodes: readonly [TestServer, TestServer];

  beforeAll(async () => {
    redis = await start();
    google = await FakeFcm.start();
    folder = temporaryFolder();
    const settings = { redis: { url: redis.url }, apps: [offlineApp(google)] };
    nodes = [await startServer({ ...settings, dataDir: folder }), await startServer(settings)];
    for (const user of ['ada', 'bob', 'cleo']) await phoneOf(nodes[0], user);
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await Promise.all([google.close(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
    for (const node of nodes) expect(node.errors).toEqual([]);
  });

  const notify = async (user: string, within = 0): Promise<string> =>
    idIn(await trigger(nodes[0], `#server-to-user-${user}`, 'e', 'x', { push: { fcm, within } }));

  it('a user connected to another node gets the event there, and no notification', async () => {
    const client = await RawClient.connect(nodes[1]);
    await signIn(client, DEFAULT_APP, { id: 'ada' });
    await client.subscribe('#server-to-user-ada');
    const id = await notify('ada');
    await client.next('e');
    expect(await cameOut(nodes[0], id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
    await client.close();
  });

  it('a user who was connected to another node for a moment of the wait gets none', async () => {
    const id = await notify('bob', 2);
    const client = await RawClient.connect(nodes[1]);
    await signIn(client, DEFAULT_APP, { id: 'bob' });
    await client.close();
    expect(await cameOut(nodes[0], id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
  });

  it('a user who is nowhere gets one', async () => {
    const id = await notify('cleo');
    expect(await cameOut(nodes[0], id)).toEqual(SENT);
    expect(phonesReached(google)).toEqual(['phone-of-cleo']);
  });

  it('a node without a database says what is missing, and publishes nothing', async () => {
    const client = await RawClient.connect(nodes[0]);
    await client.subscribe('news');
    const answer = await trigger(nodes[1], 'news', 'e', 'x', { push: { fcm, users: ['ada'] } });
    expect([answer.status, answer.text]).toEqual([
      503,
      'Service unavailable: push needs a database, in which devices are registered: ' +
        'set CARILLON_DATA_DIR or CARILLON_DATABASE_URL; nothing was published',
    ]);
    await trigger(nodes[1], 'news', 'last', 'x');
    expect((await client.expectNext()).event).toBe('last');
    await client.close();
  });
});

describe('while Redis is away', () => {
  it('the answer says that nothing was published and the notification kept; it goes out when Redis is back', async () => {
    const redis = await startSingleRedis();
    const google = await FakeFcm.start();
    const folder = temporaryFolder();
    const apps = [offlineApp(google)];
    const server = await startServer({ redis: { url: redis.url }, apps, dataDir: folder });
    await phoneOf(server, 'ada');
    const push = { fcm, users: ['ada'], id: 'one' };
    const [process] = redis.servers;
    await process?.kill();
    await eventually(async () => {
      const answer = await trigger(server, 'news', 'e', 'x', { push });
      expect([answer.status, answer.text]).toEqual([
        503,
        "Service unavailable: Redis can't be reached; nothing was published; what push asked for was accepted all the same",
      ]);
    });
    expect(google.taken).toEqual([]);
    await process?.restart();
    await eventually(async () =>
      expect((await trigger(server, 'news', 'e', 'x', { push })).status).toBe(200),
    );
    expect(await cameOut(server, 'one')).toEqual(SENT);
    expect(phonesReached(google)).toEqual(['phone-of-ada']);
    await server.stop();
    await Promise.all([google.close(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
});
