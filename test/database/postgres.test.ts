/** PostgreSQL that goes away and comes back, and addresses that lead nowhere. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostgresSettings } from '../../server/config/config.ts';
import type { Database } from '../../server/database/database.ts';
import { DatabaseUnavailable } from '../../server/database/database-error.ts';
import { KyselyDatabase } from '../../server/database/kysely-database.ts';
import { PgDialect } from '../../server/database/pg-dialect.ts';
import { SilenceWatch } from '../../server/database/silence-watch.ts';
import type { Tables } from '../../server/database/tables.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { openTestDatabase, postgresSettings } from '../support/databases.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { FrozenProxy } from '../support/push/frozen-proxy.ts';
import { silentLogger } from '../support/silent-logger.ts';

/** Milliseconds after which the test takes a connection for dead. */
const SILENT_MS = 600;

describe('PostgreSQL', () => {
  let server: TestPostgres;
  let url: string;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    database = await openTestDatabase(postgresSettings(url));
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  const count = (on = database) => on.db.selectFrom('devices').select('id').execute();

  it('that cannot be reached is named, without user and password', async () => {
    const nowhere = 'postgres://someone:hush-hush@127.0.0.1:1/nothing';
    const error = await openTestDatabase(postgresSettings(nowhere)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(String(error)).toMatch(/the database at 127\.0\.0\.1:1\/nothing can't be used: .*ECONNREFUSED/);
    expect(String(error)).not.toMatch(/someone|hush/);
  });

  it('without that database says so', async () => {
    const missing = url.replace(/[^/]*$/, 'missing');
    await expect(openTestDatabase(postgresSettings(missing))).rejects.toThrow(
      'database "missing" does not exist',
    );
  });

  it('that goes away fails what is under way and what comes, and works again when it is back', async () => {
    const [first, second] = [sql`select pg_sleep(30)`, sql`select pg_sleep(30)`].map((query) =>
      query.execute(database.db).catch((error: unknown) => error),
    );
    const within = database
      .transaction(async (trx) => sql`select pg_sleep(30)`.execute(trx))
      .catch((error: unknown) => error);
    // Until they are under way.
    await expect.poll(async () => (await sleepers(database)).length).toBe(3);
    await server.crash();
    for (const failed of [first, second, within]) expect(await failed).toBeInstanceOf(DatabaseUnavailable);
    await expect(count()).rejects.toBeInstanceOf(DatabaseUnavailable);
    await server.restart();
    expect(await count()).toEqual([]);
    expect(
      await database.transaction(async (trx) => (await trx.selectFrom('devices').execute()).length),
    ).toBe(0);
  });

  it('that falls silent fails what waits for it, and the next call has another connection', async () => {
    const proxy = await FrozenProxy.start(url);
    const settings = postgresSettings(proxy.origin + new URL(url).pathname);
    const own = { ...settings, url: settings.url.replace('//', `//${new URL(url).username}@`) };
    const log = new OccasionalLog(systemClock, silentLogger);
    const silent = new KyselyDatabase(
      'postgres',
      new Kysely<Tables>({ dialect: new PgDialect(own, log, new SilenceWatch(SILENT_MS, systemClock)) }),
    );
    expect(await count(silent)).toEqual([]);
    // Longer than that with nothing to do, and with much to say, is no silence.
    await pause(SILENT_MS * 1.5);
    const chatter = sql`select pg_sleep(0.05), repeat('x', 100000) from generate_series(1, 20)`;
    expect((await chatter.execute(silent.db)).rows).toHaveLength(20);
    proxy.freeze();
    const error = await count(silent).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(await count(silent)).toEqual([]);
    await silent.close();
    await proxy.close();
  });

  it('runs a transaction again after a deadlock', async () => {
    await sql`create table pairs (id int primary key, n int not null)`.execute(database.db);
    await sql`insert into pairs values (1, 0), (2, 0)`.execute(database.db);
    let runs = 0;
    let holding = 0;
    let bothHold = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      bothHold = resolve;
    });
    const crossing = (first: number, second: number): Promise<void> =>
      database.transaction(async (trx) => {
        runs += 1;
        await sql`update pairs set n = n + 1 where id = ${first}`.execute(trx);
        holding += 1;
        if (holding === 2) bothHold();
        await held;
        await sql`update pairs set n = n + 1 where id = ${second}`.execute(trx);
      });
    await Promise.all([crossing(1, 2), crossing(2, 1)]);
    expect(runs).toBe(3);
    const { rows } = await sql`select n from pairs`.execute(database.db);
    expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
  });
});

describe('PostgreSQL with TLS', () => {
  const certificate = readFileSync(new URL('../support/tls/cert.pem', import.meta.url), 'utf8');
  let server: TestPostgres;
  let settings: PostgresSettings;
  beforeAll(async () => {
    server = await startPostgres({ tls: true });
    settings = postgresSettings(await server.createDatabase());
  });
  afterAll(() => server.stop());

  const encrypted = async (changes: Partial<PostgresSettings>): Promise<unknown> => {
    const database = await openTestDatabase({ ...settings, ...changes });
    try {
      const query = sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
      return (await query.execute(database.db)).rows[0]?.ssl;
    } finally {
      await database.close();
    }
  };

  it('is spoken to as the settings say, its certificate checked where they ask for it', async () => {
    expect(await encrypted({ ssl: 'disable' })).toBe(false);
    expect(await encrypted({ ssl: 'require' })).toBe(true);
    expect(await encrypted({ ssl: 'verify-full', ca: certificate })).toBe(true);
    await expect(encrypted({ ssl: 'verify-full' })).rejects.toThrow(
      /can't be used: .*self-signed certificate/,
    );
  });

  it('is not believed under another name than its certificate has', async () => {
    const url = settings.url.replace('127.0.0.1', '127.0.0.2');
    await expect(encrypted({ url, ssl: 'verify-full', ca: certificate })).rejects.toThrow(
      /IP: 127\.0\.0\.2 is not in the cert's list/,
    );
  });
});

async function sleepers({ db }: Database): Promise<unknown[]> {
  const { rows } = await sql`select pid from pg_stat_activity
    where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`.execute(db);
  return rows;
}
