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
    const long =
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000) select max(i) from n';
    const waiting = link.ask({ kind: 'query', sql: long, values: [] });
    await Promise.all([
      expect(waiting).rejects.toBeInstanceOf(DatabaseUnavailable),
      // Stops it in the middle of whatever it does.
      worker?.terminate(),
    ]);
    await expect(link.ask({ kind: 'begin' })).rejects.toThrow("the database's thread has ended");
    const db = new Kysely<Tables>({ dialect: new LibsqlDialect(link) });
    const transaction = db.transaction().execute(async () => 'done');
    await expect(transaction).rejects.toBeInstanceOf(DatabaseUnavailable);
    await db.destroy();
  });

  it('by an error says which', async () => {
    worker?.emit('error', new Error('out of memory'));
    await expect(link.ask({ kind: 'begin' })).rejects.toThrow("the database's thread failed: out of memory");
    await worker?.terminate();
  });
});
