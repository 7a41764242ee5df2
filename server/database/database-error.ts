/**
 * What can go wrong with a database, told apart by what a caller can do about it. None of them carries values of a
 * query: tokens and names stay out of logs.
 */

/** It can't be reached, or can't work now: nothing was kept; the same call may succeed later. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** The database refused a statement: a unique value that is there already, a conflict, or a mistake of ours. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed';
  /** SQLSTATE of PostgreSQL, or SQLite's name of the error. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A text that no database can keep: PostgreSQL has no NUL. The caller's client sent it, so it is a bad request. */
export class UnstorableText extends Error {
  override readonly name = 'UnstorableText';
}

const UNIQUE: ReadonlySet<string> = new Set([
  '23505',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_ROWID',
]);

/** Whether a statement failed because a unique value is there already. */
export function isUniqueViolation(error: unknown): error is QueryFailed {
  return error instanceof QueryFailed && UNIQUE.has(error.code);
}

/** Serialization failure and deadlock: the transaction was undone, and may simply be run again. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01']);

export function isConflict(error: unknown): error is QueryFailed {
  return error instanceof QueryFailed && CONFLICTS.has(error.code);
}
