/** Notifications: whom they reach, what is refused, what sending twice means. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onEachNode, pushSettings, startProviders } from '../support/push/push-node.ts';
import type { TestServer } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';
import { API_KEY, call, device, expectBad, expectError, list, resultOf } from './support.ts';

const providers = await startProviders();
const { fcm, apns } = providers;
afterAll(() => providers.close());
beforeEach(() => providers.clear());

const settings = () => pushSettings(providers, { centrifugo: { apiKey: API_KEY } });
const HELLO = { fcm: { message: { notification: { title: 'Hello', body: 'How are you?' } } } };
const send = (server: TestServer, recipient: object, notification: object = HELLO, more: object = {}) =>
  resultOf<{ uid: string }>(server, 'send_push_notification', { recipient, notification, ...more });
const tokens = () => fcm.taken.map(({ message }) => String(message['token'])).sort();
const reached = (expected: readonly string[]) => vi.waitFor(() => expect(tokens()).toEqual(expected), 10_000);

onEachNode(settings, (node) => {
  afterEach(async () => {
    const { items } = await list(node(), { limit: 1000 });
    if (items.length > 0) await resultOf(node(), 'device_remove', { ids: items.map(({ id }) => id) });
  });

  it('a send to channels reaches a device that listens to several of them once', async () => {
    await device(node(), 'one', { channels: ['news', 'user:42'] });
    const answer = await call(
      node(),
      'send_push_notification',
      `{"recipient":{"channels":["news","user:42"]},"notification":{"uid":"u-${node().port}","expire_at":4102444800,"fcm":{"message":{"notification":{"title":"Hello","body":"How are you?"}}}}}`,
    );
    expect(answer.text).toBe(`{"result":{"uid":"u-${node().port}"}}`);
    await reached(['one']);
    expect(fcm.taken[0]?.message).toEqual({ token: 'one', ...HELLO.fcm.message });
  });

  it('a send without a uid has one of its own', async () => {
    expect((await send(node(), { channels: ['nobody'] })).uid).toMatch(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    );
  });

  it('a send to ids reaches each by its provider, and skips those without a block', async () => {
    const a = await device(node(), 'a');
    const b = await device(node(), 'b');
    const c = await device(node(), 'abcdef', { provider: 'apns', platform: 'ios' });
    await send(
      node(),
      { device_ids: [a, c] },
      { apns: { headers: { 'apns-priority': '5' }, payload: { aps: { alert: 'A' }, k: 'v' } } },
    );
    await vi.waitFor(() => expect(apns.taken).toHaveLength(1), 10_000);
    expect(apns.taken[0]).toMatchObject({ token: 'abcdef', payload: { aps: { alert: 'A' }, k: 'v' } });
    expect(apns.taken[0]?.headers).toMatchObject({ 'apns-priority': '5' });
    await send(node(), { device_ids: [b, c] });
    await reached(['b']);
  });

  it('a send by a filter reaches devices that fit in all fields', async () => {
    await device(node(), 'a', { user: 'u', channels: ['x'] });
    await device(node(), 'b', { user: 'u', channels: ['x'], platform: 'web' });
    await device(node(), 'c', { user: 'v', channels: ['x'] });
    await device(node(), 'd', { user: 'u' });
    await send(node(), { filter: { users: ['u'], topics: ['x'], platforms: ['android'] } });
    await reached(['a']);
    providers.clear();
    await send(node(), { filter: { users: ['u'] } });
    await reached(['a', 'b', 'd']);
  });

  it('a binding that is added reaches all devices the user has', async () => {
    for (const token of ['1', '2', '3']) await device(node(), token, { user: 'bound' });
    await resultOf(node(), 'push_user_channel_update', { user: 'bound', op: 'add', channels: ['later'] });
    await send(node(), { channels: ['later'] });
    await reached(['1', '2', '3']);
  });

  it('a device whose token is dead is forgotten, and others are not', async () => {
    await device(node(), 'alive', { channels: ['c'] });
    await device(node(), 'dead', { channels: ['c'] });
    fcm.byToken.set('dead', {
      status: 404,
      body: {
        error: {
          code: 404,
          status: 'NOT_FOUND',
          message: 'gone',
          details: [
            { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' },
          ],
        },
      },
    });
    await send(node(), { channels: ['c'] });
    await reached(['alive']);
    await vi.waitFor(async () => {
      expect((await list(node(), { channels: ['c'] })).items).toMatchObject([{ token: 'alive' }]);
    }, 10_000);
  });

  it('the same uid with the same parameters is sent once, with others it is refused', async () => {
    await device(node(), 'a', { channels: ['c'] });
    const uid = `once-${node().port}`;
    expect(await send(node(), { channels: ['c'] }, HELLO, { uid })).toEqual({ uid });
    expect(await send(node(), { channels: ['c'] }, HELLO, { uid })).toEqual({ uid });
    const other = { recipient: { channels: ['d'] }, notification: HELLO, uid };
    expectError(
      await call(node(), 'send_push_notification', other),
      113,
      'conflict',
      "uid is another notification's",
    );
    await send(node(), { fcm_tokens: ['last'] });
    await vi.waitFor(() => expect(tokens()).toContain('last'), 10_000);
    await reached(['a', 'last']);
  });

  it('what is to be sent later can be cancelled until then', async () => {
    await device(node(), 'a', { channels: ['c'] });
    const { uid } = await send(node(), { channels: ['c'] }, HELLO, {
      send_at: Math.floor(Date.now() / 1000) + 2,
    });
    expect(await resultOf(node(), 'cancel_push', { uid })).toEqual({});
    expect(await resultOf(node(), 'cancel_push', { uid })).toEqual({});
    await send(
      node(),
      { channels: ['c'] },
      { fcm: { message: { data: { n: '2' } } } },
      { send_at: Math.floor(Date.now() / 1000) + 2 },
    );
    await reached(['a']);
    expect(fcm.taken[0]?.message['data']).toEqual({ n: '2' });
  });

  it('the status of a notification at a device is noted, known or not', async () => {
    const id = await device(node(), 'a');
    const { uid } = await send(node(), { device_ids: [id] });
    const update = (changes: object) =>
      call(node(), 'update_push_status', { uid, status: 'delivered', device_id: id, ...changes });
    for (const changes of [
      {},
      {},
      { status: 'interacted', msg_id: 'm' },
      { uid: 'unknown' },
      { device_id: 'x' },
    ]) {
      expect((await update(changes)).text).toBe('{"result":{}}');
    }
    expect((await update({ uid: undefined, analytics_uid: uid })).text).toBe('{"result":{}}');
    expectBad(await update({ status: 'seen' }), 'status must be one of delivered, interacted');
    expectBad(await update({ uid: '' }), 'uid is required');
    expectBad(await update({ device_id: null }), 'device_id is required');
  });
});

describe('without a database', () => {
  const node = useServer(settings());

  it('a send to tokens reaches them, each once', async () => {
    await send(node(), { fcm_tokens: ['a', 'b', 'a'] });
    await reached(['a', 'b']);
    await send(node(), { apns_tokens: ['ABCD'] }, { apns: { payload: { aps: { alert: 'A' } } } });
    await vi.waitFor(() => expect(apns.taken.map(({ token }) => token)).toEqual(['abcd']), 10_000);
  });

  it('a send to a topic and to a condition is one message', async () => {
    await send(node(), { fcm_topic: 'sport' }, { fcm: { message: { token: 'theirs', data: { a: '1' } } } });
    await send(node(), { fcm_condition: "'a' in topics" });
    await vi.waitFor(() => expect(fcm.taken).toHaveLength(2), 10_000);
    const targets = fcm.taken.map(({ message }) => [
      message['token'],
      message['topic'],
      message['condition'],
    ]);
    expect(targets).toContainEqual([undefined, 'sport', undefined]);
    expect(targets).toContainEqual([undefined, undefined, "'a' in topics"]);
  });

  it.each([[{ device_ids: ['x'] }], [{ channels: ['x'] }], [{ filter: { users: ['x'] } }]])(
    'a send to %o is not available',
    async (recipient) => {
      expectError(
        await call(node(), 'send_push_notification', { recipient, notification: HELLO }),
        108,
        'not available',
        'the registry of devices needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL',
      );
    },
  );

  it('a send through a provider that is not set up is not available', async () => {
    const body = { recipient: { hms_tokens: ['x'] }, notification: { hms: { message: {} } } };
    expectError(
      await call(node(), 'send_push_notification', body),
      108,
      'not available',
      'the app has no provider hms',
    );
  });

  it.each([
    [{}, HELLO, 'recipient is required'],
    [{ recipient: {} }, HELLO, 'recipient is required, and must not be empty'],
    [
      { recipient: { channels: [], fcm_topic: '', filter: {} } },
      HELLO,
      'recipient is required, and must not be empty',
    ],
    [{ recipient: { channels: ['a'], fcm_topic: 'b' } }, HELLO, 'recipient must be of one kind'],
    [{ recipient: { fcm_tokens: ['a'], apns_tokens: ['b'] } }, HELLO, 'recipient must be of one kind'],
    [
      { recipient: { fcm_tokens: ['a b'] } },
      HELLO,
      'recipient.fcm_tokens[0] must be 1 to 4096 visible ASCII characters',
    ],
    [{ recipient: { fcm_topic: 'a' } }, null, 'notification is required'],
    [{ recipient: { fcm_topic: 'a' } }, {}, 'notification.fcm, hms, apns or webpush is required'],
    [{ recipient: { fcm_topic: 'a' } }, { fcm: {} }, 'notification.fcm.message is required'],
    [{ recipient: { fcm_tokens: ['a'] } }, { apns: { payload: {} } }, 'the publish has nothing for fcm'],
    [{ recipient: { apns_tokens: ['ab'] } }, HELLO, 'the publish has nothing for apns'],
    [
      { recipient: { fcm_topic: 'a' } },
      { ...HELLO, expire_at: -1 },
      'notification.expire_at must be seconds since the epoch',
    ],
    [
      { recipient: { fcm_topic: 'a' }, send_at: 20 },
      { ...HELLO, expire_at: 10 },
      'notification.expire_at must be later than send_at',
    ],
    [{ recipient: { fcm_topic: 'a' }, uid: 'u'.repeat(256) }, HELLO, 'uid must have at most 255 characters'],
    [
      { recipient: { fcm_topic: 'a' }, uid: 'u', analytics_uid: 'a' },
      HELLO,
      'analytics_uid other than uid is not supported',
    ],
    [{ recipient: { fcm_topic: 'a' }, use_templating: true }, HELLO, 'use_templating is not supported'],
    [
      { recipient: { fcm_topic: 'a' }, localizations: { pt: {}, de: { translations: { a: 'b' } } } },
      HELLO,
      'localizations is not supported',
    ],
    [
      { recipient: { fcm_topic: 'a' }, limit_strategy: { rate_limit: { key: 'k' } } },
      HELLO,
      'limit_strategy is not supported',
    ],
  ])('%o is refused', async (params, notification, detail) => {
    expectBad(await call(node(), 'send_push_notification', { ...params, notification }), detail);
    expect(fcm.taken).toEqual([]);
  });

  it('what is set to nothing is not asked for', async () => {
    const nothing = {
      use_templating: false,
      limit_strategy: {},
      localizations: {},
      optimize_for_reliability: true,
    };
    await send(node(), { fcm_tokens: ['a'] }, HELLO, nothing);
    await reached(['a']);
  });

  it('a status is not available', async () => {
    const body = { uid: 'u', status: 'delivered', device_id: 'd' };
    expect((await call(node(), 'update_push_status', body)).json()).toMatchObject({ error: { code: 108 } });
  });
});
