/** Apps and nodes that can't send notifications with events, and say so. */
import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { startPostgres } from '../support/postgres.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServer } from '../support/server.ts';
import { cameOut, idIn, offlineApp, phoneOf, SENT } from './support.ts';

const push = { fcm: { notification: { title: 'Hi' } }, users: ['ada'] };

it('an app without providers is told which can be set up', async () => {
  const folder = temporaryFolder();
  const server = await startServer({ dataDir: folder });
  const answer = await trigger(server, 'news', 'e', 'x', { push });
  expect([answer.status, answer.text]).toEqual([
    400,
    'Invalid parameter: push needs a provider; set up fcm, apns, webPush or hms in the push of the app',
  ]);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('while PostgreSQL is away nothing is published, and the answer says so', async () => {
  const postgres = await startPostgres();
  const google = await FakeFcm.start();
  const database = { url: await postgres.createDatabase() };
  const server = await startServer({ apps: [offlineApp(google)], database });
  await phoneOf(server, 'ada');
  const client = await RawClient.connect(server);
  await client.subscribe('news');
  await postgres.crash();
  const answer = await trigger(server, 'news', 'e', 'x', { push });
  expect([answer.status, answer.text]).toEqual([
    503,
    "Service unavailable: the database can't be reached; nothing was published",
  ]);
  expect((await trigger(server, 'news', 'without', 'x')).status).toBe(200);
  expect((await client.expectNext()).event).toBe('without');
  await postgres.restart();
  let back = await trigger(server, 'news', 'e', 'x', { push });
  while (back.status === 503) back = await trigger(server, 'news', 'e', 'x', { push });
  expect(await cameOut(server, idIn(back))).toEqual(SENT);
  await client.close();
  await server.stop();
  await Promise.all([google.close(), postgres.stop()]);
});
