/**
 * The unmodified web SDK of Beams in a real browser, with our service worker. No browser's own push service can be
 * reached from a test: `PushManager.subscribe` gives a subscription at a service of ours, and what that decrypted is
 * handed to the worker by the browser's developer tools.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { CDPSession, Page, Worker } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BEARER, beamsApp, PUBLISHES, request } from '../beams/support.ts';
import { INSTANCE, SECRET } from '../beams/vectors.ts';
import { temporaryFolder } from '../support/databases.ts';
import { FakePushService } from '../support/push/fake-push-service.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { useBrowser } from './browser.ts';

interface ServerSdk {
  publishToInterests(interests: readonly string[], body: object): Promise<{ publishId: string }>;
  publishToUsers(users: readonly string[], body: object): Promise<{ publishId: string }>;
  generateToken(userId: string): { token: string };
}
const require = createRequire(import.meta.url);
const PushNotifications = require('@pusher/push-notifications-server') as new (options: object) => ServerSdk;
const webSdk = readFileSync(
  require.resolve('@pusher/push-notifications-web').replace('-esm.js', '-cdn.js'),
  'utf8',
);

const browser = useBrowser();
const folder = temporaryFolder();
let server: TestServer | undefined;
let pushService: FakePushService | undefined;
let origin = '';

const started = <T>(part: T | undefined): T => {
  if (part === undefined) throw new Error('not started yet');
  return part;
};
const node = (): TestServer => started(server);
const service = (): FakePushService => started(pushService);
const backend = (): ServerSdk =>
  new PushNotifications({
    instanceId: INSTANCE,
    secretKey: SECRET,
    endpoint: node().host,
    port: node().port,
  });

/** The application: a page with the SDK, its worker, and the endpoint that vouches for its user. */
function serve({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const [type, body] = contentOf(new URL(url, 'http://app'));
  response.writeHead(200, { 'content-type': type });
  response.end(body);
}

function contentOf({ pathname, searchParams }: URL): [type: string, body: string] {
  switch (pathname) {
    case '/beams.js':
      return ['text/javascript', webSdk];
    case '/service-worker.js':
      return ['text/javascript', workerScript()];
    case '/own/service-worker.js':
      return ['text/javascript', `${workerScript()}${OWN_HANDLER}`];
    case '/token':
      return ['application/json', JSON.stringify(backend().generateToken(searchParams.get('user_id') ?? ''))];
    default:
      return ['text/html', '<!doctype html><link rel="icon" href="data:,"><script src="/beams.js"></script>'];
  }
}

const workerScript = (): string => `
  importScripts('${node().httpUrl('/beams/service-worker.js')}');
  PusherPushNotifications.endpointOverride = '${node().httpUrl('')}';`;

/** An application that makes its own notifications, out of data. */
const OWN_HANDLER = `
  PusherPushNotifications.onNotificationReceived = ({ payload, pushEvent, handleNotification, statePromise }) => {
    const shown = { ...payload, notification: { title: 'Own: ' + payload.data.name, body: Object.keys(payload.data).join() } };
    pushEvent.waitUntil(statePromise.then((state) => handleNotification({ ...shown, notification: { ...shown.notification, body: shown.notification.body + ' ' + state.userId } })));
  };`;

const web = createServer(serve);

beforeAll(async () => {
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  pushService = await FakePushService.start({ protocol: 'http/1.1' });
  server = await startServer({ apps: [beamsApp()], dataDir: folder, allowPrivateAddresses: true });
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await server?.stop();
  await pushService?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(server?.errors).toEqual([]);
});

/** Runs in the page before its scripts: subscriptions come from our service. */
const FAKE_PUSH_MANAGER = `
  const subscribed = () => JSON.parse(localStorage.getItem('subscription'));
  const shown = (json) => json && {
    toJSON: () => json,
    unsubscribe: async () => { localStorage.removeItem('subscription'); return true; },
  };
  PushManager.prototype.getSubscription = async () => shown(subscribed());
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem('subscription', await subscribeAtService([...applicationServerKey]));
    return shown(subscribed());
  };`;

async function open(path: string): Promise<Page> {
  return browser.open(`${origin}${path}`, async (page) => {
    await page.context().grantPermissions(['notifications'], { origin });
    await page.exposeFunction('subscribeAtService', (key: number[]) =>
      service().subscribe(Buffer.from(key).toString('base64url')),
    );
    await page.addInitScript(FAKE_PUSH_MANAGER);
  });
}

const run = <T>(page: Page, script: string): Promise<T> => page.evaluate(`(async () => { ${script} })()`);

/** A client of the SDK in the page, under the name `client`. */
async function startClient(page: Page, scope = '/'): Promise<string> {
  const options = { instanceId: INSTANCE, endpointOverride: node().httpUrl('') };
  return run(
    page,
    `const options = ${JSON.stringify(options)};
     if ('${scope}' !== '/') options.serviceWorkerRegistration = await navigator.serviceWorker.register('${scope}service-worker.js');
     window.client = new PusherPushNotifications.Client(options);
     await client.start();
     const activated = async () => (await navigator.serviceWorker.getRegistration('${scope}')).active?.state === 'activated';
     while (!(await activated())) await new Promise((next) => setTimeout(next, 10));
     return client.getDeviceId();`,
  );
}

/**
 * What the push service got next is given to the page's worker.
 * @param shows whether a notification is to be waited for
 */
async function deliver(page: Page, scope: string, shows = true): Promise<string> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL }) => scopeURL === `${origin}${scope}`);
      if (ours !== undefined) resolve(ours.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await registered;
  const data = await eventually('the push', () => service().messages.shift()?.plaintext);
  const send = () => session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  await send();
  if (shows) {
    // The tools lose a push now and then when the worker is new.
    let waited = 0;
    await eventually('the notification', async () => {
      waited += 1;
      if (waited % 100 === 0) await send();
      return (await notifications(page, scope))[0];
    });
  }
  await session.detach();
  return data;
}

