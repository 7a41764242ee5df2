/** Messages of the push module: whom they reach and in which form. */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { list, resultOf } from '../centrifugo/support.ts';
import { onEachNode, pushSettings, startProviders } from '../support/push/push-node.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';
import { APP, expectRefusal, INSUFFICIENT, KINVEY, MASTER, NO_DATABASE, push, signedUp } from './support.ts';

const providers = await startProviders();
const { fcm, apns } = providers;
afterAll(() => providers.close());
beforeEach(() => providers.clear());

const settings = () => pushSettings(providers, { kinvey: KINVEY, centrifugo: { apiKey: 'cent-api-key' } });
const ID = '5058c666474f050906000001';
const toGoogle = () =>
  fcm.taken
    .map(({ message }) => [message['token'], message['data']] as const)
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
const toApple = () => apns.taken.map(({ token, payload }) => [token, payload] as const);
const soon = (check: () => void) => vi.waitFor(check, 10_000);

onEachNode(settings, (node) => {
  const register = async (userId: string, platform: string, deviceId: string, more: object = {}) => {
    const body = { platform, deviceId, userId, ...more };
    expect((await push(node(), 'register-device', MASTER, body)).status).toBe(204);
  };
  const send = async (what: string, body: object) => {
    const answer = await push(node(), what, MASTER, body);
    expect([answer.status, answer.json()]).toMatchObject([200, { publishId: expect.any(String) }]);
  };
  beforeEach(async () => {
    await register(ID, 'ios', '01c5b7eec38298164e');
    await register(ID, 'android', 'droid');
  });
  afterEach(async () => {
    const ids = (await list(node(), { limit: 1000 })).items.map(({ id }) => id);
    await resultOf(node(), 'device_remove', { ids });
  });

  it('a text reaches every device of a user, with Apple as alert, with Google as the only value', async () => {
    const answer = await push(
      node(),
      'sendMessage',
      MASTER,
      `{"recipients":[{"_id":"${ID}"}],"messageContent":"Hello"}`,
    );
    expect([answer.status, Object.keys(answer.json() as object)]).toEqual([200, ['publishId']]);
    await soon(() =>
      expect([toApple(), toGoogle()]).toEqual([
        [['01c5b7eec38298164e', { aps: { alert: 'Hello' } }]],
        [['droid', { msg: 'Hello' }]],
      ]),
    );
  });

  it('a payload has a part for Apple with extras beside it, and one for Google in texts', async () => {
    await send('sendMessage', {
      recipients: { _id: ID },
      messageContent: {
        iOSAps: { alert: 'A', badge: 2 },
        iOSExtras: { k: 'v' },
        androidPayload: { a: 1, b: { c: true }, d: 'text', e: null },
      },
    });
    await soon(() =>
      expect([toApple(), toGoogle()]).toEqual([
        [['01c5b7eec38298164e', { aps: { alert: 'A', badge: 2 }, k: 'v' }]],
        [['droid', { a: '1', b: '{"c":true}', d: 'text' }]],
      ]),
    );
  });

  it('a part that is null is not sent', async () => {
    const messageContent = { iOSAps: null, iOSExtras: null, androidPayload: { a: 1 } };
    await send('sendMessage', { recipients: [ID], messageContent });
    await soon(() => expect(toGoogle()).toEqual([['droid', { a: '1' }]]));
    await send('sendMessage', { recipients: [ID], messageContent: { iOSAps: { alert: 'B' } } });
    await soon(() => expect(toApple()).toHaveLength(1));
    expect(toGoogle()).toHaveLength(1);
  });

  it('a raw payload is the message for Google', async () => {
    const androidPayload = { _rawPayload: { notification: { title: 'T' }, data: { n: 1 } }, ignored: 1 };
    await send('sendMessage', { recipients: [ID], messageContent: { androidPayload } });
    await soon(() =>
      expect(fcm.taken.map(({ message }) => message)).toEqual([
        { token: 'droid', notification: { title: 'T' }, data: { n: '1' } },
      ]),
    );
  });

  it('a device with iOS and a token of Google gets what is meant for Apple', async () => {
    await register('with-firebase', 'ios', 'apple-at-google', { service: 'firebase' });
    await send('sendMessage', { recipients: ['with-firebase'], messageContent: 'Hello' });
    await soon(() => expect(fcm.taken).toHaveLength(1));
    expect(fcm.taken[0]?.message).toMatchObject({
      token: 'apple-at-google',
      apns: { payload: { aps: { alert: 'Hello' } } },
    });
  });

  it('names in a message are filled in for each user, by the document or by what is known of the user', async () => {
    const { id: joe } = await signedUp(node(), { givenName: 'Joe', favoriteTeam: 'Kansas City Royals' });
    await register(joe, 'android', 'of-joe');
    await register('ann', 'android', 'of-ann');
    await send('sendMessage', {
      recipients: [
        { _id: joe },
        { _id: 'ann', givenName: 'Ann & Co', favoriteTeam: 'Boston Red Sox' },
        { _id: ID },
      ],
      messageContent: '{{givenName}}, the {{ favoriteTeam }} just won!',
    });
    await soon(() =>
      expect([toGoogle(), toApple()]).toEqual([
        [
          ['droid', { msg: ', the  just won!' }],
          ['of-ann', { msg: 'Ann & Co, the Boston Red Sox just won!' }],
          ['of-joe', { msg: 'Joe, the Kansas City Royals just won!' }],
        ],
        [['01c5b7eec38298164e', { aps: { alert: ', the  just won!' } }]],
      ]),
    );
  });

  it('users without devices are passed over', async () => {
    await send('sendMessage', { recipients: ['nobody'], messageContent: 'A' });
    await send('sendMessage', { recipients: [], messageContent: 'A' });
    await send('sendMessage', { recipients: ['nobody', ID], messageContent: 'B' });
    await soon(() => expect(toGoogle()).toEqual([['droid', { msg: 'B' }]]));
  });

  it('a broadcast reaches every device of the app', async () => {
    await register('another', 'android', 'droid-2');
    await send('sendBroadcast', { messageContent: 'To all' });
    await soon(() =>
      expect([toGoogle(), toApple().length]).toEqual([
        [
          ['droid', { msg: 'To all' }],
          ['droid-2', { msg: 'To all' }],
        ],
        1,
      ]),
    );
  });

  it('names in a broadcast are filled in by what is known of the user of each device', async () => {
    const { id: joe } = await signedUp(node(), { givenName: 'Joe' });
    await register(joe, 'android', 'of-joe');
    await resultOf(node(), 'device_register', { provider: 'fcm', token: 'of-nobody', platform: 'android' });
    await send('sendBroadcast', { messageContent: 'Hello {{givenName}}' });
    await soon(() =>
      expect([toGoogle(), toApple()]).toEqual([
        [
          ['droid', { msg: 'Hello ' }],
          ['of-joe', { msg: 'Hello Joe' }],
          ['of-nobody', { msg: 'Hello ' }],
        ],
        [['01c5b7eec38298164e', { aps: { alert: 'Hello ' } }]],
      ]),
    );
  });

  it('only a backend sends', async () => {
    const { session } = await signedUp(node());
    for (const what of ['sendMessage', 'sendBroadcast']) {
      for (const authorization of [APP, session]) {
        const answer = await push(node(), what, authorization, { recipients: [ID], messageContent: 'A' });
        expect([answer.status, answer.text]).toEqual([401, INSUFFICIENT]);
      }
    }
  });
});

