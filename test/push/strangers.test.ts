/** The doors that open to what everybody can know: how often they may be knocked at, and by whom. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beamsApp, DEVICES, EVENTS, publish } from '../beams/support.ts';
import { INSTANCE } from '../beams/vectors.ts';
import { APP, APP_KEY, KINVEY, MASTER, WRONG } from '../kinvey/support.ts';
import type { ApiResponse } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { ask } from '../support/push/push-node.ts';
import { startServer, type TestServer } from '../support/server.ts';

const folder = temporaryFolder();
let server: TestServer;

beforeAll(async () => {
  server = await startServer({
    dataDir: folder,
    trustProxy: true,
    apps: [beamsApp({}, { kinvey: KINVEY })],
    push: { addressPerSecond: 1, addressBurst: 200 },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

interface Knock {
  readonly from: string;
  readonly authorization?: string;
  readonly body?: object;
}

function knock(method: string, path: string, { from, authorization, body }: Knock): Promise<ApiResponse> {
  const headers = {
    'content-type': 'application/json',
    'x-forwarded-for': from,
    ...(authorization === undefined ? {} : { authorization }),
  };
  return ask(server, method, path, { headers, ...(body === undefined ? {} : { body }) });
}

const vapidKey = (from: string) =>
  knock('GET', `/device_api/v1/instances/${INSTANCE}/web-vapid-public-key`, { from });
const me = (from: string, authorization: string) =>
  knock('GET', `/user/${APP_KEY}/_me`, { from, authorization });

/** Knocks until the address has none left. */
async function exhaust(one: () => Promise<ApiResponse>): Promise<ApiResponse> {
  for (let times = 0; times < 400; times += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, one));
    const limited = answers.find(({ status }) => status === 429);
    if (limited !== undefined) return limited;
  }
  throw new Error('there was no limit');
}

describe('the Beams door for devices', () => {
  it('is closed for a while to an address that knocks too often, and open to others', async () => {
    const limited = await exhaust(() => vapidKey('203.0.113.1'));
    expect(limited.json()).toEqual({
      error: 'Rate Limited',
      description: 'Too many requests being made in quick succession (max 1 RPS).',
    });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect(limited.headers['access-control-allow-origin']).toBe('*');
    const body = { token: 'a-token' };
    expect((await knock('POST', `${DEVICES}/fcm`, { from: '203.0.113.1', body })).status).toBe(429);
    expect((await knock('POST', EVENTS, { from: '203.0.113.1', body: {} })).status).toBe(429);
    expect((await knock('POST', `${DEVICES}/fcm`, { from: '203.0.113.2', body })).status).toBe(200);
  });

  it('counts the addresses of one line of IPv6 as one', async () => {
    let last = 0;
    const limited = await exhaust(() => {
      last += 1;
      return vapidKey(`2001:db8:1:1::${last.toString(16)}`);
    });
    expect(limited.status).toBe(429);
    expect((await vapidKey('2001:db8:1:2::1')).status).toBe(200);
  });

  it('does not count private addresses, behind which everybody may be', async () => {
    for (const from of ['127.0.0.1', '10.0.0.1', '::1']) {
      const answers = await Promise.all(Array.from({ length: 250 }, () => vapidKey(from)));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
  });

  it('takes nothing from what a backend may do', async () => {
    await exhaust(() => vapidKey('203.0.113.3'));
    const body = { interests: ['a'], web: { notification: { title: 'a' } } };
    const published = await publish(server, 'interests', body, { 'x-forwarded-for': '203.0.113.3' });
    expect(published.status).toBe(200);
  });
});

describe('the Kinvey door', () => {
  it('is closed for a while to an address that knocks too often, unless it has the master secret', async () => {
    const from = '203.0.113.13';
    await exhaust(() => me(from, WRONG));
    expect((await me(from, 'Kinvey unknown')).status).toBe(429);
    expect((await knock('POST', `/user/${APP_KEY}`, { from, authorization: APP })).status).toBe(429);
    expect((await knock('POST', `/user/${APP_KEY}`, { from, authorization: MASTER })).status).toBe(201);
  });
});
