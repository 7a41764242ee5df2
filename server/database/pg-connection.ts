/** How a node connects to PostgreSQL. */
import pg from 'pg';
import type { PostgresSettings } from '../config/config.ts';

/** Milliseconds to connect, or to get a free connection. */
const CONNECT_MS = 5000;
/** Milliseconds a statement may take; every one is meant to take a few. */
export const STATEMENT_MS = 30_000;
/** Milliseconds a transaction may stand still: a frozen node holds its locks no longer than its jobs. */
const IDLE_TRANSACTION_MS = 10_000;

const INT8 = 20;
const NUMERIC = 1700;

/** Times and counts are whole numbers far below 2^53; sums and counts come as text otherwise. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8 || oid === NUMERIC) return Number;
    return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
  },
};

/** For a pool, or a single connection that listens. */
export function pgOptions({ url, ssl, ca }: PostgresSettings): pg.ClientConfig {
  return {
    connectionString: url,
    ssl: ssl === 'disable' ? false : { rejectUnauthorized: ssl === 'verify-full', ...(ca && { ca }) },
    types,
    application_name: 'carillon',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
  };
}

/** Host, port and database of an address, without user and password: for logs and messages. */
export function shownAddress(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || 5432}${pathname}`;
}
