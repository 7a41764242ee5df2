/** Locks that a transaction holds until it ends. SQLite needs none: only one transaction writes at a time. */
import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { DialectName } from './database.ts';
import type { Tables } from './tables.ts';

/**
 * Waits until no other transaction holds any of the names. Each name is a list of parts, of any length and content;
 * names that are asked for together are locked in one order, so that two transactions don't wait for each other.
 */
export async function lockNames(
  trx: Transaction<Tables>,
  dialect: DialectName,
  names: readonly (readonly string[])[],
): Promise<void> {
  if (dialect === 'sqlite' || names.length === 0) return;
  const keys = [...new Set(names.map(keyOf))].sort((a, b) => (a < b ? -1 : 1)).map(String);
  await sql`select pg_advisory_xact_lock(key) from unnest(${keys}::bigint[]) as locks(key)`.execute(trx);
}

/** Two names with the same key only wait for each other without need. */
function keyOf(parts: readonly string[]): bigint {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readBigInt64BE();
}

interface Lockable<Q> {
  forNoKeyUpdate(): Q;
  forKeyShare(): Q;
}

/** Rows found are this transaction's to change. */
export function toChange<Q extends Lockable<Q>>(dialect: DialectName, query: Q): Q {
  return dialect === 'sqlite' ? query : query.forNoKeyUpdate();
}

/** Rows found stay, so that others can refer to them. */
export function toReferTo<Q extends Lockable<Q>>(dialect: DialectName, query: Q): Q {
  return dialect === 'sqlite' ? query : query.forKeyShare();
}
