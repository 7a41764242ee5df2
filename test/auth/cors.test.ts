/** Which pages may call the auth endpoints from another origin. */
import { describe, expect, test } from 'vitest';
import { sendHttp } from '../support/api.ts';
import { useServer } from '../support/use-server.ts';
import { ask, authApp, SOCKET, token } from './support.ts';

const page = 'https://app.example.com';
const fields = { socket_id: SOCKET, channel_name: 'private-user-7' };

describe('with origins listed', () => {
  const server = useServer({ apps: [authApp({ origins: [page, '*.example.org'] })] });

  test.each([page, 'https://a.example.org'])('%s may call with cookies', async (origin) => {
    const response = await ask(server(), fields, { token: await token(), headers: { origin } });
    expect(response.status).toBe(200);
    expect(response.headers['access-control-allow-origin']).toBe(origin);
    expect(response.headers['access-control-allow-credentials']).toBe('true');
    expect(response.headers['vary']).toBe('Origin');
  });

  test('denials can be read there too', async () => {
    const response = await ask(server(), fields, { headers: { origin: page } });
    expect([response.status, response.headers['access-control-allow-origin']]).toEqual([403, page]);
  });

  test('others may not read the answer', async () => {
    const response = await ask(server(), fields, { headers: { origin: 'https://evil.example' } });
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('a preflight allows the headers that frameworks send', async () => {
    const response = await ask(server(), {}, { method: 'OPTIONS', headers: { origin: page } });
    expect(response.status).toBe(204);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
    });
    for (const name of ['Authorization', 'Content-Type', 'X-CSRF-TOKEN', 'X-Requested-With']) {
      expect(response.headers['access-control-allow-headers']).toContain(name);
    }
  });

  test('a preflight allows a listed page the headers it asks for, if they are names of headers', async () => {
    const allowed = async (requested: string) => {
      const headers = { origin: page, 'access-control-request-headers': requested };
      const response = await ask(server(), {}, { method: 'OPTIONS', headers });
      return response.headers['access-control-allow-headers'];
    };
    const usual = await allowed('');
    expect(await allowed('authorization, x-tenant,sentry-trace')).toBe(`${usual}, x-tenant, sentry-trace`);
    expect(await allowed('x-tenant; <b>')).toBe(usual);
    expect(await allowed('x'.repeat(2001))).toBe(usual);
  });

  test.each([
    ['a body of nonsense', '/pusher/auth', '{', 400],
    ['an app that is not there', '/apps/nobody/pusher/auth', '{}', 404],
  ])('the answer to %s can be read', async (_, path, body, status) => {
    const response = await sendHttp(server(), {
      method: 'POST',
      path,
      params: [],
      body: Buffer.from(body),
      headers: { origin: page, 'content-type': 'application/json' },
    });
    expect([response.status, response.headers['access-control-allow-origin']]).toEqual([status, page]);
  });

  test('a preflight of another page allows nothing', async () => {
    const response = await ask(
      server(),
      {},
      { method: 'OPTIONS', headers: { origin: 'https://evil.example' } },
    );
    expect(response.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe("with the app's allowedOrigins", () => {
  const server = useServer({ apps: [authApp({}, { allowedOrigins: [page] })] });

  test('those may call', async () => {
    const response = await ask(server(), fields, { token: await token(), headers: { origin: page } });
    expect(response.headers['access-control-allow-credentials']).toBe('true');
  });
});

describe.each([[[]], [['*']]])('with origins %j', (origins) => {
  const server = useServer({ apps: [authApp({ origins })] });

  test('any page may call with a token of its own, none with cookies', async () => {
    const response = await ask(server(), fields, { token: await token(), headers: { origin: page } });
    expect(response.headers['access-control-allow-origin']).toBe('*');
    expect(response.headers['access-control-allow-credentials']).toBeUndefined();
    const headers = { origin: page, 'access-control-request-headers': 'x-tenant' };
    const preflight = await ask(server(), {}, { method: 'OPTIONS', headers });
    expect(preflight.headers['access-control-allow-headers']).not.toContain('x-tenant');
  });
});
