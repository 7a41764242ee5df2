/** Unmodified pusher-js in real pages of a real browser, with an application of their own that signs. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useNode } from '../compat/support.ts';
import { type Application, startApplication } from './application.ts';
import { useBrowser } from './browser.ts';

const node = useNode();
const browser = useBrowser();
let application: Application | undefined;

beforeAll(async () => {
  application = await startApplication(node.server, node.sdk);
});
afterAll(() => application?.close());

const seen = (page: Page, text: string) =>
  page.locator('#seen li', { hasText: new RegExp(`^${text}$`) }).waitFor();

async function visit(user: string): Promise<Page> {
  if (application === undefined) throw new Error('the application is not started yet');
  const page = await browser.open(application.url(user));
  for (const name of ['news', 'private-a', 'private-encrypted-a', 'presence-room'])
    await seen(page, `subscribed ${name}`);
  return page;
}

test('public, private, encrypted and presence channels bring events', async () => {
  const page = await visit('ann');
  for (const name of ['news', 'private-a', 'private-encrypted-a', 'presence-room']) {
    await node.sdk.trigger(name, 'my-event', { to: name });
    await seen(page, `${name} {"to":"${name}"}`);
  }
});

test('two visitors see each other come, wave and go', async () => {
  const ann = await visit('ann');
  const bob = await visit('bob');
  await seen(ann, 'added bob');
  await bob.evaluate("channels['presence-room'].trigger('client-wave', {})");
  await seen(ann, 'wave from bob');
  await bob.close();
  await seen(ann, 'removed bob');
});

test('two tabs of one visitor are one member', async () => {
  const ann = await visit('ann');
  const [one, two] = [await visit('bob'), await visit('bob')];
  expect(await two.evaluate("channels['presence-room'].members.count")).toBe(2);
  await one.close();
  await two.close();
  await seen(ann, 'removed bob');
  const notes = await ann.locator('#seen li').allTextContents();
  expect(notes.filter((note) => /^(added|removed)/.test(note))).toEqual(['added bob', 'removed bob']);
});

test('a signed-in visitor is reached, and terminated', async () => {
  const page = await visit('carl');
  await page.waitForFunction('pusher.user.serverToUserChannel?.subscribed === true');
  await node.sdk.sendToUser('carl', 'note', 'hello');
  await seen(page, 'user note hello');
  await node.sdk.terminateUserConnections('carl');
  await page.locator('#state', { hasText: 'disconnected' }).waitFor();
});
