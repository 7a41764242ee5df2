/** Cache channels: the last event published through the API is replayed to whoever joins. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { channelAuth } from '../support/auth.ts';
import { eventually } from '../support/eventually.ts';
import { cacheMiss, expectRefused, succeeded, whole, wholeAll } from '../support/frames.ts';
import { joinPresence, joinPrivate } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer, withNodeAlone, withServer } from '../support/use-server.ts';

const server = useServer({ apps: [quietApp({ features: { clientEvents: true } })] });
let client: RawClient;
let other: RawClient;
let number = 0;
/** A cache channel nobody has used yet. */
let channel = '';

beforeEach(async () => {
  number += 1;
  channel = `cache-${number}`;
  client = await RawClient.connect(server());
  other = await RawClient.connect(server());
});
afterEach(async () => {
  await Promise.all([client.close(), other.close()]);
});

const subscribe = (name: string): void => client.send({ event: 'pusher:subscribe', data: { channel: name } });
const leave = (name: string): void => client.send({ event: 'pusher:unsubscribe', data: { channel: name } });
/** `other` sends a client event; done when it has gone through the channel. */
const whisper = async (name: string, data: unknown): Promise<void> => {
  const witness = await RawClient.connect(server());
  await joinPrivate(witness, DEFAULT_APP, name);
  other.send({ event: 'client-x', channel: name, data });
  await witness.next('client-x');
  await witness.close();
};

describe('an empty cache channel', () => {
  it('says so right after success, in exactly these bytes', async () => {
    subscribe(channel);
    const frames = await client.barrier();
    expect(frames.map((frame) => frame.raw)).toEqual([
      `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":"{}"}`,
      `{"event":"pusher:cache_miss","channel":"${channel}","data":"{}"}`,
    ]);
  });

  it('says so to each joiner and to nobody else', async () => {
    await other.subscribe(channel);
    await other.barrier();
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(channel), cacheMiss(channel)]);
    expect(await other.barrier()).toEqual([]);
  });

  it('is not filled by client events', async () => {
    const name = `private-${channel}`;
    await joinPrivate(other, DEFAULT_APP, name);
    await whisper(name, { a: 1 });
    await joinPrivate(client, DEFAULT_APP, name);
    expect(wholeAll(await client.barrier())).toEqual([cacheMiss(name)]);
  });

  it('is not filled by comings and goings', async () => {
    const name = `presence-${channel}`;
    await joinPresence(other, DEFAULT_APP, name, { user_id: '1' });
    await joinPresence(client, DEFAULT_APP, name, { user_id: '2' });
    expect(wholeAll(await client.barrier())).toEqual([cacheMiss(name)]);
  });

  it('is not filled by a refused publish', async () => {
    expect((await trigger(server(), channel, 'e', 'x'.repeat(10_241))).status).toBe(413);
    expect((await trigger(server(), [channel, 'bad name'], 'e', 'x')).status).toBe(400);
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(channel), cacheMiss(channel)]);
  });
});

