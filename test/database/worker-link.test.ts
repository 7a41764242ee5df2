/** The line to the thread that holds SQLite, when that thread comes to an end by itself. */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../server/database/database-error.ts';
import { LibsqlDialect } from '../../server/database/libsql-dialect.ts';
import type { Tables } from '../../server/database/tables.ts';
import { WorkerLink } from '../../server/database/worker-link.ts';
import { temporaryFolder } from '../support/databases.ts';

describe('a thread that ends', () => {
  let folder: string;
  let worker: Worker | undefined;
  let link: WorkerLink;

  beforeEach(async () => {
    folder = temporaryFolder();
    link = await WorkerLink.open({ folder }, (path, options) => {
      worker = new Worker(path, options);
      return worker;
    });
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('rejects what waits for it, and what comes after', async () => {
    // While it is idle: SQLite's native code takes the process with it when it is stopped in the middle of a statement.
    const ended = worker?.terminate();
    const waiting = link.ask({ kind: 'query', sql: 'select 1', values: [], begins: false });
    await expect(waiting).rejects.toBeInstanceOf(DatabaseUnavailable);
    await ended;
    await expect(link.ask({ kind: 'commit' })).rejects.toThrow("the database's thread has ended");
    const db = new Kysely<Tables>({ dialect: new LibsqlDialect(link) });
    const transaction = db.transaction().execute(async () => 'done');
    await expect(transaction).rejects.toBeInstanceOf(DatabaseUnavailable);
    await db.destroy();
  });

  it('by an error says which', async () => {
    worker?.emit('error', new Error('out of memory'));
    await expect(link.ask({ kind: 'commit' })).rejects.toThrow("the database's thread failed: out of memory");
    await worker?.terminate();
  });
});
