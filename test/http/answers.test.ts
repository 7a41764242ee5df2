/** PROTOCOL.md, "HTTP API", Answers: statuses and the form of errors, whatever the endpoint. */
import { describe, expect, test } from 'vitest';
import { api, sendHttp, trigger } from '../support/api.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { authParams, expectTextError, sendExactly, useServer } from './support.ts';

const DISABLED = { id: '1003', key: 'disabled-key', secret: 'disabled-secret-0123456789', enabled: false };
const under = useServer({ apps: [DEFAULT_APP, OTHER_APP, DISABLED] });

describe('success', () => {
  test('is JSON, an object even when there is nothing to say', async () => {
    const response = await trigger(under.server, 'news', 'e', 'x');
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
  });
});

describe('errors', () => {
  const refused = (accept?: string) =>
    api(under.server, 'POST', '/events', {
      body: '{}',
      ...(accept === undefined ? {} : { headers: { accept } }),
    });

  test('are plain text', async () => {
    expectTextError(await refused(), 400);
  });

  test.each([
    '*/*',
    'text/html, application/json',
    'application/json, */*',
    'application/json; charset=utf-8',
  ])('are plain text with Accept: %s', async (accept) => {
    expectTextError(await refused(accept), 400);
  });

  test('are JSON if Accept is exactly application/json', async () => {
    const plain = await refused();
    const response = await refused('application/json');
    expect(response.status).toBe(400);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.json()).toEqual({ error: plain.text });
  });

  test('are JSON for 401 as well', async () => {
    const response = await sendHttp(under.server, {
      method: 'GET',
      path: '/apps/1001/channels',
      params: [],
      body: undefined,
      headers: { accept: 'application/json' },
    });
    expect([response.status, response.json()]).toEqual([401, { error: 'Missing parameter: auth_key' }]);
  });

  test('success is the same whatever Accept says', async () => {
    const response = await api(under.server, 'GET', '/channels', { headers: { accept: 'application/json' } });
    expect([response.status, response.text]).toEqual([200, '{"channels":{}}']);
  });
});

describe('unknown paths and apps', () => {
  test('an unknown app is 404', async () => {
    expectTextError(await api(under.server, 'GET', '/apps/999/channels'), 404);
  });

  test.each(['/nothing', '/channels/a/b/c', '/events/x', ''])(
    'a signed %j below the app is 404',
    async (path) => {
      expectTextError(await api(under.server, 'GET', path), 404);
    },
  );

  test.each(['/nothing', '/apps', '/apps/', '/apps/1001x', '/..%2f..', '/favicon.ico', '//', '/%00'])(
    '%s outside of an app is 404',
    async (path) => {
      const response = await sendHttp(under.server, {
        method: 'GET',
        path,
        params: [],
        body: undefined,
        headers: {},
      });
      expectTextError(response, 404);
    },
  );

  test('a plain GET of the socket path is an answer, not a hang', async () => {
    const path = `/app/${DEFAULT_APP.key}`;
    const response = await sendHttp(under.server, {
      method: 'GET',
      path,
      params: [],
      body: undefined,
      headers: {},
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });
});

describe('methods', () => {
  test.each([
    ['GET', '/events'],
    ['GET', '/batch_events'],
    ['POST', '/channels'],
    ['DELETE', '/channels/a'],
    ['PUT', '/events'],
    ['PATCH', '/events'],
    ['POST', '/channels/presence-a/users'],
    ['GET', '/users/7/terminate_connections'],
  ])('%s %s is 405', async (method, path) => {
    const response = await api(under.server, method, path, method === 'GET' ? {} : { body: '{}' });
    expectTextError(response, 405);
  });

  test('is told as JSON to those who accept only that', async () => {
    const response = await api(under.server, 'GET', '/events', { headers: { accept: 'application/json' } });
    expect(response.status).toBe(405);
    expect(response.json()).toEqual({ error: 'Method not allowed: use POST' });
  });
});

describe('a disabled app', () => {
  test.each([
    ['GET', '/channels'],
    ['GET', '/channels/a'],
    ['POST', '/events'],
    ['POST', '/batch_events'],
  ])('%s %s is 403', async (method, path) => {
    const body = { name: 'e', channel: 'a', data: 'x', batch: [{ name: 'e', channel: 'a', data: 'x' }] };
    const response = await api(under.server, method, path, {
      app: DISABLED,
      ...(method === 'GET' ? {} : { body }),
    });
    expectTextError(response, 403);
  });
});

describe('isolation', () => {
  test("an app does not see another one's channels", async () => {
    await under.subscriber('shared-name', OTHER_APP);
    const mine = await api(under.server, 'GET', '/channels/shared-name');
    expect(mine.json()).toEqual({ occupied: false });
    const theirs = await api(under.server, 'GET', '/channels', { app: OTHER_APP });
    expect(theirs.json()).toEqual({ channels: { 'shared-name': {} } });
  });

  test("an event does not reach another app's channel of the same name", async () => {
    const other = await under.subscriber('same-name', OTHER_APP);
    await trigger(under.server, 'same-name', 'foreign', 'x');
    await trigger(under.server, 'same-name', 'own', 'x', {}, { app: OTHER_APP });
    expect(
      (await other.next((frame) => frame.channel === 'same-name' && !frame.event.startsWith('pusher'))).event,
    ).toBe('own');
  });
});

test('an app id that is not one is 404, also with a good signature', async () => {
  for (const id of ['__proto__', 'constructor', '1001%00', ' ']) {
    const path = `/apps/${encodeURIComponent(id)}/channels`;
    const response = await sendExactly(under.server, {
      method: 'GET',
      path,
      params: authParams(DEFAULT_APP),
    });
    expectTextError(response, 404);
  }
});
