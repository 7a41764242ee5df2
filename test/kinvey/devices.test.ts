/** Tokens of devices: registered, shown with their users, unregistered. */
import { expect, it } from 'vitest';
import { call, device, list, resultOf } from '../centrifugo/support.ts';
import { ask, onEachNode } from '../support/push/push-node.ts';
import { DEFAULT_APP } from '../support/server.ts';
import {
  APP,
  basic,
  expectRefusal,
  INSUFFICIENT,
  INVALID,
  KINVEY,
  MASTER,
  post,
  push,
  read,
  signedUp,
  tokensOf,
  user,
  WRONG,
} from './support.ts';

const settings = () => ({
  apps: [{ ...DEFAULT_APP, push: { kinvey: KINVEY, centrifugo: { apiKey: 'cent-api-key' } } }],
});
const TOO_DEEP = 'the body is nested deeper than 100 levels';
const ANDROID = { platform: 'android', deviceId: 'ex6xc3igTBI:APA91bG' };

onEachNode(settings, (node) => {
  it('a registration with master credentials makes the user exist, and has the bytes of Kinvey', async () => {
    const body = '{"platform":"ios","deviceId":"01c5b7eec38298164e","userId":"5058c666474f050906000001"}';
    const answer = await push(node(), 'register-device', MASTER, body);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await read(node(), '5058c666474f050906000001')).json()).toMatchObject({
      _id: '5058c666474f050906000001',
      _messaging: { pushTokens: [{ token: '01c5b7eec38298164e', platform: 'ios', arn: null }] },
    });
    expect((await push(node(), 'unregister-device', MASTER, body)).status).toBe(204);
    const after = await read(node(), '5058c666474f050906000001');
    expect([after.status, after.json()]).toMatchObject([200, { _messaging: { pushTokens: [] } }]);
  });

  it('a registration by a user is for that user, and is one entry however often it comes', async () => {
    const { id, session } = await signedUp(node());
    const body = '{"platform":"android","deviceId":"ex6xc3igTBI:APA91bG","framework":"nativescript"}';
    for (const authorization of [session, session]) {
      expect((await push(node(), 'register-device', authorization, body)).status).toBe(204);
    }
    expect(await tokensOf(node(), id)).toEqual([
      { token: 'ex6xc3igTBI:APA91bG', platform: 'android', arn: null, framework: 'nativescript' },
    ]);
    await push(node(), 'register-device', session, { ...ANDROID, userId: id });
    expect(await tokensOf(node(), id)).toEqual([
      { token: 'ex6xc3igTBI:APA91bG', platform: 'android', arn: null },
    ]);
  });

  it('a user has many tokens, in the order they came', async () => {
    const { id, session } = await signedUp(node());
    await push(node(), 'register-device', session, { platform: 'android', deviceId: 'z' });
    await push(node(), 'register-device', session, { platform: 'ios', deviceId: 'AB' });
    await push(node(), 'register-device', session, { platform: 'ios', deviceId: 'f', service: 'firebase' });
    expect(await tokensOf(node(), id)).toEqual([
      { token: 'z', platform: 'android', arn: null },
      { token: 'ab', platform: 'ios', arn: null },
      { token: 'f', platform: 'ios', arn: null },
    ]);
    const providers = (await list(node(), { users: [id] })).items.map(
      (one) => (one as { provider?: string }).provider,
    );
    expect(providers.sort()).toEqual(['apns', 'fcm', 'fcm']);
    for (const body of [
      { platform: 'ios', deviceId: 'aB' },
      { platform: 'ios', deviceId: 'f' },
    ]) {
      expect((await push(node(), 'unregister-device', session, body)).status).toBe(204);
    }
    expect(await tokensOf(node(), id)).toEqual([{ token: 'z', platform: 'android', arn: null }]);
  });

  it('a token moves to the user who registered it last', async () => {
    const [first, second] = [await signedUp(node()), await signedUp(node())];
    await push(node(), 'register-device', first.session, ANDROID);
    await push(node(), 'register-device', second.session, ANDROID);
    expect(await tokensOf(node(), first.id)).toEqual([]);
    expect(await tokensOf(node(), second.id)).toHaveLength(1);
    // Not the first one's any more, so nothing to remove.
    expect((await push(node(), 'unregister-device', first.session, ANDROID)).status).toBe(204);
    expect(await tokensOf(node(), second.id)).toHaveLength(1);
  });

  it('a token of the Centrifugo door moves too, without what its user listened to', async () => {
    await resultOf(node(), 'push_user_channel_update', { user: '42', op: 'add', channels: ['user:42'] });
    const id = await device(node(), 'shared', { user: '42', channels: ['news'] });
    expect(await tokensOf(node(), '42')).toEqual([{ token: 'shared', platform: 'android', arn: null }]);
    const body = { platform: 'android', deviceId: 'shared', userId: '77' };
    expect((await push(node(), 'register-device', MASTER, body)).status).toBe(204);
    expect((await list(node(), { ids: [id] })).items).toEqual([
      { id, platform: 'android', provider: 'fcm', token: 'shared', user: '77' },
    ]);
    expect((await list(node(), { users: ['42'] })).items).toEqual([]);
    expectRefusal(await read(node(), '42'), 404, 'UserNotFound');
    expect(await tokensOf(node(), '77')).toHaveLength(1);
  });

  it('a device that stays with its user keeps what it listens to through another door', async () => {
    const id = await device(node(), 'mine', { user: '88', channels: ['news'] });
    const body = { platform: 'android', deviceId: 'mine', userId: '88', framework: 'phonegap' };
    expect((await push(node(), 'register-device', MASTER, body)).status).toBe(204);
    expect((await list(node(), { ids: [id] })).items).toMatchObject([{ id, user: '88', channels: ['news'] }]);
    expect(await tokensOf(node(), '88')).toMatchObject([{ framework: 'phonegap' }]);
  });

  it('after logging out nothing can be unregistered', async () => {
    const { id, session } = await signedUp(node());
    await push(node(), 'register-device', session, ANDROID);
    expect((await user(node(), '_logout', session)).status).toBe(204);
    const answer = await push(node(), 'unregister-device', session, ANDROID);
    expect([answer.status, answer.text]).toEqual([401, INVALID]);
    expect(await tokensOf(node(), id)).toHaveLength(1);
  });

  it('a token that nobody has is unregistered without a word', async () => {
    const { session } = await signedUp(node());
    expect(
      (await push(node(), 'unregister-device', session, { platform: 'ios', deviceId: 'none' })).status,
    ).toBe(204);
  });

  it.each(['register-device', 'unregister-device'])('%s takes no app credentials', async (what) => {
    const answer = await push(node(), what, APP, { ...ANDROID, userId: 'x' });
    expect([answer.status, answer.text]).toEqual([401, INSUFFICIENT]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    ['no credentials', undefined],
    ['a wrong secret', WRONG],
    ['an unknown session', 'Kinvey sess-token-0001'],
    ['an unknown user', basic('nobody', 'x')],
    ['no pair', 'Basic eA=='],
    ['another scheme', 'Bearer x'],
    ['two sessions', 'Kinvey a b'],
  ])('%s are invalid', async (_, authorization) => {
    for (const what of ['register-device', 'unregister-device', 'sendMessage', 'sendBroadcast']) {
      const answer = await push(node(), what, authorization, ANDROID);
      expect([answer.status, answer.text]).toEqual([401, INVALID]);
    }
  });

  it('a user acts for nobody else', async () => {
    const { session } = await signedUp(node());
    for (const what of ['register-device', 'unregister-device']) {
      const answer = await push(node(), what, session, { ...ANDROID, userId: 'another' });
      expect([answer.status, answer.text]).toEqual([401, INSUFFICIENT]);
    }
  });

  it('a backend names a user, for unregistering one that there is', async () => {
    for (const what of ['register-device', 'unregister-device']) {
      expectRefusal(
        await push(node(), what, MASTER, ANDROID),
        400,
        'MissingRequestParameter',
        'userId is required',
      );
    }
    const answer = await push(node(), 'unregister-device', MASTER, { ...ANDROID, userId: 'nobody' });
    expect([answer.status, answer.text]).toEqual([
      404,
      '{"error":"UserNotFound","description":"This user does not exist for this app backend","debug":""}',
    ]);
  });

  it.each([
    [{ platform: undefined }, 'IncompleteRequestBody', 'platform is required'],
    [{ deviceId: '' }, 'IncompleteRequestBody', 'deviceId is required'],
    [{ platform: 'windows' }, 'ParameterValueOutOfRange', 'platform must be one of ios, android'],
    [{ platform: 1 }, 'ParameterValueOutOfRange', 'platform must be a text'],
    [{ deviceId: 'a b' }, 'ParameterValueOutOfRange', 'deviceId must be 1 to 4096 visible ASCII characters'],
    [
      { platform: 'ios', deviceId: 'a/b' },
      'ParameterValueOutOfRange',
      'deviceId must be 1 to 255 letters, digits or any of _ : -',
    ],
    [{ userId: 'a\0' }, 'ParameterValueOutOfRange', 'userId has a NUL character'],
    [{ framework: 'f'.repeat(256) }, 'ParameterValueOutOfRange', 'framework must have at most 255 bytes'],
  ])('a registration with %o is refused', async (changes, error, debug) => {
    const body = { ...ANDROID, userId: 'u', ...changes };
    expectRefusal(await push(node(), 'register-device', MASTER, body), 400, error, debug);
  });

  it.each([
    ['', 'IncompleteRequestBody', 'the body is empty'],
    ['{', 'JSONParseError', ''],
    ['[]', 'BadRequest', 'the body is not an object'],
    [`{"a":${'['.repeat(100)}${']'.repeat(100)}}`, 'BadRequest', TOO_DEEP],
    [`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'BadRequest', TOO_DEEP],
    [Buffer.from('{"a":"\xff"}', 'latin1'), 'JSONParseError', ''],
  ])('the body %o is refused', async (body, error, debug) => {
    expectRefusal(await push(node(), 'register-device', MASTER, body), 400, error, debug);
  });

  it('every answer has a number of its own, which browsers may read', async () => {
    const { session } = await signedUp(node());
    const answers = [
      await push(node(), 'register-device', session, { platform: 'android', deviceId: 'numbered' }),
      await push(node(), 'register-device', WRONG, ANDROID),
      await post(node(), '/push/kid_other/register-device', MASTER, ANDROID),
      await push(node(), 'sendMessage', MASTER, Buffer.alloc(2 ** 21)),
      await ask(node(), 'GET', `/push/${KINVEY.appKey}/sendMessage`),
      await ask(node(), 'OPTIONS', `/push/${KINVEY.appKey}/sendMessage`),
      await read(node(), '_me', session),
      await user(node(), 'login', APP, { username: 'nobody', password: 'x' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 401, 404, 400, 400, 204, 200, 401]);
    for (const { headers } of answers) {
      expect(headers['x-kinvey-request-id']).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(new Set(answers.map(({ headers }) => headers['x-kinvey-request-id'])).size).toBe(answers.length);
    expect(answers[0]?.headers['access-control-expose-headers']).toBe('X-Kinvey-Request-Id');
  });

  it('an app that there is not is not found', async () => {
    const answer = await post(node(), '/push/kid_other/register-device', MASTER, ANDROID);
    expect([answer.status, answer.text]).toEqual([
      404,
      '{"error":"AppNotFound","description":"This app backend not found","debug":""}',
    ]);
  });

  it('what is removed through another door is gone here', async () => {
    const { id, session } = await signedUp(node());
    await push(node(), 'register-device', session, { platform: 'android', deviceId: 'removed' });
    await call(node(), 'device_remove', { users: [id] });
    expect(await tokensOf(node(), id)).toEqual([]);
  });
});
