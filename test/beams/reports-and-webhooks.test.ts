/** What devices report, and what the application hears of it and of its publishes. */
import { createHmac } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/databases.ts';
import { startNodeProcess } from '../support/node-process.ts';
import { FakeFcm } from '../support/push/fake-fcm.ts';
import type { TestServer } from '../support/server.ts';
import { withServer } from '../support/use-server.ts';
import { accept, type Received, WebhookReceiver } from '../support/webhook-receiver.ts';
import {
  BEARER,
  beamsApp,
  DEVICES,
  EVENTS,
  expectRefusal,
  fcmDevice,
  publish,
  request,
  useBeams,
} from './support.ts';
import { INSTANCE, SECRET, TOKENS } from './vectors.ts';

const WEBHOOK_SECRET = 'beams-webhook-secret';
const ADMIN = { authorization: 'Bearer an-admin-token-of-some-length' };
const [receiver, fcm] = await Promise.all([WebhookReceiver.start(), FakeFcm.start()]);
afterAll(() => Promise.all([receiver.close(), fcm.close()]));
afterEach(() => {
  receiver.requests.length = 0;
  receiver.answer = accept;
});

const node = useBeams(() => ({
  apps: [
    beamsApp(
      { webhooks: [{ url: receiver.url, secret: WEBHOOK_SECRET, customData: { env: 'test' } }] },
      { fcm: { credentials: JSON.parse(fcm.credentials()), endpoint: fcm.endpoint } },
    ),
  ],
  allowPrivateAddresses: true,
  admin: { token: 'an-admin-token-of-some-length' },
}));

let phones = 0;
/** A phone of `user-001`. */
async function phone(server: TestServer, token = `phone-${phones}`): Promise<string> {
  phones += 1;
  const id = await fcmDevice(server, token);
  const headers = { authorization: `Bearer ${TOKENS.T2}` };
  expect((await request(server, 'PUT', `${DEVICES}/fcm/${id}/user`, { headers })).status).toBe(200);
  return id;
}

async function published(server: TestServer, to: 'interests' | 'users', body: object): Promise<string> {
  return ((await publish(server, to, { fcm: { data: {} }, ...body })).json() as { publishId: string })
    .publishId;
}

const report = (server: TestServer, body: object | string, headers = {}) =>
  request(server, 'POST', EVENTS, { body, headers });

const delivery = (publishId: string, deviceId: string | null, changes: object = {}) => ({
  publishId,
  event: 'delivery',
  deviceId,
  userId: 'user-001',
  timestampSecs: 1_714_564_800,
  appInBackground: true,
  hasDisplayableContent: true,
  hasData: true,
  ...changes,
});

const ofType = (type: string): Received[] =>
  receiver.requests.filter(({ headers }) => headers['webhook-event-type'] === type);

async function webhook(type: string): Promise<Received> {
  await receiver.when(() => ofType(type).length > 0);
  const [received] = ofType(type);
  if (received === undefined) throw new Error('it was there a moment ago');
  return received;
}

describe('a report', () => {
  it('of a delivery and of an opening is taken without a word, and counted once', async () => {
    const id = await phone(node());
    const publishId = await published(node(), 'users', { users: ['user-001'] });
    for (const event of ['delivery', 'Delivery', 'open', 'OPEN']) {
      const answer = await report(node(), delivery(publishId, id, { event, instanceId: INSTANCE }));
      expect([answer.status, answer.text, answer.headers['access-control-allow-origin']]).toEqual([
        200,
        '',
        '*',
      ]);
    }
    const path = `/publish_api/v1/instances/${INSTANCE}/publishes/${publishId}`;
    expect((await request(node(), 'GET', path, { headers: BEARER })).json()).toMatchObject({
      counts: { delivered: 1, opened: 1 },
    });
    await request(node(), 'DELETE', `${DEVICES}/fcm/${id}`);
  });

  it.each(['event', 'publishId', 'deviceId', 'timestampSecs'])('without %s is refused', async (name) => {
    const answer = await report(node(), delivery('pubid-x', 'web-x', { [name]: undefined }));
    expectRefusal(answer, 400, 'Bad request', `\`${name}\` is missing from body.`);
  });

  it('of anything else is refused', async () => {
    for (const [changes, description] of [
      [{ event: 'seen' }, '`event` must be `delivery` or `open`.'],
      [{ event: 1 }, '`event` must be `delivery` or `open`.'],
      [{ timestampSecs: 'now' }, '`timestampSecs` must be seconds since the epoch.'],
      [{ timestampSecs: 1e300 }, '`timestampSecs` must be seconds since the epoch.'],
      [{ publishId: 1 }, '`publishId` must be a publish id.'],
      [{ deviceId: 'a\0' }, '`deviceId` must be a device id.'],
      [{ instanceId: 'x' }, '`instanceId` differs from the one in the path.'],
    ] as const) {
      expectRefusal(
        await report(node(), delivery('pubid-x', 'web-x', changes)),
        400,
        'Bad request',
        description,
      );
    }
    expectRefusal(await report(node(), '[]'), 400, 'Bad request', 'Failed to read body as a JSON object.');
    const typed = await report(node(), '{}', { 'content-type': 'text/plain' });
    expectRefusal(typed, 400, 'Invalid content type', 'Only `application/json` is supported.');
  });

  it('of what nobody knows is taken and dropped', async () => {
    const id = await phone(node());
    for (const [publishId, deviceId] of [
      ['pubid-nobody', id],
      ['pubid-nobody', null],
      ['pubid-nobody', 'web-nobody'],
    ] as const) {
      expect((await report(node(), delivery(publishId, deviceId))).status).toBe(200);
    }
    await request(node(), 'DELETE', `${DEVICES}/fcm/${id}`);
    expect(receiver.requests).toEqual([]);
  });
});

