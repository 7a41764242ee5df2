/** PROTOCOL.md, "HTTP API": `push` of an event. Who is connected gets the event, who is not gets a notification. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { signIn } from '../support/joining.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import { FakePushService } from '../support/push/fake-push-service.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { browserOf, cameOut, idIn, offlineApp, phoneOf, phonesReached, SENT, SKIPPED } from './support.ts';

const fcm = { notification: { title: 'Hi', body: 'A message' }, data: { order: 7 } };
const web = { notification: { title: 'Hi' } };
const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
const own = (user: string): string => `#server-to-user-${user}`;

let google: FakeFcm;
let browsers: FakePushService;
let folder: string;
let server: TestServer;
let client: RawClient;

beforeAll(async () => {
  google = await FakeFcm.start();
  browsers = await FakePushService.start({ protocol: 'http/1.1' });
  folder = temporaryFolder();
  const app = offlineApp(google, {
    userChannels: ['private-user-{user}', 'presence-{user}-desk-*'],
  });
  server = await startServer({ dataDir: folder, apps: [app], allowPrivateAddresses: true });
  for (const user of ['ada', 'bob', 'cleo']) await phoneOf(server, user);
});
afterAll(async () => {
  await server.stop();
  await Promise.all([google.close(), browsers.stop()]);
  rmSync(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});
beforeEach(async () => {
  client = await RawClient.connect(server);
});
afterEach(async () => {
  await client.close();
  phonesReached(google);
});

/** Waits until the node has noticed that the user is gone. */
async function gone(user: string): Promise<void> {
  const watcher = await RawClient.connect(server);
  await signIn(watcher, DEFAULT_APP, { id: 'watcher', watchlist: [user] });
  await watcher.next(
    ({ event, raw }) => event === 'pusher_internal:watchlist_events' && raw.includes('offline'),
  );
  await watcher.close();
}

