/** Hearing notifications, also after the connection was lost. */
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PgListener } from '../../server/database/pg-listener.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { usePostgres } from '../apps/support.ts';
import { silentLogger } from '../support/silent-logger.ts';

const postgres = usePostgres();
let listener: PgListener;
let heard: number;
let warnings: string[];

beforeEach(async () => {
  heard = 0;
  warnings = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => warnings.push(message) };
  const settings = { url: postgres.url(), ssl: 'disable', ca: undefined, poolSize: 1 } as const;
  const ports = { clock: systemClock, log: new OccasionalLog(systemClock, logger) };
  listener = new PgListener({ kind: 'postgres', ...settings }, 'news', () => (heard += 1), ports);
});

afterEach(() => listener.stop());

async function run(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  await client.query(statement);
  await client.end();
}

it('hears its channel, and no other', async () => {
  await listener.start();
  const before = heard;
  await run('notify other');
  await run('notify news');
  await expect.poll(() => heard).toBe(before + 1);
});

it('has the caller look once it listens, and listens again when the connection was lost', async () => {
  await listener.start();
  expect(heard).toBe(1);
  await run("select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen news'");
  await expect.poll(() => heard, { timeout: 10_000 }).toBe(2);
  expect(warnings).toEqual(['database notifications lost: connecting again']);
  await run('notify news');
  await expect.poll(() => heard).toBe(3);
});

it('starts without a server, and listens when there is one', async () => {
  await postgres.server().crash();
  try {
    await listener.start();
    expect(heard).toBe(0);
  } finally {
    await postgres.server().restart();
  }
  await expect.poll(() => heard, { timeout: 10_000 }).toBe(1);
});
