/** Users: signing up, logging in and out, reading; what applications in browsers need; nodes without a database. */
import { describe, expect, it } from 'vitest';
import { ask, onEachNode } from '../support/push/push-node.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';
import {
  APP,
  APP_KEY,
  basic,
  type Document,
  expectRefusal,
  INSUFFICIENT,
  INVALID,
  KINVEY,
  MASTER,
  NO_DATABASE,
  push,
  read,
  signedUp,
  user,
} from './support.ts';

const settings = () => ({ apps: [{ ...DEFAULT_APP, push: { kinvey: KINVEY } }] });
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

onEachNode(settings, (node) => {
  it('who signs up is logged in, and can log in again', async () => {
    const answer = await user(node(), '', APP, {
      username: 'ada',
      password: 'secret',
      givenName: 'Ada',
      _kmd: 1,
    });
    expect(answer.status).toBe(201);
    const document = answer.json() as Document;
    const expected = {
      _id: expect.stringMatching(/^[0-9a-f]{24}$/),
      username: 'ada',
      givenName: 'Ada',
      _kmd: { lmt: TIME, ect: TIME, authtoken: expect.any(String) },
      _acl: { creator: document._id },
    };
    expect(document).toEqual(expected);
    const again = await user(node(), 'login', APP, { username: 'ada', password: 'secret' });
    expect([again.status, again.json()]).toEqual([200, { ...expected, _id: document._id }]);
    const [first, second] = [document, again.json() as Document].map(
      ({ _kmd }) => `Kinvey ${_kmd.authtoken}`,
    );
    expect(first).not.toBe(second);

    expect((await user(node(), '_logout', first)).status).toBe(204);
    expect((await read(node(), '_me', first)).text).toBe(INVALID);
    const me = await read(node(), '_me', second);
    const { _kmd, ...shown } = expected;
    expect([me.status, me.json()]).toEqual([
      200,
      { ...shown, _kmd: { lmt: TIME, ect: TIME }, _messaging: { pushTokens: [] } },
    ]);
  });

  it('what is logged in with has the tokens of the user', async () => {
    const { id, session } = await signedUp(node(), { username: 'grace', password: 'p' });
    await push(node(), 'register-device', session, { platform: 'android', deviceId: 'a' });
    const document = (
      await user(node(), 'login', MASTER, { username: 'grace', password: 'p' })
    ).json() as Document;
    expect(document).toMatchObject({ _id: id, _messaging: { pushTokens: [{ token: 'a' }] } });
  });

  it('a name is taken once', async () => {
    await signedUp(node(), { username: 'twice', password: 'p' });
    const answer = await user(node(), '', APP, { username: 'twice', password: 'other' });
    expect([answer.status, answer.text]).toEqual([
      409,
      '{"error":"UserAlreadyExists","description":"This username is already taken. Please retry your request with a different username","debug":""}',
    ]);
    const all = await Promise.all(
      [1, 2, 3].map(() => user(node(), '', APP, { username: 'race', password: 'p' })),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expectRefusal(
      await user(node(), '', APP, { username: APP_KEY, password: 'p' }),
      409,
      'UserAlreadyExists',
    );
  });

  it('who gives neither name nor password gets both', async () => {
    for (const body of ['', {}]) {
      const answer = await user(node(), '', APP, body);
      expect(answer.status).toBe(201);
      const { username = '', password = '', _id } = answer.json() as Document;
      const again = await user(node(), 'login', APP, { username, password });
      expect(again.json()).toMatchObject({ _id });
      expect(again.json()).not.toHaveProperty('password');
    }
  });

  it('a backend chooses an id, also that of a user it has named before; an application does not', async () => {
    await push(node(), 'register-device', MASTER, { platform: 'ios', deviceId: 'aa', userId: 'chosen' });
    const wanted = { _id: 'chosen', username: 'chosen one', password: 'p' };
    expectRefusal(
      await user(node(), '', APP, wanted),
      401,
      'InsufficientCredentials',
      '_id can be chosen with master credentials only',
    );
    const answer = await user(node(), '', MASTER, wanted);
    expect([answer.status, answer.json()]).toMatchObject([201, { _id: 'chosen', username: 'chosen one' }]);
    expectRefusal(
      await user(node(), '', MASTER, { ...wanted, username: 'another' }),
      409,
      'UserAlreadyExists',
    );
    const named = (await read(node(), 'chosen')).json() as Document;
    expect(named._messaging?.pushTokens).toHaveLength(1);
  });

  it('a wrong password and a wrong name are the same', async () => {
    await signedUp(node(), { username: 'eve', password: 'p' });
    for (const body of [
      { username: 'eve', password: 'P' },
      { username: 'nobody', password: 'p' },
    ]) {
      const answer = await user(node(), 'login', APP, body);
      expect([answer.status, answer.text]).toEqual([401, INVALID]);
    }
    expectRefusal(
      await user(node(), 'login', APP, { username: 'eve' }),
      400,
      'IncompleteRequestBody',
      'password is required',
    );
    expectRefusal(
      await user(node(), 'login', APP, { username: 'eve', password: 1 }),
      400,
      'ParameterValueOutOfRange',
      'password must be a text',
    );
  });

  it('a name and a password do as credentials', async () => {
    const { id } = await signedUp(node(), { username: 'pat', password: 'pass:word' });
    expect((await read(node(), '_me', basic('pat', 'pass:word'))).json()).toMatchObject({ _id: id });
    expect((await read(node(), '_me', basic('pat', 'pass'))).text).toBe(INVALID);
  });

  it('users see themselves, a backend all, an application none', async () => {
    const [a, b] = [await signedUp(node()), await signedUp(node())];
    expect((await read(node(), a.id, a.session)).json()).toMatchObject({ _id: a.id });
    expect((await read(node(), b.id, a.session)).text).toBe(INSUFFICIENT);
    expect((await read(node(), b.id, MASTER)).json()).toMatchObject({ _id: b.id });
    expect((await read(node(), b.id, APP)).text).toBe(INSUFFICIENT);
    expect((await read(node(), '_me', MASTER)).text).toBe(INSUFFICIENT);
    expectRefusal(await read(node(), 'nobody'), 404, 'UserNotFound');
    expectRefusal(await read(node(), 'a%00'), 404, 'UserNotFound');
    for (const what of ['', 'login']) {
      expect((await user(node(), what, a.session, { username: 'x', password: 'y' })).text).toBe(INSUFFICIENT);
    }
    expect((await user(node(), '_logout', APP)).text).toBe(INSUFFICIENT);
  });

  it('attributes are bounded', async () => {
    expectRefusal(
      await user(node(), '', APP, { text: 'x'.repeat(33_000) }),
      400,
      'ParameterValueOutOfRange',
      'a user may have 32768 bytes of attributes',
    );
  });

  it('pages of any origin may ask, and read the answers', async () => {
    const headers = { origin: 'https://example.com', 'access-control-request-method': 'POST' };
    const preflight = await ask(node(), 'OPTIONS', `/user/${APP_KEY}/login`, { headers });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*']);
    expect(preflight.headers['access-control-allow-headers']).toContain('X-Kinvey-Api-Version');
    for (const answer of [await user(node(), 'login', WRONG_APP), await read(node(), '_me')]) {
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    }
  });

  it('another method is refused', async () => {
    expectRefusal(await ask(node(), 'GET', `/user/${APP_KEY}/login`), 400, 'BadRequest', 'use POST');
    expectRefusal(await ask(node(), 'PUT', `/user/${APP_KEY}/someone`), 400, 'BadRequest', 'use GET');
    expect((await ask(node(), 'POST', `/push/${APP_KEY}/nothing`)).status).toBe(404);
  });
});

const WRONG_APP = basic(APP_KEY, 'wrong');

describe('without a database', () => {
  const node = useServer(settings());

  it('there are no users and no devices', async () => {
    for (const answer of [
      await user(node(), '', APP, {}),
      await user(node(), 'login', APP, { username: 'a', password: 'b' }),
      await read(node(), 'a'),
      await read(node(), '_me', 'Kinvey x'),
      await push(node(), 'register-device', MASTER, { platform: 'ios', deviceId: 'a', userId: 'u' }),
      await push(node(), 'unregister-device', 'Kinvey x', { platform: 'ios', deviceId: 'a' }),
    ]) {
      expectRefusal(answer, 400, 'MissingConfiguration', NO_DATABASE);
    }
  });
});
