/** What a browser of another origin needs, and what it must never be given. */
import { describe, expect, test } from 'vitest';
import { api, type SignedRequest, sendHttp, trigger } from '../support/api.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer } from './support.ts';

const under = useServer({ apps: [DEFAULT_APP, OTHER_APP] });
const origin = 'https://page.example.com';

const plain = (method: string, path: string, headers: Record<string, string> = {}) => {
  const request: SignedRequest = { method, path, params: [], body: undefined, headers };
  return sendHttp(under.server, request);
};

describe('preflight', () => {
  test.each([
    ['POST', '/apps/1001/events'],
    ['POST', '/apps/1001/batch_events'],
    ['GET', '/apps/1001/channels'],
    ['GET', '/apps/1001/channels/a'],
    ['GET', '/apps/1001/channels/presence-a/users'],
    ['POST', '/apps/1001/users/7/terminate_connections'],
  ])('for %s %s is allowed', async (method, path) => {
    const response = await plain('OPTIONS', path, {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,x-pusher-library',
    });
    expect([200, 204]).toContain(response.status);
    expect(['*', origin]).toContain(response.headers['access-control-allow-origin']);
    expect(response.headers['access-control-allow-methods']).toContain(method);
    expect(String(response.headers['access-control-allow-headers']).toLowerCase()).toMatch(/content-type|\*/);
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
    expect(response.text).toBe('');
  });
});

describe('answers', () => {
  test('carry Access-Control-Allow-Origin, errors included', async () => {
    const responses = [
      await trigger(under.server, 'a', 'e', 'x', {}, { headers: { origin } }),
      await api(under.server, 'GET', '/channels', { headers: { origin } }),
      await api(under.server, 'POST', '/events', { body: '{}', headers: { origin } }),
      await api(under.server, 'GET', '/nothing', { headers: { origin } }),
      await plain('GET', '/apps/1001/channels', { origin }),
      await plain('GET', '/apps/999/channels', { origin }),
    ];
    expect(responses.map((response) => response.status)).toEqual([200, 200, 400, 404, 401, 404]);
    for (const response of responses) {
      expect(['*', origin]).toContain(response.headers['access-control-allow-origin']);
    }
  });

  test('hold no secret, nor the name of the software behind', async () => {
    const wrong = { ...DEFAULT_APP, secret: 'wrong' };
    const responses = [
      await api(under.server, 'GET', '/channels', { app: wrong }),
      await api(under.server, 'POST', '/events', { app: wrong, body: '{}' }),
      await api(under.server, 'GET', '/channels', { app: { ...OTHER_APP, id: DEFAULT_APP.id } }),
      await api(under.server, 'POST', '/events', { body: '{' }),
      await plain('GET', '/'),
      await plain('GET', '/metrics'),
      await plain('GET', '/health'),
    ];
    for (const response of responses) {
      const whole = JSON.stringify(response.headers) + response.text;
      for (const { secret } of [DEFAULT_APP, OTHER_APP]) expect(whole).not.toContain(secret);
      expect(response.headers['x-powered-by']).toBeUndefined();
      expect(response.text).not.toMatch(/\n\s+at \S+ \(/);
    }
  });

  test('a header can not be injected through what is echoed', async () => {
    const response = await plain('OPTIONS', '/apps/1001/events', {
      origin: 'https://evil.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-a, x-b',
    });
    expect(response.headers['set-cookie']).toBeUndefined();
    expect(['*', 'https://evil.example.com']).toContain(response.headers['access-control-allow-origin']);
  });
});
