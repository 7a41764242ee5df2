/** Redis behind TLS, passwords, rights, Sentinels and IPv6; and what an operator reads who got something wrong. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../server/lib/logger.ts';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { startSentinelRedis } from '../support/redis.ts';
import { connectRedis } from '../support/redis-node.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { startServer } from '../support/server.ts';

const FOLDER = join(import.meta.dirname, '..', 'support', 'tls');
const CERT = join(FOLDER, 'cert.pem');
const KEY = join(FOLDER, 'key.pem');
const PASSWORD = 'p@ss:w/rd%-geheim';

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options: Parameters<typeof RedisProcess.start>[0] = {}): Promise<RedisProcess> {
  const redis = await RedisProcess.start(options);
  cleanups.push(() => redis.stop());
  return redis;
}

/** Everything a node does with Redis at once: follow, publish, cache, terminate. */
async function expectWorking(redis: object): Promise<void> {
  const node = await startServer({ apps: [quietApp()], redis });
  cleanups.push(() => node.stop());
  const client = await RawClient.connect(node);
  await client.subscribe('news');
  expect((await trigger(node, ['news', 'cache-a'], 'e', 'x')).status).toBe(200);
  expect((await client.next('e')).channel).toBe('news');
  await client.subscribe('cache-a');
  expect((await client.next('e')).channel).toBe('cache-a');
  expect((await api(node, 'POST', '/users/7/terminate_connections', { body: {} })).status).toBe(200);
  await client.close();
  expect(node.errors).toEqual([]);
}

/** The sentence a start fails with. */
async function refusal(redis: object): Promise<string> {
  const outcome = await startServer({ apps: [quietApp()], redis }).then(
    (node) => {
      cleanups.push(() => node.stop());
      return 'started';
    },
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return outcome;
}

describe('a node', () => {
  it('gets along with a user that may do no more than use keys and channels of its prefix', async () => {
    const redis = await server();
    await redis.client.call(
      'ACL',
      'SETUSER',
      'carillon',
      'on',
      `>${PASSWORD}`,
      '~mine:*',
      '&mine:*',
      '+@all',
      '-@admin',
      '-@dangerous',
    );
    const url = `redis://carillon:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
    await expectWorking({ url, keyPrefix: 'mine:' });
    expect(await redis.client.keys('*')).toEqual(expect.arrayContaining([expect.stringMatching(/^mine:/)]));
    expect((await redis.client.keys('*')).filter((key) => !key.startsWith('mine:'))).toEqual([]);
    const sentence = await refusal({ url, keyPrefix: 'yours:' });
    expect(sentence).toContain("doesn't let Carillon run its scripts");
    expect(sentence).toContain('redis.keyPrefix');
  });

  it('speaks TLS with a password, and checks the certificate', async () => {
    const redis = await server({
      config: [
        `tls-cert-file ${CERT}`,
        `tls-key-file ${KEY}`,
        `tls-ca-cert-file ${CERT}`,
        'tls-auth-clients yes',
        `requirepass "${PASSWORD}"`,
      ],
      tls: {
        ca: readFileSync(CERT),
        cert: readFileSync(CERT),
        key: readFileSync(KEY),
        rejectUnauthorized: false,
      },
      password: PASSWORD,
    });
    const url = `rediss://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
    const tls = { caFile: CERT, certFile: CERT, keyFile: KEY, servername: 'localhost' };
    await expectWorking({ url, tls });
    expect(await refusal({ url, tls: { certFile: CERT, keyFile: KEY }, connectTimeoutMs: 500 })).toMatch(
      /can't be used: .*self.signed certificate/i,
    );
  });

  it('uses user and password that are given beside the address', async () => {
    const redis = await server({ config: [`requirepass "${PASSWORD}"`], password: PASSWORD });
    await expectWorking({
      url: `redis://x:y@127.0.0.1:${redis.port}`,
      username: 'default',
      password: PASSWORD,
    });
  });

  it('reaches a Redis at an IPv6 address, in a database of its own', async () => {
    const redis = await server({ host: '::1' });
    await expectWorking({ url: `redis://[::1]:${redis.port}/3` });
    expect(await redis.client.keys('*')).toEqual([]);
    await redis.client.select(3);
    expect(await redis.client.keys('*')).not.toEqual([]);
  });
});

describe('a node does not start', () => {
  it('with a wrong password, and says so without repeating it', async () => {
    const redis = await server({ config: ['requirepass right'], password: 'right' });
    const logged: unknown[] = [];
    const keep = (fields: object, message: string): unknown => logged.push({ ...fields, message });
    const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
    const url = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
    const failed = await connectRedis({ url, connectTimeoutMs: 500 }, undefined, logger).catch(String);
    expect(failed).toMatch(/can't be used: WRONGPASS.*CARILLON_REDIS_URL/);
    expect(logged).not.toEqual([]);
    for (const text of [String(failed), JSON.stringify(logged), String(logged)]) {
      expect(text).not.toContain('geheim');
      expect(text).not.toContain(PASSWORD);
    }
  });

  it('without the password that is needed', async () => {
    const redis = await server({ config: ['requirepass right'], password: 'right' });
    expect(await refusal({ url: redis.url, connectTimeoutMs: 500 })).toMatch(/can't be used: NOAUTH/);
  });

  it('where nobody listens, and says where that is', async () => {
    const redis = await server();
    await redis.stop();
    expect(await refusal({ url: redis.url, connectTimeoutMs: 300 })).toMatch(
      new RegExp(`^Redis at 127.0.0.1:${redis.port} can't be used: .*ECONNREFUSED`),
    );
  });

  it('on a replica, which takes no writes', async () => {
    const master = await server();
    const replica = await server({ config: [`replicaof 127.0.0.1 ${master.port}`] });
    await eventually(async () =>
      expect(await replica.client.info('replication')).toContain('master_link_status:up'),
    );
    expect(await refusal({ url: replica.url })).toContain('must be a master');
  });
});

it('after a failover by Sentinel, follows are restored and publishing works again', async () => {
  const redis = await startSentinelRedis();
  cleanups.push(() => redis.stop());
  const nodes = [];
  for (let n = 0; n < 2; n += 1) {
    const node = await startServer({ apps: [quietApp()], redis: { url: redis.url, commandTimeoutMs: 500 } });
    cleanups.push(() => node.stop());
    nodes.push(node);
  }
  const [one, other] = nodes;
  if (one === undefined || other === undefined) throw new Error('there are two nodes');
  const client = await RawClient.connect(other);
  await client.subscribe('news');
  await trigger(one, 'news', 'before', 'x');
  await client.next('before');
  await redis.failover();
  await eventually(async () => expect((await trigger(one, 'news', 'after', 'x')).status).toBe(200));
  // Until the other node follows again, what one publishes doesn't reach it; from then on everything does.
  await eventually(async () => expect((await trigger(other, 'news', 'again', 'x')).status).toBe(200));
  await client.next('again');
  await trigger(one, 'news', 'last', 'x');
  await client.next('last');
});
