/** A node that stops: it says so, asks its clients to come back elsewhere, and leaves nothing open. */
import { describe, expect, it } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { errorWithCode, whole } from '../support/frames.ts';
import { joinPresence } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { RawHttp } from '../support/raw-http.ts';
import { DEFAULT_APP, startOneNode, startServer } from '../support/server.ts';

const RECONNECT = { code: 4200, reason: 'Please reconnect immediately' };

describe('a node that stops', () => {
  it.each([0, 1])('closes every socket with 4200, spread over %i seconds', async (drainSeconds) => {
    const server = await startServer({ apps: [quietApp()], drainSeconds });
    const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(server)));
    await Promise.all(clients.slice(0, 10).map((client) => client.subscribe('news')));
    await server.stop();
    for (const client of clients) expect(await client.closed).toEqual(RECONNECT);
    for (const client of clients) expect(client.takeAll()).toEqual([]);
    expect(server.errors).toEqual([]);
  });

  it('tells clients of protocol 5 in an error frame too', async () => {
    const server = await startServer({ apps: [quietApp()] });
    const client = await RawClient.connect(server, { query: 'protocol=5&client=java-client&version=2.4.0' });
    await server.stop();
    expect(await client.closed).toEqual(RECONNECT);
    expect(client.takeAll().map(whole)).toEqual([errorWithCode(4200, RECONNECT.reason)]);
  });

  it('answers /ready with 503 while it drains, and /health still with 200', async () => {
    const server = await startOneNode({ apps: [quietApp()], drainSeconds: 1 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.connect(server)));
    const [ready, health] = [await RawHttp.connect(server), await RawHttp.connect(server)];
    const ask = async (http: RawHttp, path: string): Promise<number> => {
      const answer = http.response();
      await http.write(`GET ${path} HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`);
      return (await answer).status;
    };
    expect(await ask(ready, '/ready')).toBe(200);
    expect(await ask(health, '/health')).toBe(200);
    const stopped = server.stop();
    expect(await ask(ready, '/ready')).toBe(503);
    expect(await ask(health, '/health')).toBe(200);
    await stopped;
    for (const client of clients) expect((await client.closed).code).toBe(4200);
    await Promise.all([ready.destroy(), health.destroy()]);
  });

  it('lets nobody in any more', async () => {
    const server = await startServer({ apps: [quietApp()] });
    await server.stop();
    await expect(RawClient.open(server.wsUrl())).rejects.toThrow(/ECONNREFUSED/);
  });

  it('lets nobody in while it drains, or only to send them elsewhere', async () => {
    const server = await startServer({ apps: [quietApp()], drainSeconds: 1 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.connect(server)));
    const stopped = server.stop();
    const late = await RawClient.open(server.wsUrl()).then(
      async (client) => (await client.closed).code,
      () => 'refused',
    );
    // 4200 where it came to a worker that had yet to hear of the stop.
    expect(['refused', 4100, 4200]).toContain(late);
    await stopped;
    for (const client of clients) await client.closed;
  });

  it('closes the members of a presence channel like everybody else', async () => {
    const server = await startServer({ apps: [quietApp()] });
    const clients = [await RawClient.connect(server), await RawClient.connect(server)];
    for (const [index, client] of clients.entries()) {
      await joinPresence(client, DEFAULT_APP, 'presence-a', { user_id: String(index) });
    }
    await server.stop();
    for (const client of clients) expect(await client.closed).toEqual(RECONNECT);
    expect(server.errors).toEqual([]);
  });

  it('may be asked twice', async () => {
    const server = await startServer({ apps: [quietApp()] });
    await RawClient.connect(server);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(server.errors).toEqual([]);
  });

  it('stops though a client does not answer the close', async () => {
    const server = await startServer({ apps: [quietApp()] });
    const client = await RawClient.connect(server);
    client.socket.pause();
    await server.stop();
    client.socket.resume();
    await client.closed;
  });

  it('frees its port for the next one', async () => {
    const first = await startServer({ apps: [quietApp()] });
    await first.stop();
    const second = await startServer({ apps: [quietApp()], port: first.port });
    await (await RawClient.connect(second)).close();
    await second.stop();
  });
});

describe('who comes back while the node stops', () => {
  it('is told to come later, rather than finding the port closed', async () => {
    const server = await startOneNode({ drainSeconds: 1 });
    const client = await RawClient.connect(server);
    const stopped = server.stop();
    expect((await client.closed).code).toBe(4200);
    const back = await RawClient.open(server.wsUrl());
    expect(await back.closed).toMatchObject({ code: 4100, reason: 'Over capacity' });
    await stopped;
    await expect(RawClient.open(server.wsUrl())).rejects.toThrow(/ECONNREFUSED/);
  });
});
