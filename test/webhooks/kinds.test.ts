/** Each kind of webhook: when it is sent, its exact body, and that an official SDK takes it. */
import Pusher from 'pusher';
import { afterEach, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import { QUIET, quietApp } from '../support/apps.ts';
import { hmac } from '../support/auth.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { plain, WebhookReceiver } from '../support/webhook-receiver.ts';

const QUICK = { graceMs: 1, batchMs: 1, retryFirstMs: 5 };

const keyOf = ({ key, secret }: typeof DEFAULT_APP) => ({ key, secret });

let receiver: WebhookReceiver;
let server: TestServer;

async function start(features: object = QUIET, webhook: object = {}, settings: object = {}): Promise<void> {
  receiver = await WebhookReceiver.start();
  server = await startServer({
    apps: [{ ...quietApp({ features }), webhooks: [{ url: receiver.url, ...webhook }] }],
    webhooks: { ...QUICK, ...settings },
  });
}

afterEach(async () => {
  await server.stop();
  await receiver.close();
  expect(server.errors).toEqual([]);
});

describe('the request', () => {
  it('is what the protocol says, signed over the bytes that are sent', async () => {
    await start(QUIET, { headers: { 'X-Shop-Token': 'abc' } });
    const client = await RawClient.connect(server);
    await client.subscribe('my-channel');
    await receiver.until(1);
    const [request] = receiver.taken;
    const id = receiver.events[0]?.id ?? '';
    const time = /^\{"time_ms":(\d{13}),/.exec(request?.body ?? '')?.[1];
    expect(request?.body).toBe(
      `{"time_ms":${time},"events":[{"name":"channel_occupied","channel":"my-channel","id":"${id}"}]}`,
    );
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/hooks');
    const pairs = new Map<string, string>();
    request?.rawHeaders.forEach((name, at, all) => {
      if (at % 2 === 0) pairs.set(name, all[at + 1] ?? '');
    });
    expect(pairs.get('Content-Type')).toBe('application/json');
    expect(pairs.get('X-Pusher-Key')).toBe(DEFAULT_APP.key);
    expect(pairs.get('X-Pusher-Signature')).toBe(hmac(DEFAULT_APP.secret, request?.body ?? ''));
    expect(pairs.get('User-Agent')).toBe('carillon');
    expect(pairs.get('X-Shop-Token')).toBe('abc');
    expect(pairs.get('Content-Length')).toBe(String(Buffer.byteLength(request?.body ?? '')));
  });

  it("passes the official SDK's validator, and not with another secret or body", async () => {
    await start({ clientEvents: true });
    const client = await RawClient.connect(server);
    await joinPrivate(client, DEFAULT_APP, 'private-a');
    client.send({ event: 'client-grüße', channel: 'private-a', data: 'ñ – "😀"' });
    await receiver.until(2);
    for (const { headers, body } of receiver.taken) {
      const request = { headers, rawBody: body };
      const sdk = new Pusher({ appId: '1', ...keyOf(DEFAULT_APP), cluster: 'x' });
      const other = new Pusher({ appId: '1', key: DEFAULT_APP.key, secret: 'another', cluster: 'x' });
      expect(sdk.webhook(request).isValid()).toBe(true);
      expect(sdk.webhook(request).getEvents()).toEqual(JSON.parse(body).events);
      expect(other.webhook(request).isValid()).toBe(false);
      expect(sdk.webhook({ headers, rawBody: `${body} ` }).isValid()).toBe(false);
    }
  });

  it('is signed with the oldest of several keys', async () => {
    receiver = await WebhookReceiver.start();
    const credentials = [
      { key: 'old', secret: 'old-secret' },
      { key: 'new', secret: 'new-secret' },
    ];
    server = await startServer({
      apps: [{ id: '1', credentials, webhooks: [{ url: receiver.url }] }],
      webhooks: QUICK,
    });
    const client = await RawClient.connect(server, { key: 'new' });
    await client.subscribe('news');
    await receiver.until(1);
    const [request] = receiver.taken;
    expect(request?.headers['x-pusher-key']).toBe('old');
    expect(request?.headers['x-pusher-signature']).toBe(hmac('old-secret', request?.body ?? ''));
  });
});

describe('kinds of events', () => {
  it('channel_occupied and channel_vacated: the first subscription and the last', async () => {
    await start();
    const [one, two] = [await RawClient.connect(server), await RawClient.connect(server)];
    await one.subscribe('news');
    await two.subscribe('news');
    await one.close();
    two.send({ event: 'pusher:unsubscribe', data: { channel: 'news' } });
    expect(plain(await receiver.until(2))).toEqual([
      { name: 'channel_occupied', channel: 'news' },
      { name: 'channel_vacated', channel: 'news' },
    ]);
  });

  it('member_added and member_removed: the first connection of a user and the last, within the occupation', async () => {
    await start();
    const [one, two] = [await RawClient.connect(server), await RawClient.connect(server)];
    await joinPresence(one, DEFAULT_APP, 'presence-a', { user_id: 7, user_info: { n: 1 } });
    await joinPresence(two, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await one.close();
    await two.close();
    expect(plain(await receiver.until(4))).toEqual([
      { name: 'channel_occupied', channel: 'presence-a' },
      { name: 'member_added', channel: 'presence-a', user_id: '7' },
      { name: 'member_removed', channel: 'presence-a', user_id: '7' },
      { name: 'channel_vacated', channel: 'presence-a' },
    ]);
  });

  it('client_event: data as the text that was relayed, user_id on presence channels only', async () => {
    await start({ clientEvents: true }, { events: ['client_event'] });
    const client = await RawClient.connect(server);
    await joinPrivate(client, DEFAULT_APP, 'private-a');
    await joinPresence(client, DEFAULT_APP, 'presence-a', { user_id: '7' });
    client.send({ event: 'client-x', channel: 'private-a', data: { n: 1.5 }, user_id: 'forged' });
    client.send({ event: 'client-x', channel: 'presence-a', data: '{"n":1}' });
    client.send({ event: 'client-refused', channel: 'public', data: {} });
    const events = await receiver.until(2);
    const socket_id = client.socketId;
    const sent = plain(events).sort((a, b) => JSON.stringify(b).localeCompare(JSON.stringify(a)));
    expect(sent).toEqual([
      { name: 'client_event', channel: 'private-a', event: 'client-x', data: '{"n":1.5}', socket_id },
      {
        name: 'client_event',
        channel: 'presence-a',
        event: 'client-x',
        data: '{"n":1}',
        socket_id,
        user_id: '7',
      },
    ]);
    expect(receiver.requests.flatMap(({ events: all }) => all)).toHaveLength(2);
  });

  it('cache_miss: once while many find the channel empty, again after an event has come and expired', async () => {
    receiver = await WebhookReceiver.start();
    const app = { ...quietApp(), limits: { cacheTtlSeconds: 1 } };
    server = await startServer({
      apps: [{ ...app, webhooks: [{ url: receiver.url, events: ['cache_miss'] }] }],
      webhooks: QUICK,
    });
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server)));
    for (const client of clients) await client.subscribe('cache-a');
    await trigger(server, 'cache-a', 'e', {});
    const [client] = clients;
    if (client === undefined) throw new Error('a client is connected');
    client.takeAll();
    do {
      client.send({ event: 'pusher:unsubscribe', data: { channel: 'cache-a' } });
      await client.subscribe('cache-a');
    } while ((await client.expectNext()).event !== 'pusher:cache_miss');
    expect(plain(await receiver.until(2))).toEqual([
      { name: 'cache_miss', channel: 'cache-a' },
      { name: 'cache_miss', channel: 'cache-a' },
    ]);
  });

  it('subscription_count: whenever subscribers are told, and of the last one gone', async () => {
    await start({ subscriptionCounts: true }, { events: ['subscription_count'] });
    const [one, two] = [await RawClient.connect(server), await RawClient.connect(server)];
    await one.subscribe('news');
    await two.subscribe('news');
    await joinPresence(one, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await two.close();
    await one.close();
    const counts = (await receiver.until(4)).map((event) => [event.channel, event['subscription_count']]);
    expect(counts).toEqual([1, 2, 1, 0].map((count) => ['news', count]));
  });

  it('none of channels of users, of watchers, nor of what an endpoint does not ask for', async () => {
    await start({ watchlists: true, clientEvents: true }, { events: ['channel_vacated'] });
    const client = await RawClient.connect(server);
    await signIn(client, DEFAULT_APP, { id: '7', watchlist: ['8'] });
    await client.subscribe('#server-to-user-7');
    await client.subscribe('news');
    await client.close();
    await receiver.until(1);
    await server.stop();
    expect(plain(receiver.requests.flatMap(({ events }) => events))).toEqual([
      { name: 'channel_vacated', channel: 'news' },
    ]);
  });
});

describe('endpoints', () => {
  it('each gets its kinds of its channels, one body each, the ids the same', async () => {
    const other = await WebhookReceiver.start();
    receiver = await WebhookReceiver.start();
    server = await startServer({
      apps: [
        {
          ...quietApp(),
          webhooks: [
            { url: receiver.url, filter: { prefix: 'order-', suffix: '-eu', pattern: '^order-[0-9]+-' } },
            { url: other.url, events: ['channel_occupied'] },
          ],
        },
      ],
      webhooks: QUICK,
    });
    const client = await RawClient.connect(server);
    for (const channel of ['order-x-eu', 'order-1-us', 'a-order-1-eu', 'order-1-eu'])
      await client.subscribe(channel);
    await client.close();
    const filtered = await receiver.until(2);
    const all = await other.until(4);
    expect(plain(filtered)).toEqual([
      { name: 'channel_occupied', channel: 'order-1-eu' },
      { name: 'channel_vacated', channel: 'order-1-eu' },
    ]);
    expect(all.find(({ channel }) => channel === 'order-1-eu')?.id).toBe(filtered[0]?.id);
    expect(new Set(all.map(({ id }) => id)).size).toBe(4);
    for (const { headers, body } of [...receiver.taken, ...other.taken]) {
      expect(headers['x-pusher-signature']).toBe(hmac(DEFAULT_APP.secret, body));
    }
    await other.close();
  });
});
