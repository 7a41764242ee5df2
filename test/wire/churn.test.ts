/**
 * Twenty thousand connections come, join and go in every way there is. Afterwards nobody is anywhere, and the
 * second half has left no more behind than noise.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { api } from '../support/api.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import { type NodeProcess, startNodeProcess } from '../support/node-process.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';

const BATCH = 250;
const BATCHES_PER_HALF = 40;
/** A hundred bytes a connection over 10 000 of them: far above noise, far below a leaked connection. */
const GROWTH_BYTES = 1_000_000;

type Act = (client: RawClient, index: number) => Promise<unknown>;

const subscribeAndNotWait: Act = async (client, index) => {
  client.send({ event: 'pusher:subscribe', data: { channel: `hasty-${index % 20}` } });
};

/** What a connection does before it goes. */
const acts: readonly Act[] = [
  (client, index) => client.subscribe(`public-${index % 30}`),
  (client, index) => joinPresence(client, DEFAULT_APP, `presence-${index % 5}`, { user_id: index % 60 }),
  (client) => joinPrivate(client, DEFAULT_APP, 'private-x'),
  (client, index) => client.subscribe(`cache-${index % 10}`),
  subscribeAndNotWait,
  async (client, index) => {
    const id = String(index % 40);
    await signIn(client, DEFAULT_APP, { id, watchlist: [String((index + 1) % 40), `nobody-${index}`] });
    await client.subscribe(`#server-to-user-${id}`);
  },
  async (client, index) => {
    await joinPresence(client, DEFAULT_APP, 'presence-left', { user_id: `u${index}` });
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-left' } });
  },
];

/** How it goes. */
const departures: readonly ((client: RawClient) => Promise<unknown>)[] = [
  (client) => client.close(),
  (client) => client.destroy(),
];

async function cycle(server: NodeProcess, index: number): Promise<void> {
  const client = await RawClient.connect(server);
  // Names nobody uses twice show what is kept for a channel or a member after the last one left.
  await joinPresence(client, DEFAULT_APP, `presence-own-${index}`, { user_id: `own-${index}` });
  await acts[index % acts.length]?.(client, index);
  await departures[index % departures.length]?.(client);
}

async function half(server: NodeProcess, first: number): Promise<void> {
  for (let batch = 0; batch < BATCHES_PER_HALF; batch++) {
    const start = first + batch * BATCH;
    await Promise.all(Array.from({ length: BATCH }, (_, index) => cycle(server, start + index)));
  }
}

/** A cut connection is noticed a moment later than its client thinks. */
async function everybodyGone(server: NodeProcess): Promise<void> {
  await vi.waitFor(
    async () => expect((await api(server, 'GET', '/channels')).json()).toEqual({ channels: {} }),
    { timeout: 20_000, interval: 20 },
  );
}

describe('connections that come and go', () => {
  let server: NodeProcess;
  beforeAll(async () => {
    server = await startNodeProcess();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('leave no channel, no member, no user and no memory behind', async () => {
    await half(server, 0);
    await everybodyGone(server);
    const before = await server.liveHeapBytes();
    await half(server, BATCH * BATCHES_PER_HALF);
    await everybodyGone(server);
    const after = await server.liveHeapBytes();
    expect(after - before).toBeLessThan(GROWTH_BYTES);

    const client = await RawClient.connect(server);
    const roster = await joinPresence(client, DEFAULT_APP, 'presence-0', { user_id: 'last' });
    expect(roster.data).toBe('{"presence":{"count":1,"ids":["last"],"hash":{"last":null}}}');
    await signIn(client, DEFAULT_APP, {
      id: 'w',
      watchlist: Array.from({ length: 40 }, (_, id) => String(id)),
    });
    const states = await client.next('pusher_internal:watchlist_events');
    expect(JSON.parse(String(states.data)).events.map((event: { name: string }) => event.name)).toEqual([
      'offline',
    ]);
    await client.close();
  }, 180_000);
});
