/** PROTOCOL.md, "HTTP API": POST /apps/{app_id}/users/{user_id}/terminate_connections. */
import { describe, expect, test } from 'vitest';
import { api } from '../support/api.ts';
import { channelAuth } from '../support/auth.ts';
import { dataOf } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { authParams, expectTextError, sendExactly, useServer, withBodyMd5 } from './support.ts';

const under = useServer({ apps: [DEFAULT_APP, OTHER_APP] });

const terminate = (id: string, body: string | undefined = '{}') =>
  api(under.server, 'POST', `/users/${id}/terminate_connections`, body === undefined ? {} : { body });

test('every connection of the user is closed with 4009', async () => {
  const tabs = [await under.user('7'), await under.user('7')];
  const response = await terminate('7');
  expect([response.status, response.text]).toEqual([200, '{}']);
  for (const tab of tabs) expect(await tab.closed).toMatchObject({ code: 4009 });
});

test('other users and connections without a user stay', async () => {
  const other = await under.user('77');
  const nobody = await under.connect();
  const victim = await under.user('7');
  await terminate('7');
  await victim.closed;
  expect(await other.barrier()).toEqual([]);
  expect(await nobody.barrier()).toEqual([]);
});

test('a connection that only carries the id in a presence channel stays', async () => {
  const member = await under.member('presence-t', '7');
  await terminate('7');
  await member.barrier();
  expect((await api(under.server, 'GET', '/channels/presence-t/users')).text).toBe('{"users":[{"id":"7"}]}');
});

test('a terminated connection leaves its presence channels', async () => {
  const watcher = await under.member('presence-left', '1');
  const victim = await under.user('2');
  const auth = channelAuth(DEFAULT_APP, victim.socketId, 'presence-left');
  await victim.subscribe('presence-left', { auth });
  await watcher.next('pusher_internal:member_added');
  await terminate('2');
  expect(dataOf(await watcher.next('pusher_internal:member_removed'))).toEqual({ user_id: '2' });
});

test('a user of the same id in another app stays', async () => {
  const here = await under.user('7');
  const response = await api(under.server, 'POST', '/users/7/terminate_connections', {
    app: OTHER_APP,
    body: '{}',
  });
  expect(response.text).toBe('{}');
  expect(await here.barrier()).toEqual([]);
});

test('a user who is not there is no error', async () => {
  const response = await terminate('nobody');
  expect([response.status, response.text]).toEqual([200, '{}']);
});

test('a body is not needed', async () => {
  const tab = await under.user('8');
  const response = await api(under.server, 'POST', '/users/8/terminate_connections');
  expect([response.status, response.text]).toEqual([200, '{}']);
  expect(await tab.closed).toMatchObject({ code: 4009 });
});

test('the user may sign in again afterwards', async () => {
  const before = await under.user('9');
  await terminate('9');
  await before.closed;
  const after = await under.user('9');
  expect(await after.barrier()).toEqual([]);
});

test.each(['a|b', 'zoë@example.com', 'x:y', 'a b', '__proto__', 'a/b'])(
  'the id %j is found percent-encoded',
  async (id) => {
    const tab = await under.user(id);
    const response = await terminate(encodeURIComponent(id));
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(await tab.closed).toMatchObject({ code: 4009 });
  },
);

describe('without the app in the path', () => {
  const path = '/users/42/terminate_connections';

  test('the app is that of auth_key', async () => {
    const tab = await under.user('42');
    const response = await api(under.server, 'POST', path, { absolute: true, body: '{}' });
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(await tab.closed).toMatchObject({ code: 4009 });
  });

  test('the key of another app terminates nobody here', async () => {
    const tab = await under.user('42');
    const response = await api(under.server, 'POST', path, { absolute: true, app: OTHER_APP, body: '{}' });
    expect(response.status).toBe(200);
    expect(await tab.barrier()).toEqual([]);
  });

  test('it is signed like any other', async () => {
    const unknown = { ...DEFAULT_APP, key: 'nobody' };
    const params = withBodyMd5(authParams(unknown), '{}');
    const response = await sendExactly(under.server, { method: 'POST', path, params, body: '{}' });
    expectTextError(response, 401);
    expect(response.text).toBe('Unknown auth_key');
    const wrong = { ...DEFAULT_APP, secret: 'wrong' };
    expectTextError(await api(under.server, 'POST', path, { absolute: true, app: wrong, body: '{}' }), 401);
  });
});
