/** Opens the configured database and brings it up to date. */
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseSettings, PostgresSettings } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { OccasionalLog } from '../lib/occasional-log.ts';
import type { Database, DialectName } from './database.ts';
import { DatabaseUnavailable } from './database-error.ts';
import { KyselyDatabase } from './kysely-database.ts';
import { LibsqlDialect } from './libsql-dialect.ts';
import { migrate } from './migrate.ts';
import { allMigrations } from './migrations/all-migrations.ts';
import { STATEMENT_MS, shownAddress } from './pg-connection.ts';
import { PgDialect } from './pg-dialect.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { Tables } from './tables.ts';
import { WorkerLink } from './worker-link.ts';

/** Milliseconds in which a server that is there says something: it ends a statement sooner by itself. */
const SILENCE_MS = STATEMENT_MS + 10_000;

/** @throws Error with a sentence for the operator: unreachable, in use by another node, of a newer version */
export async function openDatabase(
  settings: DatabaseSettings,
  clock: Clock,
  logger: Logger,
): Promise<Database> {
  if (settings.kind === 'postgres') return openPostgres(settings, clock, logger);
  const database = over('sqlite', new LibsqlDialect(await WorkerLink.open({ folder: settings.folder })));
  try {
    await migrate(database, allMigrations, clock, logger);
    return database;
  } catch (error) {
    await database.close().catch(() => undefined);
    throw error;
  }
}

async function openPostgres(settings: PostgresSettings, clock: Clock, logger: Logger): Promise<Database> {
  const log = new OccasionalLog(clock, logger);
  // A connection of its own: making an index over millions of rows is a long silence.
  const patient = over('postgres', new PgDialect({ ...settings, poolSize: 1 }, log));
  try {
    await migrate(patient, allMigrations, clock, logger);
  } catch (error) {
    throw explained(error, settings);
  } finally {
    await patient.close().catch(() => undefined);
  }
  return over('postgres', new PgDialect(settings, log, new SilenceWatch(SILENCE_MS, clock)));
}

function over(name: DialectName, dialect: Dialect): Database {
  return new KyselyDatabase(name, new Kysely<Tables>({ dialect }));
}

function explained(error: unknown, settings: PostgresSettings): unknown {
  if (!(error instanceof DatabaseUnavailable)) return error;
  return new DatabaseUnavailable(
    `the database at ${shownAddress(settings.url)} can't be used: ${error.message}`,
  );
}
