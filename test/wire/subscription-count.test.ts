/** `pusher_internal:subscription_count`: told at every change while a channel is small, now and then when it is large. */
import { describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { cacheMiss, subscriptionCount, succeeded, whole, wholeAll } from '../support/frames.ts';
import { joinPresence, joinPrivate } from '../support/joining.ts';
import { dataOf, type Frame, RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';

const counting = quietApp({ features: { subscriptionCounts: true } });
const COUNT = 'pusher_internal:subscription_count';

describe('the subscription count', () => {
  const server = useServer({ apps: [counting] });
  const connect = (): Promise<RawClient> => RawClient.connect(server());
  const leave = (client: RawClient, channel: string): void =>
    client.send({ event: 'pusher:unsubscribe', data: { channel } });

  it('follows success in exactly these bytes', async () => {
    const client = await connect();
    await client.subscribe('bytes');
    expect((await client.expectNext()).raw).toBe(
      '{"event":"pusher_internal:subscription_count","channel":"bytes","data":"{\\"subscription_count\\":1}"}',
    );
    expect(await client.barrier()).toEqual([]);
    await client.close();
  });

  it('is told to all at every join, the joiner included', async () => {
    const clients: RawClient[] = [];
    for (let count = 1; count <= 4; count++) {
      const client = await connect();
      client.send({ event: 'pusher:subscribe', data: { channel: 'joins' } });
      expect(wholeAll(await client.expectSome(2))).toEqual([
        succeeded('joins'),
        subscriptionCount('joins', count),
      ]);
      for (const earlier of clients) {
        expect(whole(await earlier.expectNext())).toEqual(subscriptionCount('joins', count));
      }
      clients.push(client);
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('is the same to all in the end, however many join at once', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, connect));
    for (let round = 0; round < 20; round += 1) {
      const channel = `at-once-${round}`;
      await Promise.all(clients.map((client) => client.subscribe(channel)));
      await trigger(server(), channel, 'last', '');
      for (const client of clients) {
        await client.next('last');
        expect(whole(client.takeAll().at(-1) as Frame)).toEqual(subscriptionCount(channel, 8));
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('is told to those who stay at every leave, however it happens', async () => {
    const [staying, first, second, third] = [
      await connect(),
      await connect(),
      await connect(),
      await connect(),
    ];
    for (const client of [staying, first, second, third]) await client.subscribe('leaves');
    await staying.expectSome(4);
    await first.expectSome(3);
    leave(first, 'leaves');
    expect(whole(await staying.expectNext())).toEqual(subscriptionCount('leaves', 3));
    expect(await first.barrier()).toEqual([]);
    await second.close();
    expect(whole(await staying.expectNext())).toEqual(subscriptionCount('leaves', 2));
    await third.destroy();
    expect(whole(await staying.expectNext())).toEqual(subscriptionCount('leaves', 1));
    expect(await staying.barrier()).toEqual([]);
    await Promise.all([staying.close(), first.close()]);
  });

  it.each(['private-c', 'private-encrypted-c'])('is told on %s', async (channel) => {
    const client = await connect();
    await joinPrivate(client, DEFAULT_APP, channel);
    expect(wholeAll(await client.barrier())).toEqual([subscriptionCount(channel, 1)]);
    await client.close();
  });

  it.each(['cache-c', 'private-cache-c', 'private-encrypted-cache-c'])(
    'is told on %s after the cached event',
    async (channel) => {
      const client = await connect();
      await joinPrivate(client, DEFAULT_APP, channel);
      expect(wholeAll(await client.barrier())).toEqual([cacheMiss(channel), subscriptionCount(channel, 1)]);
      await client.close();
    },
  );

  it.each(['presence-c', 'presence-cache-c'])('is never told on %s', async (channel) => {
    const [first, second] = [await connect(), await connect()];
    await joinPresence(first, DEFAULT_APP, channel, { user_id: '1' });
    await joinPresence(second, DEFAULT_APP, channel, { user_id: '2' });
    leave(second, channel);
    await second.barrier();
    const events = (await first.barrier()).map((frame) => frame.event);
    expect(events).not.toContain(COUNT);
    await Promise.all([first.close(), second.close()]);
  });

  it('counts connections, each channel for itself', async () => {
    const client = await connect();
    await client.subscribe('one');
    await client.subscribe('two');
    expect(wholeAll(await client.expectSome(2))).toEqual([
      subscriptionCount('one', 1),
      subscriptionCount('two', 1),
    ]);
    await client.close();
  });

  it('does not move for a refused or a repeated subscription', async () => {
    const [client, other] = [await connect(), await connect()];
    await joinPrivate(client, DEFAULT_APP, 'private-still');
    await client.expectNext();
    other.send({ event: 'pusher:subscribe', data: { channel: 'private-still', auth: 'test-key:00' } });
    await other.barrier();
    expect(await client.barrier()).toEqual([]);
    client.send({ event: 'pusher:subscribe', data: { channel: 'private-still', auth: '' } });
    expect((await client.barrier()).map((frame) => frame.event)).not.toContain(COUNT);
    await Promise.all([client.close(), other.close()]);
  });

  it('is what the API tells', async () => {
    const [first, second] = [await connect(), await connect()];
    await first.subscribe('asked');
    await second.subscribe('asked');
    const answer = await api(server(), 'GET', '/channels/asked', { query: { info: 'subscription_count' } });
    expect(answer.json()).toEqual({ occupied: true, subscription_count: 2 });
    await Promise.all([first.close(), second.close()]);
  });
});

describe('the subscription count of a large channel', () => {
  const counts = (frames: readonly Frame[]): number[] =>
    frames
      .filter((frame) => frame.event === COUNT)
      .map((frame) => Number(dataOf(frame)['subscription_count']));

  it('is told at every join up to 100, then rarely, and ends at the truth', async () => {
    await withServer({ apps: [counting] }, async (server) => {
      const watcher = await RawClient.connect(server);
      await watcher.subscribe('large');
      const others = await Promise.all(Array.from({ length: 149 }, () => RawClient.connect(server)));
      for (const client of others.slice(0, 99)) await client.subscribe('large');
      expect(counts(await watcher.expectSome(100))).toEqual(
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
      await Promise.all(others.slice(99).map((client) => client.subscribe('large')));
      const beyond = counts(await watcher.barrier());
      expect(beyond.length).toBeLessThan(10);
      if (beyond.at(-1) !== 150) {
        await watcher.next((frame) => frame.event === COUNT && dataOf(frame)['subscription_count'] === 150);
      }
      expect(counts(await watcher.barrier())).toEqual([]);
    });
  }, 30_000);
});

describe('the subscription count switched off', () => {
  const server = useServer({ apps: [quietApp()] });

  it('is not told to sockets, nor by the API', async () => {
    const [first, second] = [await RawClient.connect(server()), await RawClient.connect(server())];
    await first.subscribe('off');
    await second.subscribe('off');
    await second.close();
    expect(await first.barrier()).toEqual([]);
    const answer = await api(server(), 'GET', '/channels/off', { query: { info: 'subscription_count' } });
    expect(answer.status).toBe(400);
    await first.close();
  });
});
