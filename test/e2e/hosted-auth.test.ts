/** Unmodified pusher-js in a real browser, on a page of another origin, with Carillon's own auth endpoints. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authApp, token } from '../auth/support.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { library } from './application.ts';
import { useBrowser } from './browser.ts';

const browser = useBrowser();
let server: TestServer | undefined;
let origin = '';

/** A page and nothing behind it. */
const web = createServer((request, response) => {
  const script = request.url === '/pusher.js';
  response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html; charset=utf-8' });
  response.end(
    script
      ? library
      : '<!doctype html><link rel="icon" href="data:,"><script src="/pusher.js"></script><ul></ul>',
  );
});

beforeAll(async () => {
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  server = await startServer({ apps: [authApp({ origins: [origin] })] });
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await server?.stop();
  expect(server?.errors).toEqual([]);
});

const node = (): TestServer => {
  if (server === undefined) throw new Error('the server is not started yet');
  return server;
};

/** Subscribes as user 7 and shows each channel with what came of it. */
async function visit(authorization: object): Promise<Page> {
  const page = await browser.open(origin);
  const { host, port, app } = node();
  const options = {
    cluster: '',
    wsHost: host,
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: authorization,
  };
  await page.evaluate(`
    const pusher = new Pusher(${JSON.stringify(app.key)}, ${JSON.stringify(options)});
    const note = (text) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));
    for (const name of ['private-user-7', 'presence-lobby', 'private-encrypted-user-7', 'private-user-8']) {
      const channel = pusher.subscribe(name);
      channel.bind('pusher:subscription_succeeded', () => note(name + ' in'));
      channel.bind('pusher:subscription_error', ({ status }) => note(name + ' out ' + status));
    }
  `);
  return page;
}

const seen = (page: Page, text: string) => page.locator('li', { hasText: new RegExp(`^${text}$`) }).waitFor();

test('by a header, over a preflight', async () => {
  const headers = { Authorization: `Bearer ${await token()}` };
  const page = await visit({ endpoint: node().httpUrl('/pusher/auth'), transport: 'ajax', headers });
  for (const name of ['private-user-7', 'presence-lobby', 'private-encrypted-user-7'])
    await seen(page, `${name} in`);
  await seen(page, 'private-user-8 out 403');
});

test('by JSONP, with the token as a field', async () => {
  const params = { token: await token() };
  const page = await visit({ endpoint: node().httpUrl('/pusher/auth'), transport: 'jsonp', params });
  for (const name of ['private-user-7', 'presence-lobby', 'private-encrypted-user-7'])
    await seen(page, `${name} in`);
});

test('by a cookie, which the page sends along', async () => {
  const page = await browser.open(origin);
  await page.context().addCookies([{ name: 'session', value: await token(), url: origin }]);
  const status = await page.evaluate(`fetch(${JSON.stringify(node().httpUrl('/pusher/auth'))}, {
    method: 'POST', credentials: 'include', body: new URLSearchParams({ socket_id: '1.2', channel_name: 'private-user-7' }),
  }).then((response) => response.status)`);
  expect(status).toBe(200);
});
