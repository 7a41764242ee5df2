/** Nodes whose apps are stored in a real database. */
import { rmSync } from 'node:fs';
import Pusher from 'pusher';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { ADMIN_TOKEN, type AdminAnswer, askAdmin } from '../support/admin.ts';
import { temporaryFolder } from '../support/databases.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';

export interface StoredAppsUnderTest {
  readonly server: TestServer;
  /** Asks the node's admin API; a path is below `/admin`. */
  admin(
    method: string,
    path: string,
    body?: object | string,
    headers?: Record<string, string>,
  ): Promise<AdminAnswer>;
  /** Makes an app with a made-up identity and what is given. */
  created(entry?: object): Promise<TestApp>;
  /** Stops the node and starts another one over the same database. */
  restart(): Promise<void>;
}

/** Node settings for a database that is there while the tests of a `describe` run. */
export type GivenDatabase = () => object;

/** Defines the tests twice, each time with one database and one node for all of them. */
export function onEachStore(define: (node: StoredAppsUnderTest) => void, settings: object = {}): void {
  describe('SQLite', () => {
    let folder = '';
    beforeAll(() => {
      folder = temporaryFolder();
    });
    // Hooks run in reverse: the node has stopped by then.
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    define(useStoredApps(() => ({ dataDir: folder, ...settings })));
  });
  describe('PostgreSQL', () => {
    const database = usePostgres();
    define(useStoredApps(() => ({ database: { url: database.url() }, ...settings })));
  });
}

/** A PostgreSQL for the tests of a file or group, with one database. */
export function usePostgres(): { url(): string; server(): TestPostgres } {
  let postgres: TestPostgres | undefined;
  let url = '';
  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
  });
  afterAll(() => postgres?.stop());
  return {
    url: () => url,
    server() {
      if (postgres === undefined) throw new Error('PostgreSQL is there in hooks and tests only');
      return postgres;
    },
  };
}

function useStoredApps(given: GivenDatabase): StoredAppsUnderTest {
  let running: TestServer | undefined;
  const server = (): TestServer => {
    if (running === undefined) throw new Error('the node is there in hooks and tests only');
    return running;
  };
  const start = async (): Promise<void> => {
    running = await startServer({ admin: { token: ADMIN_TOKEN }, ...given() });
  };
  beforeAll(start);
  afterEach(() => expect(server().errors).toEqual([]));
  afterAll(() => running?.stop());
  return {
    get server() {
      return server();
    },
    admin: (...asked) => askAdmin(server(), ...asked),
    created: (entry) => createdOn(server(), entry),
    async restart() {
      await server().stop();
      await start();
    },
  };
}

export async function createdOn(server: TestServer, entry: object = {}): Promise<TestApp> {
  const { status, json, text } = await askAdmin(server, 'POST', '/apps', entry);
  if (status !== 201) throw new Error(text);
  return { id: json.id, key: json.key, secret: json.secret };
}

/** The status of a publication by the official SDK. */
export async function publishedBy({ id, key, secret }: TestApp, at: TestServer): Promise<number> {
  const { host, port } = at;
  const sdk = new Pusher({ appId: id, key, secret, host, port: String(port) });
  try {
    return (await sdk.trigger('a', 'e', {})).status;
  } catch (error) {
    if (error instanceof Pusher.RequestError && error.status !== undefined) return error.status;
    throw error;
  }
}
