/** Two nodes over one PostgreSQL: what is changed through one holds at the other. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, askAdmin } from '../support/admin.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createdOn, publishedBy, usePostgres } from './support.ts';

const postgres = usePostgres();
let one: TestServer;
let two: TestServer;

const start = (): Promise<TestServer> =>
  startServer({ admin: { token: ADMIN_TOKEN }, database: { url: postgres.url() } });

beforeEach(async () => {
  [one, two] = await Promise.all([start(), start()]);
});

afterEach(async () => {
  await Promise.all([one.stop(), two.stop()]);
  expect([...one.errors, ...two.errors]).toEqual([]);
});

/** Ends database connections as an administrator does. */
async function terminate(which: 'listening' | 'all'): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  try {
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity ' +
        "where application_name = 'carillon' and datname = current_database()" +
        (which === 'listening' ? " and query ilike 'listen%'" : ''),
    );
  } finally {
    await client.end();
  }
}

describe('an app that is changed through one node', () => {
  it('is known to the other, with its changes', async () => {
    const app = await createdOn(one, { limits: { connections: 1 } });
    await expect.poll(() => publishedBy(app, two)).toBe(200);
    const client = await RawClient.connect(two, { key: app.key });
    const second = await RawClient.open(two.wsUrl({ key: app.key }));
    expect((await second.closed).code).toBe(4004);
    await askAdmin(one, 'PATCH', `/apps/${app.id}`, { limits: { connections: 2 } });
    await expect
      .poll(async () => {
        const next = await RawClient.open(two.wsUrl({ key: app.key }));
        const { event } = await next.expectNext();
        next.socket.close();
        return event;
      })
      .toBe('pusher:connection_established');
    client.socket.close();
  });

  it('has a new key pair beside the old one everywhere, and alone when the overlap is over', async () => {
    const old = await createdOn(one);
    await expect.poll(() => publishedBy(old, two)).toBe(200);
    const { json: fresh } = await askAdmin(one, 'POST', `/apps/${old.id}/rotate`, { overlapSeconds: 3 });
    await expect.poll(() => publishedBy(fresh, two)).toBe(200);
    expect([await publishedBy(old, one), await publishedBy(old, two)]).toEqual([200, 200]);
    for (const node of [one, two]) {
      await expect.poll(() => publishedBy(old, node), { timeout: 15_000 }).toBe(401);
      expect(await publishedBy(fresh, node)).toBe(200);
    }
  });

  it('has its sockets closed on both when it is disabled or deleted', async () => {
    const apps = [await createdOn(one), await createdOn(one)] as const;
    for (const app of apps) await expect.poll(() => publishedBy(app, two)).toBe(200);
    const connect = ({ key }: { key: string }) =>
      Promise.all([one, two].map((node) => RawClient.connect(node, { key })));
    const [disabled, deleted] = [await connect(apps[0]), await connect(apps[1])];
    await askAdmin(two, 'POST', `/apps/${apps[0].id}/disable`);
    await askAdmin(two, 'DELETE', `/apps/${apps[1].id}`);
    const codes = async (clients: RawClient[]) =>
      (await Promise.all(clients.map(({ closed }) => closed))).map(({ code }) => code);
    expect(await codes(disabled)).toEqual([4003, 4003]);
    expect(await codes(deleted)).toEqual([4001, 4001]);
  });

  it('is created once when both are asked for the same id, or for the same key, at once', async () => {
    const statuses = async (entry: object): Promise<number[]> => {
      const asked = [one, two, one, two].map((node) => askAdmin(node, 'POST', '/apps', entry));
      return (await Promise.all(asked)).map(({ status }) => status).sort();
    };
    expect(await statuses({ id: 'wanted' })).toEqual([201, 409, 409, 409]);
    expect(await statuses({ key: 'wanted', secret: 'secret' })).toEqual([201, 409, 409, 409]);
  });

  it('loses no change of two made at once', async () => {
    const { id } = await createdOn(one);
    await Promise.all([
      askAdmin(one, 'PATCH', `/apps/${id}`, { forceTls: true }),
      askAdmin(two, 'PATCH', `/apps/${id}`, { activityTimeoutSeconds: 30 }),
      askAdmin(one, 'PATCH', `/apps/${id}`, { limits: { connections: 5 } }),
      askAdmin(two, 'PATCH', `/apps/${id}`, { limits: { eventsPerBatch: 5 } }),
    ]);
    expect((await askAdmin(two, 'GET', `/apps/${id}`)).json).toMatchObject({
      forceTls: true,
      activityTimeoutSeconds: 30,
      limits: { connections: 5, eventsPerBatch: 5 },
    });
  });
});

describe('a node that lost its connections to the database', () => {
  it('still sees changes when nobody tells it', async () => {
    await terminate('listening');
    const app = await createdOn(one);
    await expect.poll(() => publishedBy(app, two)).toBe(200);
  });

  it('goes on by itself', async () => {
    await terminate('all');
    const status = async () => (await askAdmin(one, 'POST', '/apps', {})).status;
    await expect.poll(status, { timeout: 10_000 }).toBe(201);
    const app = await createdOn(one);
    await expect.poll(() => publishedBy(app, two)).toBe(200);
  });
});

describe('a database that is away', () => {
  it('leaves the apps known last in service, refuses changes with 503, and is made up for', async () => {
    const app = await createdOn(one);
    await expect.poll(() => publishedBy(app, two)).toBe(200);
    const client = await RawClient.connect(two, { key: app.key });
    await postgres.server().crash();
    try {
      for (const node of [one, two]) expect(await publishedBy(app, node)).toBe(200);
      (await RawClient.connect(one, { key: app.key })).socket.close();
      for (const [method, path] of [
        ['POST', '/apps'],
        ['PATCH', `/apps/${app.id}`],
        ['GET', `/apps/${app.id}`],
        ['GET', '/apps'],
      ] as const) {
        const { status, json } = await askAdmin(one, method, path, method === 'GET' ? undefined : {});
        expect([method, status, json.error]).toEqual([
          method,
          503,
          expect.stringContaining("The database can't be reached"),
        ]);
      }
    } finally {
      await postgres.server().restart();
    }
    await expect
      .poll(async () => (await askAdmin(one, 'POST', `/apps/${app.id}/disable`)).status, { timeout: 10_000 })
      .toBe(200);
    expect((await client.closed).code).toBe(4003);
  });

  it('at the start is told in words', async () => {
    const url = 'postgres://carillon@127.0.0.1:1/nothing';
    await expect(startServer({ database: { url } })).rejects.toThrow(
      "the database at 127.0.0.1:1/nothing can't be used: PostgreSQL can't be reached",
    );
  });
});
