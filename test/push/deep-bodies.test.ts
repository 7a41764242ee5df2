/** JSON that is nested so deeply that writing it out again would end the stack: refused by every door, in its own form. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beamsApp } from '../beams/support.ts';
import { API_KEY, NEWER } from '../centrifugo/support.ts';
import { APP, APP_KEY, expectRefusal, KINVEY } from '../kinvey/support.ts';
import { ADMIN_TOKEN, askAdmin } from '../support/admin.ts';
import { api } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { ask } from '../support/push/push-node.ts';
import { startServer, type TestServer } from '../support/server.ts';

const folder = temporaryFolder();
const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
let server: TestServer;

beforeAll(async () => {
  const app = beamsApp({}, { kinvey: KINVEY, centrifugo: { apiKey: API_KEY } });
  server = await startServer({ dataDir: folder, apps: [app], admin: { token: ADMIN_TOKEN } });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

it('as what a user of Kinvey signs up with', async () => {
  const body = `{"username":"ada","hobbies":${DEEP}}`;
  const answer = await ask(server, 'POST', `/user/${APP_KEY}`, { headers: { authorization: APP }, body });
  expectRefusal(answer, 400, 'BadRequest', 'the body is nested deeper than 100 levels');
});

it('as parameters of Centrifugo', async () => {
  const error = { code: 107, detail: 'params are nested deeper than 100 levels' };
  const params = `{"recipient":{"channels":["a"]},"notification":{"fcm":{"message":{"a":${DEEP}}}},"uid":"a"}`;
  const one = await ask(server, 'POST', '/api/send_push_notification', { headers: NEWER, body: params });
  expect(one.json()).toMatchObject({ error });
  const body = `{"id":1,"method":"send_push_notification","params":${params}}`;
  const stream = await ask(server, 'POST', '/api', { headers: NEWER, body });
  expect(stream.json()).toMatchObject({ id: 1, error });
});

it('as the notification that goes with an event, while the data of an event may be anything', async () => {
  const push = `{"users":["ada"],"id":"a","web":{"data":{"a":${DEEP}}}}`;
  const answer = await api(server, 'POST', '/events', {
    body: `{"name":"a","channel":"a","data":"1","push":${push}}`,
  });
  expect([answer.status, answer.text]).toEqual([
    400,
    'Invalid parameter: `push`: Must not be nested deeper than 100 levels',
  ]);
  const data = '['.repeat(5000) + ']'.repeat(5000);
  const plain = await api(server, 'POST', '/events', { body: `{"name":"a","channel":"a","data":${data}}` });
  expect([plain.status, plain.text]).toEqual([200, '{}']);
});

it('as the settings of an app', async () => {
  const answer = await askAdmin(server, 'POST', '/apps', `{"id":"deep","auth":{"userInfo":{"a":${DEEP}}}}`);
  expect([answer.status, answer.json.error]).toEqual([400, 'the body is nested deeper than 100 levels']);
});
