/** More publications in one turn of the event loop than uWebSockets has places for: all arrive, once and in order. */
import { describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { joinPrivate } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const server = useServer({
  apps: [
    quietApp({
      features: { clientEvents: true },
      limits: { clientEventsPerSecond: 0, eventsPerBatch: 100, eventDataBytes: 1000 },
    }),
  ],
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const dataOf = (frames: readonly { readonly raw: string }[]): unknown[] =>
  frames.map(({ raw }) => JSON.parse(JSON.parse(raw).data));

describe('a burst', () => {
  it('of client events reaches the others in order, and what the sender does after them comes after', async () => {
    const [sender, receiver] = [await RawClient.connect(server()), await RawClient.connect(server())];
    for (const client of [sender, receiver]) await joinPrivate(client, DEFAULT_APP, 'private-burst');
    for (const n of numbers(200)) {
      sender.send({ event: 'client-n', channel: 'private-burst', data: n });
    }
    sender.send({ event: 'pusher:unsubscribe', data: { channel: 'private-burst' } });
    sender.send({ event: 'client-n', channel: 'private-burst', data: 200 });
    expect(dataOf(await receiver.expectSome(200))).toEqual(numbers(200));
    await sender.barrier();
    expect(await receiver.barrier()).toEqual([]);
    await Promise.all([sender.close(), receiver.close()]);
  });

  it('of a batch reaches its subscribers in order, and none of them twice', async () => {
    const clients = await Promise.all(numbers(5).map(() => RawClient.connect(server())));
    for (const client of clients) await client.subscribe('burst');
    const batch = numbers(100).map((n) => ({ channel: 'burst', name: 'n', data: String(n) }));
    expect((await api(server(), 'POST', '/batch_events', { body: { batch } })).status).toBe(200);
    for (const client of clients) {
      expect(dataOf(await client.expectSome(100))).toEqual(numbers(100));
      expect(await client.barrier()).toEqual([]);
      await client.close();
    }
  });

  it('of requests at once reaches every subscriber whole', async () => {
    const clients = await Promise.all(numbers(5).map(() => RawClient.connect(server())));
    for (const client of clients) await client.subscribe('burst');
    const answers = await Promise.all(numbers(150).map((n) => trigger(server(), 'burst', 'n', n)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const client of clients) {
      const got = dataOf(await client.expectSome(150)) as number[];
      expect(got.toSorted((a, b) => a - b)).toEqual(numbers(150));
      expect(await client.barrier()).toEqual([]);
      await client.close();
    }
  });

  it('is not heard by who subscribes right after it', async () => {
    const [sender, receiver] = [await RawClient.connect(server()), await RawClient.connect(server())];
    await joinPrivate(sender, DEFAULT_APP, 'private-burst');
    await joinPrivate(receiver, DEFAULT_APP, 'private-burst');
    sender.send({ event: 'pusher:unsubscribe', data: { channel: 'private-burst' } });
    await sender.barrier();
    const batch = numbers(100).map((n) => ({ channel: 'private-burst', name: 'n', data: String(n) }));
    await api(server(), 'POST', '/batch_events', { body: { batch } });
    await joinPrivate(sender, DEFAULT_APP, 'private-burst');
    expect(await sender.barrier()).toEqual([]);
    expect(await receiver.expectSome(100)).toHaveLength(100);
    await Promise.all([sender.close(), receiver.close()]);
  });
});