describe('a filled cache channel', () => {
  it('replays the event as an ordinary one, in exactly these bytes', async () => {
    await trigger(server(), channel, 'loc', { lat: 1 });
    subscribe(channel);
    const frames = await client.barrier();
    expect(frames.map((frame) => frame.raw)).toEqual([
      `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":"{}"}`,
      `{"event":"loc","channel":"${channel}","data":"{\\"lat\\":1}"}`,
    ]);
  });

  it.each(['private-', 'private-encrypted-'])('replays on %scache- channels', async (prefix) => {
    const name = `${prefix}${channel}`;
    await trigger(server(), name, 'e', 'x');
    const auth = channelAuth(DEFAULT_APP, client.socketId, name);
    client.send({ event: 'pusher:subscribe', data: { channel: name, auth } });
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(name),
      { event: 'e', channel: name, data: 'x' },
    ]);
  });

  it('replays on presence-cache- channels, after the list and without user_id', async () => {
    const name = `presence-${channel}`;
    await trigger(server(), name, 'e', 'x');
    await joinPresence(client, DEFAULT_APP, name, { user_id: '1' });
    expect(wholeAll(await client.barrier())).toEqual([{ event: 'e', channel: name, data: 'x' }]);
  });

  it('replays the last event only', async () => {
    for (const data of ['1', '2', '3']) await trigger(server(), channel, `e${data}`, data);
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(channel),
      { event: 'e3', channel, data: '3' },
    ]);
  });

  it('replays to the joiner only', async () => {
    await trigger(server(), channel, 'e', 'x');
    await other.subscribe(channel);
    await other.barrier();
    subscribe(channel);
    expect(await client.barrier()).toHaveLength(2);
    expect(await other.barrier()).toEqual([]);
  });

  it('replays again after leaving and coming back', async () => {
    await trigger(server(), channel, 'e', 'x');
    for (let i = 0; i < 3; i++) {
      subscribe(channel);
      expect(wholeAll(await client.barrier())).toEqual([
        succeeded(channel),
        { event: 'e', channel, data: 'x' },
      ]);
      leave(channel);
    }
  });

  it('survives being empty of subscribers', async () => {
    await other.subscribe(channel);
    await trigger(server(), channel, 'e', 'x');
    await other.close();
    await eventually(async () => {
      expect((await api(server(), 'GET', `/channels/${channel}`)).json()).toEqual({ occupied: false });
    });
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(channel),
      { event: 'e', channel, data: 'x' },
    ]);
  });

  it('keeps what was published with an excluded socket, and replays it to that one too', async () => {
    await client.subscribe(channel);
    await client.barrier();
    await trigger(server(), channel, 'e', 'x', { socket_id: client.socketId });
    expect(await client.barrier()).toEqual([]);
    leave(channel);
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(channel),
      { event: 'e', channel, data: 'x' },
    ]);
  });

  it('keeps what was published to many channels, each its own', async () => {
    await trigger(server(), [channel, `${channel}-b`, 'plain'], 'e', 'x');
    subscribe(`${channel}-b`);
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(`${channel}-b`),
      { event: 'e', channel: `${channel}-b`, data: 'x' },
    ]);
  });

  it('keeps the last of a batch', async () => {
    const batch = [1, 2].map((value) => ({ channel, name: `e${value}`, data: String(value) }));
    await api(server(), 'POST', '/batch_events', { body: { batch } });
    subscribe(channel);
    expect(wholeAll(await client.barrier())).toEqual([
      succeeded(channel),
      { event: 'e2', channel, data: '2' },
    ]);
  });

  it('is not overwritten by client events', async () => {
    const name = `private-${channel}`;
    await joinPrivate(other, DEFAULT_APP, name);
    await trigger(server(), name, 'e', 'x');
    await whisper(name, 'y');
    await joinPrivate(client, DEFAULT_APP, name);
    expect(wholeAll(await client.barrier())).toEqual([{ event: 'e', channel: name, data: 'x' }]);
  });

  it('replays nothing to whom it refuses', async () => {
    const name = `private-${channel}`;
    await trigger(server(), name, 'e', 'secret');
    client.send({ event: 'pusher:subscribe', data: { channel: name, auth: 'test-key:00' } });
    await expectRefused(client, name, 'AuthError', 401);
    expect(await client.barrier()).toEqual([]);
  });

  it.each([
    ['an empty string', ''],
    ['quotes and backslashes', '{"q":"\\"\\\\"}'],
    ['line ends', 'a\r\nb\tc\u2028d\u0000e'],
    ['unicode', 'Zoë ✓ 🔔'],
    ['text that looks like a frame', '{"event":"pusher:error","data":{"code":4001}}'],
    ['10 240 bytes', 'x'.repeat(10_240)],
  ])('replays data as published: %s', async (_what, data) => {
    await trigger(server(), channel, 'e', data);
    await other.subscribe(channel);
    expect(whole(await other.expectNext())).toEqual({ event: 'e', channel, data });
  });

  it('replays event names as published', async () => {
    const name = 'App\\Events\\"Shipped": é 🔔';
    await trigger(server(), channel, name, 'x');
    subscribe(channel);
    expect(wholeAll(await client.barrier()).at(-1)).toEqual({ event: name, channel, data: 'x' });
  });
});

describe('a channel without a cache', () => {
  it.each(['cache', 'news', 'cachex'])('replays nothing: %s', async (name) => {
    await trigger(server(), name, 'e', 'x');
    subscribe(name);
    expect(wholeAll(await client.barrier())).toEqual([succeeded(name)]);
  });
});

describe('the life of a cached event', () => {
  it('ends with its time to live, told by the API', async () => {
    await withServer({ apps: [quietApp({ limits: { cacheTtlSeconds: 1 } })] }, async (node) => {
      await trigger(node, channel, 'e', 'x');
      const cached = async (): Promise<unknown> =>
        (await api(node, 'GET', `/channels/${channel}`, { query: { info: 'cache' } })).json();
      await vi.waitFor(async () => expect(await cached()).toMatchObject({ cache: null }), {
        timeout: 15_000,
        interval: 50,
      });
      const late = await RawClient.connect(node);
      late.send({ event: 'pusher:subscribe', data: { channel } });
      expect(wholeAll(await late.barrier())).toEqual([succeeded(channel), cacheMiss(channel)]);
    });
  }, 20_000);

  it('ends early when the node keeps too many', async () => {
    await withNodeAlone({ apps: [quietApp()], cache: { maxEntries: 2 } }, async (node) => {
      for (const name of ['cache-a', 'cache-b', 'cache-c']) await trigger(node, name, 'e', name);
      const late = await RawClient.connect(node);
      for (const name of ['cache-a', 'cache-b', 'cache-c']) await late.subscribe(name);
      expect((await late.barrier()).map((frame) => [frame.event, frame.channel])).toEqual([
        ['pusher:cache_miss', 'cache-a'],
        ['e', 'cache-b'],
        ['e', 'cache-c'],
      ]);
    });
  });
});
