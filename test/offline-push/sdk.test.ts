/** The official Node server library sends `push` along without knowing of it. */
import { rmSync } from 'node:fs';
import type Pusher from 'pusher';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sdkFor } from '../compat/support.ts';
import { temporaryFolder } from '../support/databases.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { cameOut, offlineApp, phoneOf, phonesReached, SENT } from './support.ts';

const push = { fcm: { notification: { title: 'Hi' } } };
/** A field that the library's types don't have. */
const params: Pusher.TriggerParams & { readonly push: object } = { push };

let google: FakeFcm;
let folder: string;
let server: TestServer;
let sdk: Pusher;

beforeAll(async () => {
  google = await FakeFcm.start();
  folder = temporaryFolder();
  const apps = [offlineApp(google, { userChannels: ['private-user-{user}'] })];
  server = await startServer({ dataDir: folder, apps });
  await phoneOf(server, 'ada');
});
beforeEach(() => {
  sdk = sdkFor(server);
});
afterAll(async () => {
  await server.stop();
  await google.close();
  rmSync(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

async function reachesThePhone(id: string): Promise<void> {
  expect(await cameOut(server, id)).toEqual(SENT);
  expect(phonesReached(google)).toEqual(['phone-of-ada']);
}

describe('the library', () => {
  it('triggers with push among its parameters', async () => {
    const response = await sdk.trigger('private-user-ada', 'e', { x: 1 }, params);
    const answer = (await response.json()) as { push: { id: string } };
    await reachesThePhone(answer.push.id);
  });

  it('triggers on any channel for the users that push names', async () => {
    const users: typeof params = { push: { ...push, users: ['ada'] } };
    const response = await sdk.trigger(['news', 'sports'], 'e', { x: 1 }, users);
    await reachesThePhone(((await response.json()) as { push: { id: string } }).push.id);
  });

  it('triggers a batch with push, also on a user’s own channel', async () => {
    const event: Pusher.BatchEvent & { readonly push: object } = {
      channel: '#server-to-user-ada',
      name: 'e',
      data: { x: 1 },
      push,
    };
    const response = await sdk.triggerBatch([event]);
    const answer = (await response.json()) as { batch: Array<{ push: { id: string } }> };
    await reachesThePhone(answer.batch[0]?.push.id ?? '');
  });

  it('posts an event for a user by hand, since its sendToUser takes no parameters', async () => {
    // The types say text; it is an object that is sent as JSON.
    const body: unknown = { name: 'e', channel: '#server-to-user-ada', data: '{}', push };
    const response = await sdk.post({ path: '/events', body: body as string });
    await reachesThePhone(((await response.json()) as { push: { id: string } }).push.id);
  });
});
