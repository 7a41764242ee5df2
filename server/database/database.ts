/** The database as its users see it: one query builder, whichever of the two is underneath. */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type DialectName = 'postgres' | 'sqlite';

export interface Database {
  readonly dialect: DialectName;
  /** Each statement by itself is a transaction. Calls reject with the errors of `database-error.ts`. */
  readonly db: Kysely<Tables>;
  /**
   * Runs `work` in one transaction; nothing of it is kept when it throws. With PostgreSQL each statement sees what was
   * committed before it (read committed), and `work` is run again after a deadlock, so it must have no other effects.
   */
  transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}
