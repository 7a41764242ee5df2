/** `Database` over kysely. */
import type { Kysely, Transaction } from 'kysely';
import type { Database, DialectName } from './database.ts';
import { isConflict } from './database-error.ts';
import type { Tables } from './tables.ts';

/** Runs of a transaction that conflicts with others; each time one of them gets through, so few are enough. */
const RUNS = 10;

export class KyselyDatabase implements Database {
  readonly dialect: DialectName;
  readonly db: Kysely<Tables>;

  constructor(dialect: DialectName, db: Kysely<Tables>) {
    this.dialect = dialect;
    this.db = db;
  }

  async transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    for (let run = 1; ; run += 1) {
      try {
        return await this.db.transaction().execute(work);
      } catch (error) {
        if (!isConflict(error) || run === RUNS) throw error;
      }
    }
  }

  close(): Promise<void> {
    return this.db.destroy();
  }
}
