/** The folder with the SQLite file, opened by one process at a time. */
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import Database from 'libsql';
import type { WorkerFailure } from './worker-messages.ts';

/** Milliseconds a starting node waits for one that is just stopping. */
const LOCK_WAIT_MS = 3000;
/** The log of changes may grow to 32 MB before its pages go where they belong: what a publish changes often goes there once. */
const PRAGMAS = `
  pragma synchronous = full;
  pragma foreign_keys = on;
  pragma temp_store = memory;
  pragma cache_size = -65536;
  pragma journal_size_limit = 67108864;
  pragma wal_autocheckpoint = 8000;
`;

export interface OpenFolder {
  readonly database: Database.Database;
  close(): void;
}

/** Why the folder can't be used, in the operator's words. */
class FolderProblem extends Error {}

/**
 * Opens `carillon.db` in the folder, made for this user alone if it isn't there.
 *
 * SQLite's own lock on the file keeps others out: it ends with the process however that ends, and works across
 * containers. `carillon.lock` only says who holds it.
 * @throws FolderProblem
 */
export function openFolder(folder: string): OpenFolder {
  const holder = join(folder, 'carillon.lock');
  let database: Database.Database;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, 'carillon.db');
    // SQLite gives its other files the mode of this one.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    database = new Database(file, { timeout: LOCK_WAIT_MS });
    // Exclusive before anything else, so that the log of changes needs no shared memory either.
    database.prepare('pragma locking_mode = exclusive').all();
    database.prepare('pragma journal_mode = wal').all();
    database.exec(PRAGMAS);
    database.exec('begin exclusive; commit');
    writeFileSync(holder, `${pid}\n`, { mode: 0o600 });
  } catch (error) {
    throw new FolderProblem(`the data folder ${folder} ${problemOf(failureOf(error), holder)}`);
  }
  return {
    database,
    close() {
      database.close();
      rmSync(holder, { force: true });
    },
  };
}

function problemOf({ code, message }: WorkerFailure, holder: string): string {
  if (code?.startsWith('SQLITE_BUSY')) return `is in use by another node (${holderOf(holder)})`;
  if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT')) {
    return `holds a carillon.db that is damaged or not a database: ${message}`;
  }
  return `can't be used: ${message}`;
}

function holderOf(path: string): string {
  try {
    return `process ${readFileSync(path, 'utf8').trim()}`;
  } catch {
    return 'of an unknown process';
  }
}

export function failureOf(error: unknown): WorkerFailure {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { code, message: error.message };
}
