/** What pg and PostgreSQL report, as errors of `database-error.ts`. */
import pg from 'pg';
import { DatabaseUnavailable, QueryFailed } from './database-error.ts';

/**
 * SQLSTATE classes and codes that say that the server can't work now: connection, authorization (a password is being
 * changed), resources, cancelled by an administrator or a time limit, shutting down, disk, read-only after a failover, a
 * transaction that stood still.
 */
const UNAVAILABLE = /^(08|28|3D|53|57|58|25006|25P03)/;

/** Leaves out PostgreSQL's details, which quote the values. */
export function typedPgError(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? '';
    const message = `PostgreSQL: ${error.message} (${code})`;
    return UNAVAILABLE.test(code) ? new DatabaseUnavailable(message) : new QueryFailed(code, message);
  }
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) return error;
  // What is left comes from the connection: refused, reset, timed out, closed.
  if (['Error', 'AggregateError'].includes(error.name)) {
    return new DatabaseUnavailable(`PostgreSQL can't be reached: ${reasonOf(error)}`);
  }
  return error;
}

/** An error about several addresses of one name has no message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message;
}