describe('a webhook', () => {
  it('tells of a publish to users when all is done', async () => {
    const id = await phone(node());
    const publishId = await published(node(), 'users', { users: ['user-001', 'user-without-devices'] });
    const { headers, body, method } = await webhook('v1.PublishToUsersAttempt');
    expect(method).toBe('POST');
    expect(headers).toMatchObject({
      'user-agent': 'pusher-webhooks',
      'content-type': 'application/json',
      'webhook-id-uuid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'webhook-request-id-uuid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'webhook-signature': createHmac('sha1', WEBHOOK_SECRET).update(body).digest('hex'),
    });
    expect(JSON.parse(body)).toEqual({
      payload: {
        instance_id: INSTANCE,
        publish_id: publishId,
        users_delivered_to_gateway: ['user-001'],
        users_no_devices: ['user-without-devices'],
        users_gateway_failed: [],
      },
      metadata: {
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
        event_type: 'v1.PublishToUsersAttempt',
        event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        product: 'beams',
      },
      custom_data: { env: 'test' },
    });
    await request(node(), 'DELETE', `${DEVICES}/fcm/${id}`);
  });

  it('tells of a user’s delivery and opening, once each, by the user the device has', async () => {
    const id = await phone(node());
    const publishId = await published(node(), 'interests', { interests: ['nobody-listens'] });
    for (const event of ['delivery', 'delivery', 'open', 'open']) {
      await report(node(), delivery(publishId, id, { event, userId: 'somebody-else' }));
    }
    const payload = { instance_id: INSTANCE, publish_id: publishId, user_id: 'user-001' };
    for (const type of ['v1.UserNotificationAcknowledgement', 'v1.UserNotificationOpen']) {
      expect(JSON.parse((await webhook(type)).body)).toMatchObject({ payload });
      expect(ofType(type)).toHaveLength(1);
    }
    await request(node(), 'DELETE', `${DEVICES}/fcm/${id}`);
  });

  it('tells nothing of a device without a user', async () => {
    const id = await fcmDevice(node(), 'phone-of-nobody');
    const publishId = await published(node(), 'interests', { interests: ['nobody-listens'] });
    expect((await report(node(), delivery(publishId, id))).status).toBe(200);
    const other = await phone(node());
    await report(node(), delivery(publishId, other));
    await webhook('v1.UserNotificationAcknowledgement');
    expect(receiver.requests).toHaveLength(1);
    await request(node(), 'DELETE', `${DEVICES}/fcm/${other}`);
  });

  it('of one publish goes to the address in its body, with name and password, when it starts and ends', async () => {
    const id = await fcmDevice(node(), 'phone-of-webhook-url');
    await request(node(), 'POST', `${DEVICES}/fcm/${id}/interests/told`);
    const webhookUrl = receiver.url.replace('http://', 'http://username:password@').replace('/hooks', '/p');
    const body = { fcm: { data: { k: 'v' } }, webhookUrl, interests: ['told'] };
    const { publishId } = (await publish(node(), 'interests', body)).json() as { publishId: string };
    const told = () => receiver.requests.filter(({ path }) => path === '/p');
    await receiver.when(() => told().length === 2);
    expect(told().map(({ headers }) => headers['authorization'])).toEqual([
      'Basic dXNlcm5hbWU6cGFzc3dvcmQ=',
      'Basic dXNlcm5hbWU6cGFzc3dvcmQ=',
    ]);
    const bodies = told().map((received) => JSON.parse(received.body) as { status: string });
    expect(bodies.sort((a, b) => (a.status > b.status ? -1 : 1))).toEqual([
      { publishId, status: 'STARTED', requestBody: body },
      {
        publishId,
        status: 'FINISHED',
        requestBody: body,
        results: { fcm: { numSuccessfulPublishes: 1, numFailedPublishes: 0 } },
      },
    ]);
  });
});

