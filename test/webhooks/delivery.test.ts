/** How webhooks get there: batches, the grace, order, repetitions, the stop. A real node, real receivers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer as startNode } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import { quietApp } from '../support/apps.ts';
import { joinPresence, joinPrivate } from '../support/joining.ts';
import { startLocalNode } from '../support/local-node.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP, startOneNode, startServer, type TestServer } from '../support/server.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { accept, fail, plain, WebhookReceiver } from '../support/webhook-receiver.ts';

const QUICK = { graceMs: 1, batchMs: 1, retryFirstMs: 5, retryLongestSeconds: 1 };

let receiver: WebhookReceiver;
let server: TestServer;

async function start(
  settings: object = {},
  webhook: object = {},
  features: object = {},
  made = startServer,
): Promise<void> {
  server = await made({
    apps: [{ ...quietApp({ features }), webhooks: [{ url: receiver.url, ...webhook }] }],
    webhooks: { ...QUICK, ...settings },
  });
}

const unsubscribe = (client: RawClient, channel: string): void =>
  client.send({ event: 'pusher:unsubscribe', data: { channel } });

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});

afterEach(async () => {
  await server.stop();
  await receiver.close();
});

describe('batches', () => {
  it('carry what happens within their time, 20 events at most, in order', async () => {
    await start({ batchMs: 200 }, { events: ['client_event'] }, { clientEvents: true });
    const client = await RawClient.connect(server);
    await joinPrivate(client, DEFAULT_APP, 'private-a');
    for (let n = 0; n < 8; n += 1) client.send({ event: 'client-n', channel: 'private-a', data: n });
    const events = await receiver.until(8);
    expect(events.map((event) => event['data'])).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(receiver.requests).toHaveLength(1);
  });

  it('hold more than one only up to their size', async () => {
    await start({ batchMs: 200, batchEvents: 3 }, { events: ['client_event'] }, { clientEvents: true });
    const client = await RawClient.connect(server);
    await joinPrivate(client, DEFAULT_APP, 'private-a');
    for (let n = 0; n < 8; n += 1) client.send({ event: 'client-n', channel: 'private-a', data: n });
    await receiver.until(8);
    expect(receiver.requests.map(({ events }) => events.length)).toEqual([3, 3, 2]);
  });

  it('hold one event each where they are switched off', async () => {
    await start({ batchMs: 200 }, { batch: false });
    const client = await RawClient.connect(server);
    await joinPresence(client, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await receiver.until(2);
    expect(receiver.requests.map(({ events }) => events.length)).toEqual([1, 1]);
  });
});

describe('the grace', () => {
  it('one who is back in time was never away: no webhook at all, of channel or member', async () => {
    await start({ graceMs: 60_000, drainSeconds: 5 });
    const first = await RawClient.connect(server);
    await joinPresence(first, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await receiver.until(2);
    await first.destroy();
    const second = await RawClient.connect(server);
    await joinPresence(second, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await second.subscribe('marker');
    await receiver.until(3);
    expect(plain(receiver.requests.flatMap(({ events }) => events))).toEqual([
      { name: 'channel_occupied', channel: 'presence-a' },
      { name: 'member_added', channel: 'presence-a', user_id: '7' },
      { name: 'channel_occupied', channel: 'marker' },
    ]);
  });

  it('one who comes back later was away: left, then come', async () => {
    await start({ graceMs: 50 });
    const client = await RawClient.connect(server);
    await client.subscribe('news');
    unsubscribe(client, 'news');
    await receiver.until(2);
    await client.subscribe('news');
    await receiver.until(3);
    expect(receiver.names).toEqual(['channel_occupied', 'channel_vacated', 'channel_occupied']);
  });

  it('another member in the place of one who left is news of both', async () => {
    await start({ graceMs: 100 });
    const one = await RawClient.connect(server);
    await joinPresence(one, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await one.close();
    const two = await RawClient.connect(server);
    await joinPresence(two, DEFAULT_APP, 'presence-a', { user_id: '8' });
    expect(plain(await receiver.until(4))).toEqual([
      { name: 'channel_occupied', channel: 'presence-a' },
      { name: 'member_added', channel: 'presence-a', user_id: '7' },
      { name: 'member_added', channel: 'presence-a', user_id: '8' },
      { name: 'member_removed', channel: 'presence-a', user_id: '7' },
    ]);
  });

  it('does not hold back what sockets hear', async () => {
    await start({ graceMs: 60_000 });
    const [one, two] = [await RawClient.connect(server), await RawClient.connect(server)];
    await joinPresence(one, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await joinPresence(two, DEFAULT_APP, 'presence-a', { user_id: '8' });
    await two.close();
    await one.next('pusher_internal:member_removed');
  });
});

describe('a receiver that fails for a while', () => {
  it('gets the same bytes and signature until it takes them, and what comes later in order', async () => {
    await start();
    const client = await RawClient.connect(server);
    let failures = 3;
    receiver.answer = (response, request, received) =>
      (failures-- > 0 ? fail : accept)(response, request, received);
    await client.subscribe('news');
    await receiver.when(() => receiver.requests.length >= 2);
    unsubscribe(client, 'news');
    await receiver.until(2);
    const [first, ...again] = receiver.requests.slice(0, 4);
    for (const { body, headers } of again) {
      expect(body).toBe(first?.body);
      expect(headers['x-pusher-signature']).toBe(first?.headers['x-pusher-signature']);
    }
    expect(receiver.names).toEqual(['channel_occupied', 'channel_vacated']);
  });
});

describe('a stop', () => {
  // Redis keeps what a node has not sent.
  it('of a node that is alone sends what is queued and what is held back, and logs nothing', async () => {
    await start({ graceMs: 60_000, batchMs: 10_000 }, {}, {}, startLocalNode);
    const client = await RawClient.connect(server);
    await joinPresence(client, DEFAULT_APP, 'presence-a', { user_id: '7' });
    await server.stop();
    expect(plain(receiver.events)).toEqual([
      { name: 'channel_occupied', channel: 'presence-a' },
      { name: 'member_added', channel: 'presence-a', user_id: '7' },
      { name: 'member_removed', channel: 'presence-a', user_id: '7' },
      { name: 'channel_vacated', channel: 'presence-a' },
    ]);
    expect(server.errors).toEqual([]);
  });

  it('tells of clients that never answered the close', async () => {
    await start();
    const client = await RawClient.connect(server);
    await client.subscribe('news');
    client.socket.pause();
    await server.stop();
    expect(receiver.names).toEqual(['channel_occupied', 'channel_vacated']);
    client.socket.terminate();
  });

  it('of a node that is alone gives up on a dead receiver in time, and says how much was left', async () => {
    receiver.answer = () => false;
    await start({ drainSeconds: 0 }, {}, {}, startLocalNode);
    const client = await RawClient.connect(server);
    await client.subscribe('news');
    await receiver.when(() => receiver.requests.length > 0);
    await server.stop();
    expect(server.errors).toEqual([
      {
        fields: { appId: DEFAULT_APP.id, endpoint: receiver.url, events: 2 },
        message: 'webhooks not sent before the stop',
      },
    ]);
  });
});

describe('apps', () => {
  it('have webhooks of their own, signed with their own keys', async () => {
    const other = await WebhookReceiver.start();
    server = await startServer({
      apps: [
        { ...quietApp(), webhooks: [{ url: receiver.url }] },
        { ...OTHER_APP, webhooks: [{ url: other.url }] },
      ],
      webhooks: QUICK,
    });
    const client = await RawClient.connect(server, { key: OTHER_APP.key });
    await client.subscribe('news');
    await other.until(1);
    expect(other.taken[0]?.headers['x-pusher-key']).toBe(OTHER_APP.key);
    expect(receiver.requests).toEqual([]);
    await other.close();
  });
});

describe('private addresses', () => {
  it.each([
    [false, 0],
    [true, 1],
  ])(
    'are reached in production when allowed (%s), and given up at once when not',
    async (allowPrivateAddresses, requests) => {
      server = await startOneNode({
        mode: 'production',
        allowPrivateAddresses,
        apps: [{ ...quietApp(), webhooks: [{ url: receiver.url }] }],
        webhooks: { ...QUICK, retrySeconds: 300 },
      });
      const client = await RawClient.connect(server);
      await client.subscribe('news');
      const metric = async (name: string): Promise<string | undefined> => {
        const text = await (await fetch(server.httpUrl('/metrics'))).text();
        return new RegExp(`^carillon_webhook${name}\\{app="1001"\\} (.*)$`, 'm').exec(text)?.[1];
      };
      await expect
        .poll(() => metric(allowPrivateAddresses ? 's_sent_total' : '_dead_letters_total'))
        .toBe('1');
      expect(await metric('_attempts_failed_total')).toBe(allowPrivateAddresses ? '0' : '1');
      expect(await metric('s_queued')).toBe('0');
      expect(receiver.requests).toHaveLength(requests);
    },
  );

  it('that can never be reached are warned of at the start', async () => {
    server = await startServer();
    const warnings: object[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) };
    const webhooks = ['http://localhost:3000/', 'http://10.0.0.1/', 'http://name.test/'].map((url) => ({
      url,
    }));
    const config = { port: 0, host: '127.0.0.1', mode: 'production', apps: [{ ...quietApp(), webhooks }] };
    const node = await startNode(configFrom(config), logger);
    await node.stop();
    expect(warnings).toMatchObject([
      { endpoint: 'http://localhost:3000/', reason: expect.stringContaining('not allowed') },
      { endpoint: 'http://10.0.0.1/', reason: expect.stringContaining('not allowed') },
    ]);
  });
});