describe('an event for a user with push', () => {
  it('reaches the phone of a user who is not connected', async () => {
    const id = idIn(await trigger(server, own('ada'), 'e', {}, { push: { fcm } }));
    expect(await cameOut(server, id)).toEqual(SENT);
    const [sent] = google.taken;
    expect(sent?.message).toMatchObject({
      token: 'phone-of-ada',
      notification: { title: 'Hi', body: 'A message' },
      data: { order: '7' },
    });
  });

  it('reaches the connection of a user who is connected, and no phone', async () => {
    await signIn(client, DEFAULT_APP, { id: 'ada' });
    await client.subscribe(own('ada'));
    const id = idIn(await trigger(server, own('ada'), 'e', 'live', { push: { fcm } }));
    expect((await client.next('e')).data).toBe('live');
    expect(await cameOut(server, id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
  });

  it('reaches browsers by Web Push, with what the service worker shows', async () => {
    const path = await browserOf(server, browsers, 'dora');
    const id = idIn(await trigger(server, own('dora'), 'e', {}, { push: { web } }));
    expect(await cameOut(server, id)).toEqual(SENT);
    const message = browsers.messages.find((one) => one.path === path);
    expect(JSON.parse(message?.plaintext ?? '')).toMatchObject({ notification: { title: 'Hi' } });
  });

  it('waits `within` seconds, and then reaches who did not connect', async () => {
    const id = idIn(await trigger(server, own('ada'), 'e', {}, { push: { fcm, within: 1 } }));
    expect(google.taken).toEqual([]);
    expect(await cameOut(server, id)).toEqual(SENT);
    expect(phonesReached(google)).toEqual(['phone-of-ada']);
  });

  it('reaches no phone of a user who connects within that time', async () => {
    const id = idIn(await trigger(server, own('ada'), 'e', {}, { push: { fcm, within: 1 } }));
    await signIn(client, DEFAULT_APP, { id: 'ada' });
    expect(await cameOut(server, id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
  });

  it('reaches no phone of a user who connected within that time and left again', async () => {
    const id = idIn(await trigger(server, own('bob'), 'e', {}, { push: { fcm, within: 2 } }));
    await signIn(client, DEFAULT_APP, { id: 'bob' });
    await client.close();
    expect(await cameOut(server, id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
  });

  it('reaches no phone of a user who was connected when it happened and left within that time', async () => {
    await signIn(client, DEFAULT_APP, { id: 'cleo' });
    const id = idIn(await trigger(server, own('cleo'), 'e', {}, { push: { fcm, within: 1 } }));
    await client.close();
    expect(await cameOut(server, id)).toEqual(SKIPPED);
    expect(phonesReached(google)).toEqual([]);
  });

  it('reaches the phone of a user whose connection breaks off within that time: nobody knows since when it was dead', async () => {
    await signIn(client, DEFAULT_APP, { id: 'bob' });
    const id = idIn(await trigger(server, own('bob'), 'e', {}, { push: { fcm, within: 1 } }));
    client.socket.terminate();
    expect(await cameOut(server, id)).toEqual(SENT);
    expect(phonesReached(google)).toEqual(['phone-of-bob']);
  });

  it('reaches the phone of a user who left before it happened', async () => {
    await signIn(client, DEFAULT_APP, { id: 'ada' });
    await client.close();
    await gone('ada');
    const id = idIn(await trigger(server, own('ada'), 'e', {}, { push: { fcm } }));
    expect(await cameOut(server, id)).toEqual(SENT);
  });

  it('for a user without devices is accepted, and reaches nobody', async () => {
    const id = idIn(await trigger(server, own('nobody'), 'e', {}, { push: { fcm } }));
    expect(await cameOut(server, id)).toEqual({ targeted: 0, sent: 0, skipped: 0 });
  });

  it('answers what `info` asks for too', async () => {
    const channel = 'presence-ada-desk-1';
    const answer = await trigger(server, channel, 'e', {}, { push: { fcm }, info: 'user_count' });
    const push = { id: expect.any(String) };
    expect(answer.json()).toEqual({ channels: { [channel]: { user_count: 0 } }, push });
    expect(await cameOut(server, (answer.json() as { push: { id: string } }).push.id)).toEqual(SENT);
  });

  it('without push is answered as ever', async () => {
    for (const extra of [{}, { push: null }]) {
      expect((await trigger(server, own('ada'), 'e', {}, extra)).text).toBe('{}');
    }
  });
});

describe('whom a channel is for', () => {
  it('a pattern of the app says, and only who is not connected is reached', async () => {
    await signIn(client, DEFAULT_APP, { id: 'bob' });
    const channels = ['private-user-ada', 'presence-bob-desk-3', own('cleo')];
    const id = idIn(await trigger(server, channels, 'e', {}, { push: { fcm } }));
    expect(await cameOut(server, id)).toEqual({ targeted: 3, sent: 2, skipped: 1 });
    expect(phonesReached(google).sort()).toEqual(['phone-of-ada', 'phone-of-cleo']);
  });

  it('push.users says for any channel, each user once', async () => {
    const push = { fcm, users: ['ada', 'bob'] };
    const id = idIn(await trigger(server, ['news', 'private-user-ada'], 'e', {}, { push }));
    expect(await cameOut(server, id)).toEqual({ targeted: 2, sent: 2, skipped: 0 });
    expect(phonesReached(google).sort()).toEqual(['phone-of-ada', 'phone-of-bob']);
  });
});

describe('push.id', () => {
  it('makes a repeated request one notification, while the event goes out again', async () => {
    await client.subscribe('twice');
    const push = { fcm, users: ['ada'], id: 'order 7' };
    for (let at = 0; at < 2; at += 1) {
      expect(idIn(await trigger(server, 'twice', 'e', {}, { push }))).toBe('order 7');
      await client.next('e');
    }
    expect(await cameOut(server, 'order 7')).toEqual(SENT);
    expect(phonesReached(google)).toEqual(['phone-of-ada']);
  });

  it('of another notification is refused, and the event is not published', async () => {
    await client.subscribe('conflict');
    const send = (users: string[]) =>
      trigger(server, 'conflict', 'e', {}, { push: { fcm, users, id: 'taken' } });
    expect(await cameOut(server, idIn(await send(['ada'])))).toEqual(SENT);
    await client.next('e');
    const answer = await send(['bob']);
    expect([answer.status, answer.text]).toEqual([
      409,
      'Invalid parameter: push.id belongs to another notification; nothing was published',
    ]);
    await trigger(server, 'conflict', 'last', {});
    expect((await client.expectNext()).event).toBe('last');
  });
});

describe('a batch', () => {
  const batch = (events: readonly object[]) =>
    api(server, 'POST', '/batch_events', { body: { batch: events } });

  it('answers with the notifications’ ids in the order of the events', async () => {
    const room = 'presence-room';
    const answer = await batch([
      { channel: room, name: 'e', data: '1', info: 'user_count' },
      { channel: own('ada'), name: 'e', data: '2', push: { fcm } },
      { channel: room, name: 'e', data: '3', info: 'user_count', push: { fcm, users: ['bob'] } },
      { channel: 'news', name: 'e', data: '4', info: 'user_count', push: { fcm, users: ['bob'] } },
      { channel: room, name: 'e', data: '5' },
    ]);
    const push = { id: expect.any(String) };
    expect(answer.json()).toEqual({
      batch: [{ user_count: 0 }, { push }, { user_count: 0, push }, { push }, {}],
    });
    const { batch: answers } = answer.json() as { batch: Array<{ push?: { id: string } }> };
    for (const id of answers.flatMap((one) => one.push?.id ?? [])) {
      expect(await cameOut(server, id)).toEqual(SENT);
    }
    expect(phonesReached(google).sort()).toEqual(['phone-of-ada', 'phone-of-bob', 'phone-of-bob']);
  });

  it('publishes its events', async () => {
    await client.subscribe('plain');
    await signIn(client, DEFAULT_APP, { id: 'ada' });
    const event = { channel: 'plain', name: 'e', push: { fcm, users: ['ada'] } };
    await batch([
      { ...event, data: '1' },
      { channel: 'plain', name: 'e', data: '2' },
    ]);
    for (const data of ['1', '2']) expect((await client.next('e')).data).toBe(data);
  });

  it('with one wrong push keeps no notification and publishes nothing', async () => {
    await client.subscribe('plain');
    const answer = await batch([
      { channel: own('ada'), name: 'e', data: '1', push: { fcm, id: 'right' } },
      { channel: 'plain', name: 'e', data: '2', push: { fcm } },
    ]);
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/^Missing parameter: push\.users, .* \(batch\[1\]\)$/);
    await trigger(server, 'plain', 'last', {});
    expect((await client.expectNext()).event).toBe('last');
    const id = idIn(await trigger(server, own('bob'), 'e', {}, { push: { fcm, id: 'right' } }));
    expect(await cameOut(server, id)).toEqual(SENT);
  });

  it('refuses one id for two events', async () => {
    const event = { channel: own('ada'), name: 'e', data: '1', push: { fcm, id: 'same' } };
    const answer = await batch([event, event]);
    expect([answer.status, answer.text]).toEqual([
      400,
      "Invalid parameter: push.id 'same' is given to two events",
    ]);
  });

  it('says which notifications are kept when one can’t be', async () => {
    const id = idIn(await trigger(server, own('ada'), 'e', {}, { push: { fcm, id: 'held' } }));
    expect(await cameOut(server, id)).toEqual(SENT);
    const answer = await batch([
      { channel: own('ada'), name: 'e', data: '1', push: { fcm } },
      { channel: own('bob'), name: 'e', data: '2', push: { fcm, id: 'held' } },
    ]);
    expect([answer.status, answer.text]).toEqual([
      409,
      'Invalid parameter: push.id belongs to another notification; nothing was published, ' +
        'but the notifications of batch[0] were accepted (batch[1])',
    ]);
  });
});

describe('refused, and nothing is published:', () => {
  const NO_USER =
    "Missing parameter: push.users, since the channel 'news' names no user; " +
    "give push.users, or a pattern such as private-user-{user} in the app's push.userChannels";
  const soon = Math.floor(Date.now() / 1000) + 30;

  it.each<[string, unknown, string]>([
    ['no object', 'x', 'Invalid parameter: push must be an object'],
    ['a list', [], 'Invalid parameter: push must be an object'],
    ['a channel that names nobody', { fcm }, NO_USER],
    [
      'no block',
      { users: ['a'] },
      'Invalid parameter: `push`: Must have a block for a provider, at least one of fcm, apns, web, hms',
    ],
    [
      'an unknown field',
      { fcm, users: ['a'], delay: 5 },
      'Invalid parameter: `push.delay`: There is no such field; push has fcm, apns, web, hms, within, expire_at, users, id',
    ],
    [
      'what is nested too deeply to be written out again',
      { fcm: { data: { x: nested(3000) } }, users: ['a'] },
      'Invalid parameter: `push`: Must not be nested deeper than 100 levels',
    ],
    [
      'a block of another form',
      { fcm: { notification: 'x' }, users: ['a'] },
      'Invalid parameter: `push.fcm.notification`: Invalid type. Expected: object, given: string',
    ],
    [
      'a wait of more than a day',
      { fcm, users: ['a'], within: 86_401 },
      'Invalid parameter: `push.within`: Must be less than or equal to 86400',
    ],
    [
      'a wait that is no whole number',
      { fcm, users: ['a'], within: 1.5 },
      'Invalid parameter: `push.within`: Invalid type. Expected: integer, given: number',
    ],
    [
      'an end before it is sent',
      { fcm, users: ['a'], within: 60, expire_at: soon },
      'Invalid parameter: `push.expire_at`: Must be later than the time of sending, which is now and push.within seconds',
    ],
    [
      'no users in the list',
      { fcm, users: [] },
      'Invalid parameter: `push.users`: Array must have at least 1 items',
    ],
    [
      'a user id that is too long',
      { fcm, users: ['x'.repeat(129)] },
      'Invalid parameter: `push.users.0`: String length must be less than or equal to 128',
    ],
    [
      'an empty id',
      { fcm, users: ['a'], id: '' },
      'Invalid parameter: `push.id`: String length must be greater than or equal to 1',
    ],
    [
      'blocks for other providers only',
      { apns: { aps: { alert: 'x' } }, hms: {}, users: ['a'] },
      'Invalid parameter: push has no block for a provider of the app; it can send fcm, web',
    ],
  ])('%s', async (_what, push, sentence) => {
    await client.subscribe('news');
    const answer = await trigger(server, 'news', 'e', {}, { push });
    expect([answer.status, answer.text]).toEqual([400, sentence]);
    await trigger(server, 'news', 'last', {});
    expect((await client.expectNext()).event).toBe('last');
  });

  it('a notification larger than its provider takes, with the limit', async () => {
    const push = { fcm: { data: { x: 'x'.repeat(5000) } }, users: ['ada'] };
    const answer = await trigger(server, 'news', 'e', {}, { push });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/^Invalid parameter: push: .*4096/);
  });

  it('in the form of JSON where the SDK asks for it', async () => {
    const headers = { accept: 'application/json' };
    const answer = await trigger(server, 'news', 'e', {}, { push: 'x' }, { headers });
    expect(answer.json()).toEqual({ error: 'Invalid parameter: push must be an object' });
  });
});
