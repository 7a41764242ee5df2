/** A client that stops reading is dropped before it costs memory; the others do not feel it. */
import { describe, expect, it } from 'vitest';
import { api } from '../support/api.ts';
import { quietApp } from '../support/apps.ts';
import { joinPresence } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, type TestServer } from '../support/server.ts';
import { withServer } from '../support/use-server.ts';

const CHANNEL = 'presence-flood';
const settings = { apps: [quietApp()], limits: { outgoingBytes: 65_536 } };
const DATA = 'x'.repeat(10_000);

async function publishTen(server: TestServer, first: number): Promise<void> {
  const batch = Array.from({ length: 10 }, (_, index) => ({
    channel: CHANNEL,
    name: `e${first + index}`,
    data: DATA,
  }));
  expect((await api(server, 'POST', '/batch_events', { body: { batch } })).status).toBe(200);
}

describe('a client that does not read', () => {
  it('is dropped, told to come back if it can still hear, and missed by nobody', async () => {
    await withServer(settings, async (server) => {
      const [reader, stuck] = [await RawClient.connect(server), await RawClient.connect(server)];
      await joinPresence(reader, DEFAULT_APP, CHANNEL, { user_id: 'reader' });
      await joinPresence(stuck, DEFAULT_APP, CHANNEL, { user_id: 'stuck' });
      await reader.expectNext();
      stuck.socket.pause();

      let removed = false;
      const leave = reader.next('pusher_internal:member_removed').then(() => {
        removed = true;
      });
      let published = 0;
      while (!removed && published < 20_000) {
        await publishTen(server, published);
        published += 10;
      }
      await leave;

      const received = (await reader.expectSome(published)).map((frame) => frame.event);
      expect(received).toEqual(Array.from({ length: published }, (_, index) => `e${index}`));

      stuck.socket.resume();
      const end = await stuck.closed;
      expect([1006, 4100]).toContain(end.code);
      const heard = stuck.takeAll().map((frame) => frame.event);
      expect(heard).toEqual(Array.from({ length: heard.length }, (_, index) => `e${index}`));
      expect(heard.length).toBeLessThan(published);

      const next = await RawClient.connect(server);
      await joinPresence(next, DEFAULT_APP, CHANNEL, { user_id: 'stuck' });
      await publishTen(server, 0);
      expect(await next.expectSome(10)).toHaveLength(10);
    });
  }, 60_000);

  it('gets the error frame before its close on protocol 5', async () => {
    await withServer(settings, async (server) => {
      const stuck = await RawClient.connect(server, { query: { protocol: '5', version: '1.0' } });
      const witness = await RawClient.connect(server);
      await joinPresence(stuck, DEFAULT_APP, CHANNEL, { user_id: 'stuck' });
      await joinPresence(witness, DEFAULT_APP, CHANNEL, { user_id: 'witness' });
      stuck.socket.pause();
      const left = witness.next('pusher_internal:member_removed').then(() => true);
      for (let published = 0; published < 20_000; published += 10) {
        await publishTen(server, published);
        if (await Promise.race([left, Promise.resolve(false)])) break;
      }
      await left;
      stuck.socket.resume();
      expect((await stuck.closed).code).toBe(4100);
      expect(stuck.takeAll().at(-1)).toMatchObject({ event: 'pusher:error', data: { code: 4100 } });
    });
  }, 60_000);

  it('is dropped too when it asks for more than it reads', async () => {
    await withServer(settings, async (server) => {
      const [other, stuck] = [await RawClient.connect(server), await RawClient.connect(server)];
      await joinPresence(other, DEFAULT_APP, CHANNEL, { user_id: 'other' });
      await joinPresence(stuck, DEFAULT_APP, CHANNEL, { user_id: 'stuck' });
      await other.expectNext();
      stuck.socket.pause();
      const pings = JSON.stringify({ event: 'pusher:ping' });
      let removed = false;
      const leave = other.next('pusher_internal:member_removed').then(() => {
        removed = true;
      });
      for (let i = 0; i < 400_000 && !removed; i++) {
        stuck.sendText(pings);
        if (i % 1000 === 0) expect(await other.barrier()).toEqual([]);
      }
      await leave;
      stuck.socket.resume();
      await stuck.closed;
    });
  }, 60_000);
});

describe('a client that reads slowly but does', () => {
  it('loses nothing within its bound', async () => {
    await withServer({ apps: [quietApp()] }, async (server) => {
      const client = await RawClient.connect(server);
      await joinPresence(client, DEFAULT_APP, CHANNEL, { user_id: 'slow' });
      for (let round = 0; round < 20; round++) {
        client.socket.pause();
        await publishTen(server, round * 10);
        client.socket.resume();
        await client
          .expectSome(10)
          .then((frames) =>
            expect(frames.map((frame) => frame.event)).toEqual(
              Array.from({ length: 10 }, (_, index) => `e${round * 10 + index}`),
            ),
          );
      }
    });
  });
});
