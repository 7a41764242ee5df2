/** Callers known by the application's backend: a real one, which may be slow or broken. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withOneNode, withServer } from '../support/use-server.ts';
import { ask, authApp, SOCKET } from './support.ts';

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: URLSearchParams;
}

const seen: Seen[] = [];
let answer: (request: Seen) => { status: number; body?: string; delayMs?: number; location?: string };
const backend = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const call = { headers: request.headers, body: new URLSearchParams(Buffer.concat(chunks).toString()) };
    seen.push(call);
    const { status, body = '', delayMs = 0, location } = answer(call);
    setTimeout(() => {
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    }, delayMs);
  });
});
beforeAll(() => new Promise<void>((done) => backend.listen(0, '127.0.0.1', done)));
afterAll(() => {
  backend.closeAllConnections();
  return new Promise((done) => backend.close(done));
});
beforeEach(() => {
  seen.length = 0;
  answer = () => ({ status: 200, body: '{"sub":"7"}' });
});

const url = () => `http://127.0.0.1:${(backend.address() as AddressInfo).port}/whoami`;
const forwarding = (forward: object = {}) => ({
  apps: [
    authApp({ token: undefined, forward: { url: url(), timeoutMs: 5000, cacheSeconds: 60, ...forward } }),
  ],
});
const fields = { socket_id: SOCKET, channel_name: 'private-user-7' };
const cookie = { cookie: 'laravel_session=abc', 'x-csrf-token': 'csrf' };

describe('the backend', () => {
  test('gets the credentials and the fields, and its claims count', () =>
    withServer(forwarding(), async (node) => {
      const headers = { ...cookie, authorization: 'Bearer x' };
      const response = await ask(node, { ...fields, extra: '1' }, { headers });
      expect(response.status).toBe(200);
      expect(seen[0]?.headers).toMatchObject({ ...headers, 'x-forwarded-for': '127.0.0.1' });
      expect(Object.fromEntries(seen[0]?.body ?? [])).toEqual({ ...fields, extra: '1' });
      expect((await ask(node, { ...fields, channel_name: 'private-user-8' }, { headers })).status).toBe(403);
    }));

  test('gets the bytes of a cookie as they came, and the address without its port', () =>
    withServer({ ...forwarding(), trustProxy: true }, async (node) => {
      // Node writes header texts a byte for each character. Not the last of the header: uWebSockets, which compares
      // signed bytes when it trims spaces, drops such bytes there before we see them.
      const cookie = Buffer.from('s=1; city=Łódź; t=2').toString('latin1');
      for (const address of ['[2001:db8:1:2:3:4:5:6]:443', '192.0.2.1:5678']) {
        const headers = { cookie, 'x-forwarded-for': address };
        expect((await ask(node, fields, { headers })).status).toBe(200);
      }
      expect(seen.map(({ headers }) => headers.cookie)).toEqual([cookie, cookie]);
      expect(seen.map(({ headers }) => headers['x-forwarded-for'])).toEqual([
        '2001:db8:1:2:3:4:5:6',
        '192.0.2.1',
      ]);
    }));

  test('is asked once for the same credentials and channel, whatever the connection, by one node', () =>
    withOneNode(forwarding(), async (node) => {
      const both = [SOCKET, '9.9'].map((socket_id) =>
        ask(node, { ...fields, socket_id }, { headers: cookie }),
      );
      expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
      await ask(node, fields, { headers: cookie });
      expect(seen).toHaveLength(1);
      await ask(node, fields, { headers: { cookie: 'laravel_session=another' } });
      await ask(node, { ...fields, channel_name: 'presence-lobby' }, { headers: cookie });
      expect(seen).toHaveLength(3);
    }));

  test('is asked each time if the cache is off', () =>
    withServer(forwarding({ cacheSeconds: 0 }), async (node) => {
      await ask(node, fields, { headers: cookie });
      await ask(node, fields, { headers: cookie });
      expect(seen).toHaveLength(2);
    }));

  test.each([401, 403])('says no with %i', (status) =>
    withServer(forwarding(), async (node) => {
      answer = () => ({ status, body: 'because of this and that' });
      const response = await ask(node, fields, { headers: cookie });
      expect([response.status, response.text]).toEqual([403, 'forbidden']);
    }),
  );

  test.each([
    ['fails', { status: 500 }],
    ['answers with something else', { status: 200, body: '<html>' }],
    ['redirects, to a login page say', { status: 302, location: '/login' }],
  ])('%s: nobody can tell, and the next request asks again', (_, broken) =>
    withServer(forwarding(), async (node) => {
      answer = () => broken;
      const response = await ask(node, fields, { headers: cookie });
      expect([response.status, response.text]).toEqual([503, 'Temporarily unavailable']);
      expect(response.headers['retry-after']).toBe('1');
      answer = () => ({ status: 200, body: '{"sub":"7"}' });
      expect((await ask(node, fields, { headers: cookie })).status).toBe(200);
    }),
  );

  test('is too slow: nobody can tell', () =>
    withServer(forwarding({ timeoutMs: 200 }), async (node) => {
      answer = () => ({ status: 200, body: '{"sub":"7"}', delayMs: 600 });
      expect((await ask(node, fields, { headers: cookie })).status).toBe(503);
    }));

  test('is not there at all', () =>
    withServer(forwarding({ url: 'http://127.0.0.1:1/' }), async (node) => {
      expect((await ask(node, fields, { headers: cookie })).status).toBe(503);
    }));

  test('does not get the cookies of a script that any page may include', () =>
    withServer(forwarding(), async (node) => {
      await ask(node, { ...fields, callback: 'cb' }, { method: 'GET', headers: cookie });
      expect(seen[0]?.headers.cookie).toBeUndefined();
      expect(seen[0]?.body.has('callback')).toBe(false);
    }));

  test('does not get the Basic credentials of such a script, but a token', () =>
    withServer(forwarding({ cacheSeconds: 0 }), async (node) => {
      for (const authorization of ['Basic dTpw', 'Negotiate x', 'dTpw', 'Bearer x']) {
        await ask(
          node,
          { ...fields, callback: 'cb', by: authorization },
          { method: 'GET', headers: { authorization } },
        );
        await ask(node, { ...fields, by: authorization }, { headers: { authorization } });
      }
      const sent = seen.map(({ headers }) => headers.authorization);
      expect(sent.filter((value) => value !== undefined)).toEqual([
        'Basic dTpw',
        'Negotiate x',
        'dTpw',
        'Bearer x',
        'Bearer x',
      ]);
    }));
});