describe('without a database', () => {
  const node = useServer(settings());
  const recipients = [
    {
      name: 'Ann',
      _messaging: {
        pushTokens: [
          { platform: 'android', token: 'a' },
          { platform: 'ios', token: 'AA' },
        ],
      },
    },
    {
      name: 'Bob',
      _messaging: {
        pushTokens: [
          { platform: 'android', token: 'b' },
          { platform: 'web', token: 'w' },
        ],
      },
    },
  ];

  it('documents without an id are sent to by the tokens they show', async () => {
    const answer = await push(node(), 'sendMessage', MASTER, { recipients, messageContent: 'Hello' });
    expect(answer.status).toBe(200);
    expect((answer.json() as { publishIds: string[] }).publishIds).toHaveLength(2);
    await soon(() =>
      expect([toGoogle(), toApple()]).toEqual([
        [
          ['a', { msg: 'Hello' }],
          ['b', { msg: 'Hello' }],
        ],
        [['aa', { aps: { alert: 'Hello' } }]],
      ]),
    );
  });

  it('with names in the message each gets its own', async () => {
    await push(node(), 'sendMessage', MASTER, { recipients, messageContent: 'Hello {{name}}' });
    await soon(() =>
      expect([toGoogle(), toApple()]).toEqual([
        [
          ['a', { msg: 'Hello Ann' }],
          ['b', { msg: 'Hello Bob' }],
        ],
        [['aa', { aps: { alert: 'Hello Ann' } }]],
      ]),
    );
  });

  it('users and everybody cannot be sent to', async () => {
    const toUser = await push(node(), 'sendMessage', MASTER, { recipients: [ID], messageContent: 'A' });
    expectRefusal(toUser, 400, 'MissingConfiguration', NO_DATABASE);
    const toAll = await push(node(), 'sendBroadcast', MASTER, { messageContent: 'A' });
    expectRefusal(toAll, 400, 'MissingConfiguration', NO_DATABASE);
  });

  it.each([
    [{ recipients: undefined }, 'IncompleteRequestBody', 'recipients is required'],
    [{ recipients: 1 }, 'ParameterValueOutOfRange', 'recipients must be documents of users'],
    [{ messageContent: '' }, 'IncompleteRequestBody', 'messageContent is required'],
    [{ messageContent: 1 }, 'ParameterValueOutOfRange', 'messageContent must be a text or an object'],
    [
      { messageContent: {} },
      'IncompleteRequestBody',
      'messageContent has neither iOSAps, iOSExtras nor androidPayload',
    ],
    [{ messageContent: { iOSAps: 'x' } }, 'ParameterValueOutOfRange', 'iOSAps must be an object'],
  ])('%o is refused', async (changes, error, debug) => {
    const body = { recipients, messageContent: 'A', ...changes };
    expectRefusal(await push(node(), 'sendMessage', MASTER, body), 400, error, debug);
  });

  it('what a provider would never take is refused', async () => {
    const answer = await push(node(), 'sendMessage', MASTER, {
      recipients,
      messageContent: 'x'.repeat(5000),
    });
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { error: 'BadRequest', debug: expect.stringContaining('4096') },
    ]);
  });
});

describe('an app without providers', () => {
  const node = useServer({ apps: [{ ...DEFAULT_APP, push: { kinvey: KINVEY } }] });

  it('cannot send', async () => {
    for (const what of ['sendMessage', 'sendBroadcast']) {
      const answer = await push(node(), what, MASTER, { recipients: [ID], messageContent: 'A' });
      expectRefusal(answer, 400, 'MissingConfiguration', 'the app has neither FCM nor APNs');
    }
  });
});
