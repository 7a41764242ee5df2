/** The console page in a real browser, on a node that nobody configured. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import Pusher from 'pusher';
import { describe, expect, test } from 'vitest';
import { useNode } from '../compat/support.ts';
import { switchboard } from '../compat/switchboard.ts';
import { startServer } from '../support/server.ts';
import { useBrowser } from './browser.ts';

// What a development node makes up for itself, as its banner prints it.
const APP = { id: '1', key: 'carillon-dev-key', secret: 'carillon-dev-secret' };
const node = useNode({ mode: 'development', apps: [] });
const browser = useBrowser();

const address = () => ({ host: node.server.host, port: String(node.server.port) });
const sdk = () =>
  new Pusher({ appId: APP.id, key: APP.key, secret: APP.secret, useTLS: false, ...address() });

async function openConsole(prepare?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await browser.open(node.server.httpUrl('/'), prepare);
  await untilState(page, 'connected');
  await row(page, 'my-channel', 'pusher:subscription_succeeded').waitFor();
  return page;
}

const untilState = (page: Page, state: string) =>
  page.locator('#state', { hasText: new RegExp(`^${state}$`) }).waitFor();

/** The rows of the list of events that hold these texts. */
const row = (page: Page, ...texts: string[]) =>
  texts.reduce((rows, text) => rows.filter({ hasText: text }), page.locator('#events tr')).first();

async function subscribe(page: Page, channel: string): Promise<void> {
  await page.getByLabel('Channel name').fill(channel);
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
}

describe('events', () => {
  test('appear as they arrive', async () => {
    const page = await openConsole();
    expect(await page.locator('#detail').textContent()).toMatch(/^socket \d+\.\d+/);
    await sdk().trigger('my-channel', 'my-event', { hello: 'world' });
    await row(page, 'my-channel', 'my-event', '{"hello":"world"}').waitFor();
    expect(await page.locator('#problem').isVisible()).toBe(false);
    expect(await page.locator('#empty').isVisible()).toBe(false);
  });

  test('are shown as text, whatever is in them', async () => {
    const page = await openConsole();
    const data = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await sdk().trigger('my-channel', '<b>name</b>', data);
    await row(page, '<b>name</b>', data).waitFor();
    expect(await page.title()).toBe('Carillon console');
    expect(await page.locator('#events').locator('img, b, script').count()).toBe(0);
  });

  test('can be sent by the page itself', async () => {
    const page = await openConsole();
    expect(await page.locator('#empty').textContent()).toMatch(
      /^No event yet\. Next, send one: by the button/,
    );
    const send = page.getByRole('button', { name: 'Send a test event' });
    await send.click();
    await row(page, 'my-channel', 'my-event', '{"hello":"world"}').waitFor();
    expect(await page.locator('#empty').isVisible()).toBe(false);
    await page.getByLabel('Channel name').fill('elsewhere');
    await send.click();
    await row(page, 'elsewhere', 'Sent, but this page is not subscribed').waitFor();
    await page.getByLabel('Channel name').fill(`grüße:${'x'.repeat(90)}`);
    await send.click();
    await row(page, 'Not sent: The server refused it with 400: Invalid channel name').waitFor();
  });

  test('fit on a phone', async () => {
    const page = await browser.open(node.server.httpUrl('/'), async (blank) => {
      await blank.setViewportSize({ width: 390, height: 844 });
    });
    await untilState(page, 'connected');
    await sdk().trigger('my-channel', 'my-event', { long: 'x'.repeat(400), words: 'many words '.repeat(40) });
    const data = row(page, 'my-event').locator('td.data');
    await data.waitFor();
    const box = await data.boundingBox();
    if (box === null) throw new Error('the data is not laid out');
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  test('can be cleared away', async () => {
    const page = await openConsole();
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await page.locator('#events tr').count()).toBe(0);
    expect(await page.locator('#empty').isVisible()).toBe(true);
  });
});

describe('channels', () => {
  test.each(['another', 'private-secret', 'presence-room', 'cache-last'])(
    '%s can be followed',
    async (name) => {
      const page = await openConsole();
      await subscribe(page, name);
      await row(page, name, 'pusher:subscription_succeeded').waitFor();
      await sdk().trigger(name, 'news', { of: name });
      await row(page, name, 'news', `{"of":"${name}"}`).waitFor();
    },
  );

  test('can be left', async () => {
    const page = await openConsole();
    await subscribe(page, 'left');
    await row(page, 'left', 'pusher:subscription_succeeded').waitFor();
    await page.getByRole('button', { name: 'Unsubscribe from left' }).click();
    expect(await page.locator('#channels').textContent()).not.toContain('left');
    await subscribe(page, 'probe');
    await row(page, 'probe', 'pusher:subscription_succeeded').waitFor();
    expect(await (await sdk().get({ path: '/channels/left' })).json()).toEqual({ occupied: false });
  });

  test('that are refused look refused', async () => {
    const page = await openConsole();
    await subscribe(page, 'bad:name');
    await row(page, 'bad:name', 'pusher:subscription_error').waitFor();
    const pill = page.locator('#channels li.refused', { hasText: 'bad:name' });
    expect(await pill.locator('.reason').textContent()).toContain('Invalid channel name');
  });

  test('that belong to the server are explained', async () => {
    const page = await openConsole();
    await subscribe(page, '#server-to-user-7');
    await row(page, '#server-to-user-7', 'belong to the server').waitFor();
    expect(await page.locator('#channels li').count()).toBe(1);
  });
});

describe('next steps', () => {
  test('name this address and this app', async () => {
    const page = await openConsole();
    const { host, port } = address();
    const server = await page.locator('#server').textContent();
    for (const part of [APP.id, APP.key, APP.secret, host, port]) expect(server).toContain(`'${part}'`);
    const browserPart = await page.locator('#browser').textContent();
    expect(browserPart).toContain(`<script src="http://${host}:${port}/console/pusher.js">`);
    expect(browserPart).not.toContain(APP.secret);
    // The port of a test is no default; host and app are.
    expect(await page.locator('#trigger').textContent()).toBe(
      `npx --no carillon trigger my-channel my-event '{"hello":"world"}' --port ${port}`,
    );
  });

  test('the page for a browser works as pasted', async () => {
    const source = (await (await openConsole()).locator('#browser').textContent()) ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'carillon-pasted-'));
    await writeFile(join(folder, 'page.html'), source);
    const page = await browser.open(pathToFileURL(join(folder, 'page.html')).href);
    await page.waitForFunction('pusher.channel("my-channel").subscribed');
    const logged = page.waitForEvent('console');
    await sdk().trigger('my-channel', 'my-event', { pasted: true });
    expect((await logged).text()).toContain('pasted');
    await rm(folder, { recursive: true });
  });

  test('a secret that only the operator may know is not on the page', async () => {
    const configured = await startServer({ mode: 'development' });
    const page = await browser.open(configured.httpUrl('/'));
    await untilState(page, 'connected');
    expect(await page.content()).not.toContain(configured.app.secret);
    expect(await page.locator('#server').textContent()).toContain("secret: 'YOUR_APP_SECRET'");
    expect(await page.locator('#trigger').textContent()).toContain(
      `--app-id ${configured.app.id} --key ${configured.app.key} --secret YOUR_APP_SECRET`,
    );
    await page.close();
    await configured.stop();
  });

  test('a copy button says that it copied', async () => {
    const page = await openConsole();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const copy = page.getByRole('button', { name: /^Copy: Send an event/ });
    await copy.click();
    await copy.filter({ hasText: 'Copied' }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^npx --no carillon trigger /);
  });
});

