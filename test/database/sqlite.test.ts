/** The embedded database: one file, one process, a thread of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../server/database/database.ts';
import { openTestDatabase, temporaryFolder } from '../support/databases.ts';

const WORKER = fileURLToPath(new URL('../../dist/server/database/libsql-worker.js', import.meta.url));

describe('the embedded database', () => {
  let parent: string;
  let folder: string;
  let opened: Database[];
  const open = async (): Promise<Database> => {
    const database = await openTestDatabase({ kind: 'sqlite', folder });
    opened.push(database);
    return database;
  };
  const write = (database: Database, user: string) =>
    database.db.insertInto('user_bindings').values({ app_id: 'a', user_id: user, channel: 'c' }).execute();
  const written = async (database: Database): Promise<string[]> => {
    const rows = await database.db.selectFrom('user_bindings').select('user_id').orderBy('id').execute();
    return rows.map(({ user_id }) => user_id);
  };

  beforeEach(() => {
    opened = [];
    parent = temporaryFolder();
    folder = join(parent, 'data', 'here');
  });

  afterEach(async () => {
    for (const database of opened) await database.close();
    rmSync(parent, { recursive: true, force: true });
  });

  it('makes its folder, for this user alone', async () => {
    await open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ['carillon.db', 'carillon.db-wal', 'carillon.lock']) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it('keeps what was written, also when the process is killed', async () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(${JSON.stringify(WORKER)}, { workerData: { folder: ${JSON.stringify(folder)} } });
      worker.on('message', ({ id, ok }) => {
        if (!ok) process.exit(1);
        if (id === 0) worker.postMessage({ id: 1, kind: 'query', values: [], begins: false,
          sql: "insert into user_bindings (app_id, user_id, channel) values ('a', 'u', 'c')" });
        if (id === 1) process.kill(process.pid, 'SIGKILL');
      });`;
    writeFileSync(join(parent, 'killed.mjs'), script);
    await (await open()).close();
    const killed = spawnSync(process.execPath, [join(parent, 'killed.mjs')]);
    expect([killed.stderr.toString(), killed.signal]).toEqual(['', 'SIGKILL']);
    expect(existsSync(join(folder, 'carillon.lock'))).toBe(true);
    const database = await open();
    expect(await written(database)).toEqual(['u']);
    await write(database, 'v');
    await database.close();
    expect(await written(await open())).toEqual(['u', 'v']);
  });

  it('says which process has the folder when it is in use', async () => {
    await open();
    await expect(open()).rejects.toThrow(
      `the data folder ${folder} is in use by another node (process ${process.pid})`,
    );
  });

  it('leaves no lock behind when closed', async () => {
    const database = await open();
    expect(readFileSync(join(folder, 'carillon.lock'), 'utf8')).toBe(`${process.pid}\n`);
    await database.close();
    expect(existsSync(join(folder, 'carillon.lock'))).toBe(false);
  });

  it('says why a folder cannot be used', async () => {
    writeFileSync(join(parent, 'data'), '');
    await expect(open()).rejects.toThrow(/^the data folder .* can't be used: ENOTDIR/);
    rmSync(join(parent, 'data'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'carillon.db'),
      'this is no database, and long enough to be seen as none'.repeat(99),
    );
    await expect(open()).rejects.toThrow(/holds a carillon.db that is damaged or not a database/);
  });

  it('is durable and checks references', async () => {
    const database = await open();
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(database.db)).rows[0] ?? {});
    expect(await pragma('journal_mode')).toEqual(['wal']);
    expect(await pragma('synchronous')).toEqual([2]);
    expect(await pragma('foreign_keys')).toEqual([1]);
  });

  it('leaves the event loop free while a statement runs', async () => {
    const database = await open();
    let turns = 0;
    let running = true;
    const count = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000)
      select max(i) as most from n`.execute(database.db);
    const done = count.finally(() => {
      running = false;
    });
    while (running) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await done).rows).toEqual([{ most: 2_000_000 }]);
    expect(turns).toBeGreaterThan(100);
  });

  it('answers what was asked before it closes, and refuses what comes after', async () => {
    const database = await open();
    const writes = ['a', 'b', 'c'].map((user) => write(database, user));
    await Promise.all([...writes, database.close()]);
    await expect(written(database)).rejects.toThrow();
    expect(await written(await open())).toEqual(['a', 'b', 'c']);
  });
});
