/** What the doors say while the database is away, and that they come back with it. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { API_KEY, call } from '../centrifugo/support.ts';
import { APP, expectRefusal, KINVEY, MASTER, push, user } from '../kinvey/support.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';

let postgres: TestPostgres;
let node: TestServer;
beforeAll(async () => {
  postgres = await startPostgres();
  node = await startServer({
    apps: [{ ...DEFAULT_APP, push: { centrifugo: { apiKey: API_KEY }, kinvey: KINVEY } }],
    database: { url: await postgres.createDatabase() },
  });
});
afterAll(async () => {
  await node.stop();
  await postgres.stop();
});

const AWAY = 'the service is temporarily unavailable';

it('errors that ask to try again, and no errors in the log', async () => {
  await postgres.crash();
  expect((await call(node, 'device_list', {})).json()).toEqual({
    error: { code: 100, message: 'internal server error', detail: AWAY },
  });
  const device = { platform: 'ios', deviceId: 'aa', userId: 'u' };
  for (const answer of [
    await push(node, 'register-device', MASTER, device),
    await user(node, 'login', APP, { username: 'a', password: 'b' }),
    await push(node, 'unregister-device', 'Kinvey token', device),
  ]) {
    expectRefusal(answer, 500, 'KinveyInternalErrorRetry', AWAY);
  }
  expect(node.errors).toEqual([]);

  await postgres.restart();
  await vi.waitFor(async () => {
    expect((await push(node, 'register-device', MASTER, device)).status).toBe(204);
  }, 20_000);
  expect((await call(node, 'device_list', {})).json()).toMatchObject({ result: { items: [{ user: 'u' }] } });
});
