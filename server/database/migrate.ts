/** Brings a database up to this version's schema. Several nodes may do it at once: one works, the others wait. */
import { sql, type Transaction } from 'kysely';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from './database.ts';
import { columnsOf, type Migration } from './migration.ts';
import type { Tables } from './tables.ts';

/** Any number that nothing else in this database locks. */
const LOCK = 7_251_901_406_001;

/** All missing steps in one transaction: a node that dies halfway leaves nothing behind. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  clock: Clock,
  logger: Logger,
): Promise<void> {
  const columns = columnsOf(database.dialect);
  const taken = await database.transaction(async (trx) => {
    if (database.dialect === 'postgres') {
      // An index over millions of rows takes its time, and so does waiting for a node that builds it.
      await sql`set local statement_timeout = 0`.execute(trx);
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
    }
    const applied = await appliedNumbers(trx, database);
    refuseNewer(applied, migrations);
    const missing = migrations.filter(({ number }) => !applied.has(number));
    for (const { number, name, up } of missing) {
      await up(trx.schema, columns);
      await trx.insertInto('carillon_migrations').values({ number, name, applied_at: clock.now() }).execute();
    }
    return missing.map(({ name }) => name);
  });
  if (taken.length > 0) logger.info({ migrations: taken }, 'database schema brought up to date');
}

async function appliedNumbers(trx: Transaction<Tables>, { dialect }: Database): Promise<Set<number>> {
  const { integer, text } = columnsOf(dialect);
  await trx.schema
    .createTable('carillon_migrations')
    .ifNotExists()
    .addColumn('number', integer, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('applied_at', integer, (column) => column.notNull())
    .execute();
  const rows = await trx.selectFrom('carillon_migrations').select('number').execute();
  return new Set(rows.map(({ number }) => number));
}

function refuseNewer(applied: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ number }) => number));
  const unknown = [...applied].filter((number) => !known.has(number));
  if (unknown.length === 0) return;
  throw new Error(
    `the database belongs to a newer version of Carillon (it has schema step ${Math.max(...unknown)}, ` +
      `this version knows ${Math.max(...known)}); start that version, or use another database`,
  );
}
