/** Opens the configured database and brings it up to date. */
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseSettings } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { OccasionalLog } from '../lib/occasional-log.ts';
import type { Database } from './database.ts';
import { DatabaseUnavailable } from './database-error.ts';
import { KyselyDatabase } from './kysely-database.ts';
import { LibsqlDialect } from './libsql-dialect.ts';
import { migrate } from './migrate.ts';
import { allMigrations } from './migrations/all-migrations.ts';
import { shownAddress } from './pg-connection.ts';
import { PgDialect } from './pg-dialect.ts';
import type { Tables } from './tables.ts';
import { WorkerLink } from './worker-link.ts';

/** @throws Error with a sentence for the operator: unreachable, in use by another node, of a newer version */
export async function openDatabase(
  settings: DatabaseSettings,
  clock: Clock,
  logger: Logger,
): Promise<Database> {
  const database = new KyselyDatabase(
    settings.kind,
    new Kysely<Tables>({ dialect: await dialectOf(settings, clock, logger) }),
  );
  try {
    await migrate(database, allMigrations, clock, logger);
    return database;
  } catch (error) {
    await database.close().catch(() => undefined);
    throw explained(error, settings);
  }
}

async function dialectOf(settings: DatabaseSettings, clock: Clock, logger: Logger): Promise<Dialect> {
  if (settings.kind === 'postgres') return new PgDialect(settings, new OccasionalLog(clock, logger));
  return new LibsqlDialect(await WorkerLink.open({ folder: settings.folder }));
}

function explained(error: unknown, settings: DatabaseSettings): unknown {
  if (settings.kind !== 'postgres' || !(error instanceof DatabaseUnavailable)) return error;
  return new DatabaseUnavailable(
    `the database at ${shownAddress(settings.url)} can't be used: ${error.message}`,
  );
}
