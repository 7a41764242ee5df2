/**
 * The thread that holds SQLite: libsql's calls block, and must not block the sockets. Never loads uWebSockets.js, which
 * would take the whole process down with the thread. Statements are run one after the other, as they come.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type Database from 'libsql';
import type { StorableValue } from './checked-values.ts';
import { failureOf, openFolder } from './data-folder.ts';
import { StatementCache } from './statement-cache.ts';
import type { WorkerReply, WorkerRequest, WorkerResult, WorkerStart } from './worker-messages.ts';

const NOTHING: WorkerResult = { rows: [], changes: undefined };

const port = parentPort;
if (port === null) throw new TypeError('this is the code of a worker thread');
const { folder } = workerData as WorkerStart;

const reply = (message: WorkerReply): void => port.postMessage(message);

try {
  const { database, close } = openFolder(folder);
  const statements = new StatementCache(database);
  port.on('message', (request: WorkerRequest) => {
    reply(answer(request, { database, statements, close }));
    if (request.kind === 'close') port.close();
  });
  reply({ id: 0, ok: true, result: NOTHING });
} catch (error) {
  reply({ id: 0, ok: false, failure: failureOf(error) });
  port.close();
}

interface Held {
  readonly database: Database.Database;
  readonly statements: StatementCache;
  close(): void;
}

function answer(request: WorkerRequest, held: Held): WorkerReply {
  try {
    return { id: request.id, ok: true, result: run(request, held) };
  } catch (error) {
    return { id: request.id, ok: false, failure: failureOf(error) };
  }
}

function run(request: WorkerRequest, { database, statements, close }: Held): WorkerResult {
  switch (request.kind) {
    case 'query':
      // At once with the right to write: upgrading later could fail halfway.
      if (request.begins) database.exec('begin immediate');
      return query(statements, request.sql, request.values);
    case 'commit':
      if (database.inTransaction) database.exec('commit');
      return NOTHING;
    case 'rollback':
      if (database.inTransaction) database.exec('rollback');
      return NOTHING;
    case 'close':
      close();
      return NOTHING;
  }
}

function query(statements: StatementCache, sql: string, values: readonly StorableValue[]): WorkerResult {
  const statement = statements.get(sql);
  const bound = values.map(bindable);
  if (statement.reader) return { rows: statement.all(bound).map(transferable), changes: undefined };
  return { rows: [], changes: statement.run(bound).changes };
}

/** libsql binds a number as a floating-point one. */
function bindable(value: StorableValue): unknown {
  return typeof value === 'number' ? BigInt(value) : value;
}

/** libsql's rows hold bytes as an ArrayBuffer; PostgreSQL's as a Buffer, which is a Uint8Array. */
function transferable(row: unknown): unknown {
  const cells = row as Record<string, unknown>;
  for (const name in cells) {
    const cell = cells[name];
    if (cell instanceof ArrayBuffer) cells[name] = new Uint8Array(cell);
  }
  return cells;
}