/** Asks until there is an answer; what is waited for in vain is named, before the test's time is over. */
async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what} did not come`);
}

/** Waits until the publish's report says so. */
async function reported(publishId: string, count: 'delivered' | 'opened'): Promise<void> {
  await eventually(`the report of ${count}`, async () => {
    const answer = await request(node(), 'GET', `${PUBLISHES}/${publishId}`, { headers: BEARER });
    const { counts } = answer.json() as { counts: Record<string, number> };
    return counts[count] === 1 ? true : undefined;
  });
}

/** Notifications of a scope's worker on show. */
function notifications(page: Page, scope: string): Promise<Array<{ title: string; body: string }>> {
  return run(
    page,
    `const registration = await navigator.serviceWorker.getRegistration('${scope}');
     return (await registration.getNotifications()).map(({ title, body }) => ({ title, body }));`,
  );
}

/** The worker of the whole origin, once the browser has told of it. */
function workerOf(page: Page): Promise<Worker> {
  const script = `${origin}/service-worker.js`;
  return eventually('the worker', () =>
    page
      .context()
      .serviceWorkers()
      .find((one) => one.url().startsWith(script)),
  );
}

test('start, interests, user, a notification received and opened, and all cleared', async () => {
  const page = await open('/');
  const id = await startClient(page);
  expect(id).toMatch(/^web-[0-9a-f-]{36}$/);
  expect(await run(page, 'return client.getRegistrationState()')).toBe(
    'PERMISSION_GRANTED_REGISTERED_WITH_BEAMS',
  );

  const interests = await run(
    page,
    `await client.addDeviceInterest('donuts;=@,.');
     await client.addDeviceInterest('gone');
     await client.removeDeviceInterest('gone');
     const first = await client.getDeviceInterests();
     await client.setDeviceInterests(['a', 'b']);
     const pages = [await client.getDeviceInterests(1)];
     pages.push(await client.getDeviceInterests(1, pages[0].nextCursor));
     return { first, pages };`,
  );
  expect(interests).toEqual({
    first: { interests: ['donuts;=@,.'] },
    pages: [{ interests: ['a'], nextCursor: 'YQ' }, { interests: ['b'] }],
  });

  await run(
    page,
    `await client.setUserId('user-001', new PusherPushNotifications.TokenProvider({ url: '/token' }));
     await client.setUserId('user-001', new PusherPushNotifications.TokenProvider({ url: '/token' }));`,
  );
  const { publishId } = await backend().publishToUsers(['user-001'], {
    web: {
      notification: { title: 'Hello', body: 'Hello, world!', deep_link: `${origin}/news` },
      data: { k: 'v' },
    },
  });
  const received = await deliver(page, '/');
  expect(JSON.parse(received)).toEqual({
    notification: { title: 'Hello', body: 'Hello, world!', deep_link: `${origin}/news` },
    data: { k: 'v', pusher: { instanceId: INSTANCE, publishId, hasDisplayableContent: true, hasData: true } },
  });
  expect(await notifications(page, '/')).toEqual([{ title: 'Hello', body: 'Hello, world!' }]);
  await reported(publishId, 'delivered');

  const worker = await workerOf(page);
  // Nobody can click on a notification here. A script's event has no wish to be waited for.
  await worker.evaluate(`(async () => {
    const [notification] = await registration.getNotifications();
    const click = new NotificationEvent('notificationclick', { notification });
    click.waitUntil = (promise) => promise.catch(() => undefined);
    dispatchEvent(click);
  })()`);
  await reported(publishId, 'opened');
  expect(
    await run(
      page,
      `return (await (await navigator.serviceWorker.getRegistration('/')).getNotifications()).length`,
    ),
  ).toBe(0);

  const next = await run(page, 'await client.clearAllState(); return client.getDeviceId()');
  expect(next).toMatch(/^web-[0-9a-f-]{36}$/);
  expect(next).not.toBe(id);
  expect(
    await run(page, 'return [await client.getUserId(), (await client.getDeviceInterests()).interests]'),
  ).toEqual([null, []]);
  expect(service().complaints).toEqual([]);
});

test('a page learns why it is refused', async () => {
  const page = await open('/');
  await startClient(page);
  const refused = (call: string) =>
    run(page, `return client.${call}.then(() => 'done', (error) => error.message)`);
  const wrong = `{ fetchToken: async () => ({ token: 'a.b.c' }) }`;
  expect(await refused(`setUserId('x', ${wrong})`)).toBe(
    'Unexpected status code 401: Unauthorized, `Authorization` header token is malformed.',
  );
  expect(await refused('getDeviceInterests(101)')).toBe(
    'Unexpected status code 400: Bad request, `limit` must be a whole number from 1 to 100.',
  );
});

test('an application’s own handler gets the data without what is Beams’, and shows what it likes', async () => {
  const page = await open('/own/');
  await startClient(page, '/own/');
  await run(page, `await client.addDeviceInterest('own')`);
  const { publishId } = await backend().publishToInterests(['own'], { web: { data: { name: 'data only' } } });
  await deliver(page, '/own/');
  expect(await notifications(page, '/own/')).toEqual([{ title: 'Own: data only', body: 'name null' }]);
  await reported(publishId, 'delivered');
});

test('pushes that are not Beams’ are left to others', async () => {
  const page = await open('/');
  await startClient(page);
  for (const data of ['no JSON', '{"data":{}}', 'null']) {
    service().messages.push({ path: '', plaintext: data, headers: {}, httpVersion: '' });
    await deliver(page, '/', false);
  }
  await run(page, `await client.addDeviceInterest('after')`);
  await backend().publishToInterests(['after'], { web: { notification: { title: 'After' } } });
  await deliver(page, '/');
  expect(await notifications(page, '/')).toEqual([{ title: 'After', body: '' }]);
});