describe('a webhook that is given up', () => {
  it('is listed for operators, and tried again when they ask', async () => {
    const folder = temporaryFolder();
    const settings = {
      dataDir: folder,
      apps: [beamsApp({ webhooks: [{ url: 'http://10.0.0.1/hooks', secret: WEBHOOK_SECRET }] })],
      admin: { token: 'an-admin-token-of-some-length' },
    };
    await withServer(settings, async (server) => {
      const admin = async (method: string, path: string, body?: object) =>
        (
          await request(server, method, `/admin/push/webhooks${path}`, {
            headers: ADMIN,
            ...(body && { body }),
          })
        ).json();
      const listed = async () => ((await admin('GET', '')) as { webhooks: object[] }).webhooks;
      const id = await phone(server);
      const publishId = await published(server, 'interests', { interests: ['nobody-listens'] });
      await report(server, delivery(publishId, id));
      // Private addresses are not allowed here: the webhook is given up at once.
      while ((await listed()).length === 0);
      const [failed, ...others] = await listed();
      expect(others).toEqual([]);
      expect(failed).toMatchObject({
        app: server.app.id,
        event_type: 'v1.UserNotificationAcknowledgement',
        body: { payload: { publish_id: publishId, user_id: 'user-001' } },
        attempts: 1,
        reason: expect.stringContaining('private address'),
        failed_at: expect.stringMatching(/Z$/),
      });
      expect(await admin('POST', '/retry', { app: 'another' })).toEqual({ retried: 0 });
      expect(await admin('POST', '/retry', { app: server.app.id })).toEqual({ retried: 1 });
      while ((await listed()).length === 0);
      expect(await listed()).toMatchObject([{ attempts: 1 }]);
    });
    rmSync(folder, { recursive: true, force: true });
  });

  it('is for who has the admin token, and asks properly', async () => {
    expect((await request(node(), 'GET', '/admin/push/webhooks')).status).toBe(401);
    for (const body of [{}, { app: 1 }, { app: 'x', ids: [] }, { app: 'x', ids: [1] }]) {
      const answer = await request(node(), 'POST', '/admin/push/webhooks/retry', { headers: ADMIN, body });
      expect(answer.status).toBe(400);
    }
    const queries: Array<Record<string, string>> = [{ limit: '0' }, { cursor: '§' }];
    for (const query of queries) {
      expect((await request(node(), 'GET', '/admin/push/webhooks', { headers: ADMIN, query })).status).toBe(
        400,
      );
    }
  });
});

describe('a node that is killed', () => {
  let folder = '';
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('leaves its webhooks to the next, which sends them with the same id and signature', async () => {
    const env = {
      CARILLON_DATA_DIR: folder,
      CARILLON_BEAMS_INSTANCE_ID: INSTANCE,
      CARILLON_BEAMS_SECRET_KEY: SECRET,
      CARILLON_BEAMS_WEBHOOK_URL: receiver.url,
      CARILLON_BEAMS_WEBHOOK_SECRET: WEBHOOK_SECRET,
      CARILLON_FCM_CREDENTIALS: '',
      CARILLON_ALLOW_PRIVATE_ADDRESSES: 'true',
    };
    const first = await startNodeProcess(env);
    const id = await phone(first);
    const publishId = await published(first, 'interests', { interests: ['nobody-listens'] });
    // Taken by a receiver that says so no more: the attempt is under way when the node dies.
    receiver.answer = () => false;
    expect((await report(first, delivery(publishId, id))).status).toBe(200);
    const lost = await webhook('v1.UserNotificationAcknowledgement');
    await first.kill();
    receiver.answer = accept;
    receiver.requests.length = 0;
    const second = await startNodeProcess(env);
    const again = await webhook('v1.UserNotificationAcknowledgement');
    expect(again.body).toBe(lost.body);
    for (const name of ['webhook-request-id-uuid', 'webhook-signature', 'webhook-id-uuid']) {
      expect(again.headers[name]).toBe(lost.headers[name]);
    }
    // A device that got no answer would repeat its report: that is no news.
    expect((await report(second, delivery(publishId, id))).status).toBe(200);
    await second.stop();
    expect(receiver.requests).toHaveLength(1);
  });
});
