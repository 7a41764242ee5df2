/** One registry behind three doors: what comes in by one is seen, reached and forgotten by the others. */
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { DEVICES, publish, request, VAPID } from '../beams/support.ts';
import { INSTANCE, SECRET, TOKENS } from '../beams/vectors.ts';
import { call, device, list, resultOf } from '../centrifugo/support.ts';
import { KINVEY, push, read, signedUp, tokensOf } from '../kinvey/support.ts';
import { FakePushService } from '../support/push/fake-push-service.ts';
import { ask, onEachNode, pushSettings, startProviders } from '../support/push/push-node.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

const providers = await startProviders();
const { fcm, apns } = providers;
const browsers = await FakePushService.start({ protocol: 'http/1.1' });
const receiver = await WebhookReceiver.start();
afterAll(() => Promise.all([providers.close(), browsers.stop(), receiver.close()]));
beforeEach(() => {
  providers.clear();
  browsers.messages.length = 0;
  receiver.requests.length = 0;
});

const settings = () =>
  pushSettings(providers, {
    beams: {
      instanceId: INSTANCE,
      secretKey: SECRET,
      webhooks: [{ url: receiver.url, secret: 'beams-webhook-secret' }],
    },
    webPush: VAPID,
    centrifugo: { apiKey: 'cent-api-key' },
    kinvey: KINVEY,
    sharedNames: ['news'],
  });
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, 10_000);
const tokens = () => fcm.taken.map(({ message }) => message['token']).sort();

onEachNode(settings, (node) => {
  /** A browser registered through Beams. */
  const browser = async (interest: string): Promise<string> => {
    const token = Buffer.from(browsers.subscribe(VAPID.publicKey)).toString('base64');
    const answer = await request(node(), 'POST', `${DEVICES}/web`, { body: { token } });
    const { id } = answer.json() as { id: string };
    await request(node(), 'POST', `${DEVICES}/web/${id}/interests/${interest}`);
    return id;
  };

  it('a shared name reaches a browser of Beams from the Centrifugo door, once; another name does not', async () => {
    const id = await browser('news');
    await browser('other');
    const { items } = await list(node(), { ids: [id], channels: ['news'] });
    expect(items).toMatchObject([{ id, provider: 'webpush', channels: ['news'] }]);
    const notification = {
      webpush: { headers: { TTL: '60', Urgency: 'high' }, payload: { data: { a: 1 } } },
    };
    await resultOf(node(), 'send_push_notification', { recipient: { channels: ['other'] }, notification });
    await resultOf(node(), 'send_push_notification', {
      recipient: { channels: ['news', 'x'] },
      notification,
    });
    await soon(() => expect(browsers.messages).toHaveLength(1));
    const [message] = browsers.messages;
    expect(message?.headers).toMatchObject({ ttl: '60', urgency: 'high' });
    // Beams' SDK handles what says whose it is.
    expect(JSON.parse(message?.plaintext ?? '')).toMatchObject({
      notification: {},
      data: { a: 1, pusher: { instanceId: INSTANCE } },
    });
  });

  it('a publish to a user through Beams reaches devices of all doors, and a status is told to it', async () => {
    const phone = await device(node(), 'of-centrifugo', { user: 'user-001' });
    const body = { platform: 'ios', deviceId: 'abcd', userId: 'user-001' };
    await push(node(), 'register-device', `Basic ${btoa(`${KINVEY.appKey}:${KINVEY.masterSecret}`)}`, body);
    const id = await browser('x');
    const headers = { authorization: `Bearer ${TOKENS.T2}` };
    expect((await request(node(), 'PUT', `${DEVICES}/web/${id}/user`, { headers })).status).toBe(200);

    const answer = await publish(node(), 'users', {
      users: ['user-001', 'nobody'],
      fcm: { data: { a: 'b' } },
      apns: { aps: { alert: 'A' } },
      web: { notification: { title: 'T' } },
    });
    const { publishId } = answer.json() as { publishId: string };
    await soon(() =>
      expect([tokens(), apns.taken.length, browsers.messages.length]).toEqual([['of-centrifugo'], 1, 1]),
    );
    await resultOf(node(), 'update_push_status', { uid: publishId, status: 'delivered', device_id: phone });
    const path = `/publish_api/v1/instances/${INSTANCE}/publishes/${publishId}`;
    const report = () => ask(node(), 'GET', path, { headers: { authorization: `Bearer ${SECRET}` } });
    await soon(async () => {
      expect((await report()).json()).toMatchObject({ counts: { sent: 3, delivered: 1 } });
    });
  });

  it('a status is told to the webhooks of Beams, once for a device, whichever door the notification came by', async () => {
    const phone = await device(node(), 'reporting', { user: 'reporter' });
    const { uid } = await resultOf<{ uid: string }>(node(), 'send_push_notification', {
      recipient: { device_ids: [phone] },
      notification: { fcm: { message: { data: { a: 'b' } } } },
    });
    for (const status of ['delivered', 'interacted', 'delivered']) {
      await resultOf(node(), 'update_push_status', { uid, status, device_id: phone });
    }
    await resultOf(node(), 'update_push_status', { uid: 'unknown', status: 'delivered', device_id: phone });
    // What the tests before have to tell may come meanwhile.
    const told = () =>
      receiver.requests.flatMap(({ headers, body }) => {
        const { payload } = JSON.parse(body) as { payload: { user_id?: string } };
        return payload.user_id === 'reporter' ? [[headers['webhook-event-type'], payload]] : [];
      });
    await receiver.when(() => told().length >= 2);
    const payload = { instance_id: INSTANCE, publish_id: uid, user_id: 'reporter' };
    expect(told()).toEqual([
      ['v1.UserNotificationAcknowledgement', payload],
      ['v1.UserNotificationOpen', payload],
    ]);
  });

  it('a user who is deleted through Beams has no devices at any door', async () => {
    const { id, session } = await signedUp(node());
    await push(node(), 'register-device', session, { platform: 'android', deviceId: 'gone' });
    await device(node(), 'gone-too', { user: id });
    await resultOf(node(), 'push_user_channel_update', { user: id, op: 'add', channels: ['c'] });
    const headers = { authorization: `Bearer ${SECRET}` };
    const path = `/customer_api/v1/instances/${INSTANCE}/users/${id}`;
    expect((await request(node(), 'DELETE', path, { headers })).status).toBe(200);
    expect((await list(node(), { users: [id] })).items).toEqual([]);
    expect(await tokensOf(node(), id)).toEqual([]);
    expect((await call(node(), 'push_user_channel_list', { users: [id] })).json()).toMatchObject({
      result: { items: [] },
    });
    // The account is the application's, and still opens.
    expect((await read(node(), '_me', session)).status).toBe(200);
  });

  it('a message of the Kinvey door reaches devices that came through the others', async () => {
    await device(node(), 'theirs', { user: 'a-user' });
    const master = `Basic ${btoa(`${KINVEY.appKey}:${KINVEY.masterSecret}`)}`;
    await push(node(), 'sendMessage', master, { recipients: ['a-user'], messageContent: 'Hello' });
    await soon(() => expect(tokens()).toEqual(['theirs']));
  });
});
