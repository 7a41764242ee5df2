/** Nodes with push for tests of the doors: over each database, or none, with fakes of the providers behind them. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type ApiResponse, sendHttp } from '../api.ts';
import { temporaryFolder } from '../databases.ts';
import { startPostgres } from '../postgres.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../server.ts';
import { FakeApns } from './fake-apns.ts';
import { FakeFcm } from './fake-fcm.ts';

/** What the doors of a node's app send to. */
export interface Providers {
  readonly fcm: FakeFcm;
  readonly apns: FakeApns;
}

/** Fakes for the tests of a file; what was taken is forgotten with `clear`. */
export async function startProviders(): Promise<Providers & { clear(): void; close(): Promise<unknown> }> {
  const [fcm, apns] = await Promise.all([FakeFcm.start(), FakeApns.start()]);
  return {
    fcm,
    apns,
    clear() {
      fcm.taken.length = 0;
      apns.taken.length = 0;
    },
    close: () => Promise.all([fcm.close(), apns.close()]),
  };
}

/** Settings of a node whose default app sends through the fakes. */
export function pushSettings({ fcm, apns }: Providers, push: object): object {
  const { key, keyId, teamId, topic } = apns;
  const providers = {
    fcm: { credentials: JSON.parse(fcm.credentials()), endpoint: fcm.endpoint },
    apns: { key, keyId, teamId, bundleId: topic, endpoint: apns.endpoint },
  };
  return { apps: [{ ...DEFAULT_APP, push: { ...providers, ...push } }], allowPrivateAddresses: true };
}

/** Defines the tests twice: over a node with SQLite, and over one with PostgreSQL. */
export function onEachNode(settings: () => object, define: (node: () => TestServer) => void): void {
  describe('SQLite', () =>
    define(
      usePushNode(() => {
        const folder = temporaryFolder();
        const remove = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
        return Promise.resolve({ settings: { ...settings(), dataDir: folder }, remove });
      }),
    ));
  describe('PostgreSQL', () =>
    define(
      usePushNode(async () => {
        const postgres = await startPostgres();
        const database = { url: await postgres.createDatabase() };
        return { settings: { ...settings(), database }, remove: () => postgres.stop() };
      }),
    ));
}

interface Place {
  readonly settings: object;
  remove(): Promise<void>;
}

function usePushNode(make: () => Promise<Place>): () => TestServer {
  let place: Place | undefined;
  let server: TestServer | undefined;
  beforeAll(async () => {
    place = await make();
    server = await startServer(place.settings);
  });
  afterAll(async () => {
    await server?.stop();
    await place?.remove();
    expect(server?.errors ?? []).toEqual([]);
  });
  return () => {
    if (server === undefined) throw new Error('the server is not started yet');
    return server;
  };
}

export interface Asked {
  /** An object is sent as JSON, a text or bytes as they are. */
  readonly body?: object | string | Buffer;
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
}

/** One request, on a connection of its own. */
export function ask(
  server: TestServer,
  method: string,
  path: string,
  { body, headers = {}, query = {} }: Asked = {},
): Promise<ApiResponse> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = Buffer.isBuffer(body) ? body : text === undefined ? undefined : Buffer.from(text);
  return sendHttp(server, { method, path, params: Object.entries(query), body: bytes, headers });
}