describe('trouble', () => {
  test('a key the server does not know any more is explained', async () => {
    const first = await startServer({ mode: 'development', apps: [] });
    const other = await startServer();
    const address = await switchboard(first);
    const page = await browser.open(`http://${address.host}:${address.port}/`);
    await untilState(page, 'connected');
    address.route(other);
    await first.stop();
    await untilState(page, 'disconnected');
    expect(await page.locator('#problem-title').textContent()).toContain(`Code 4001: App key ${APP.key}`);
    expect(await page.locator('#problem-advice').textContent()).toMatch(/reload the page/);
    await page.close();
    await address.close();
    await other.stop();
  });

  test('a server that is gone is explained, and found again', async () => {
    const first = await startServer({ mode: 'development', apps: [] });
    const address = await switchboard(first);
    const page = await browser.open(`http://${address.host}:${address.port}/`);
    await untilState(page, 'connected');
    const stopping = page.locator('#problem.calm', {
      hasText: 'The node is stopping; this page reconnects by itself',
    });
    await Promise.all([stopping.waitFor(), first.stop()]);
    await untilState(page, 'unavailable');
    expect(await page.locator('#problem-title').textContent()).toMatch(/^No answer from ws:/);
    address.route(node.server);
    await untilState(page, 'connected');
    expect(await page.locator('#problem').isVisible()).toBe(false);
    await page.close();
    await address.close();
  });

  test('a client library that did not load is explained', async () => {
    const page = await browser.open(node.server.httpUrl('/'), async (blank) => {
      await blank.route('**/console/pusher.js', (route) => route.abort());
    });
    await untilState(page, 'failed');
    expect(await page.locator('#problem-title').textContent()).toBe('The client library did not load');
  });
});
