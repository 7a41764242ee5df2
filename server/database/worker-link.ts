/** This thread's end of the line to the thread that holds SQLite. */
import { createRequire } from 'node:module';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { DatabaseUnavailable, QueryFailed } from './database-error.ts';
import type {
  WorkerFailure,
  WorkerReply,
  WorkerRequest,
  WorkerResult,
  WorkerStart,
} from './worker-messages.ts';

/** The compiled worker, which `imports` of package.json names: whoever runs the sources can't start a thread of them. */
const WORKER = createRequire(import.meta.url).resolve('#libsql-worker');

type Numbered<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Call {
  resolve(result: WorkerResult): void;
  reject(error: Error): void;
}

type StartThread = (path: string, options: WorkerOptions) => Worker;

const newWorker: StartThread = (path, options) => new Worker(path, options);

export class WorkerLink {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #lastId = 0;
  #ended: Error | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(`the database's thread failed: ${error.message}`));
    this.#worker.on('exit', () => this.#end("the database's thread has ended"));
  }

  /** @throws DatabaseUnavailable with a sentence for the operator when the folder can't be used */
  static async open(start: WorkerStart, startThread: StartThread = newWorker): Promise<WorkerLink> {
    const link = new WorkerLink(startThread(WORKER, { workerData: start }));
    await link.#reply(0);
    return link;
  }

  /**
   * Rejects with `DatabaseUnavailable` when the database can't work now or the thread is gone, with `QueryFailed` when
   * the database refuses.
   */
  ask(request: Numbered<WorkerRequest>): Promise<WorkerResult> {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = this.#reply(id);
    if (this.#ended === undefined) this.#worker.postMessage({ ...request, id });
    return reply;
  }

  /** Lets what was asked finish, closes the file, ends the thread. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const closed = this.ask({ kind: 'close' });
    this.#ended = new DatabaseUnavailable('the database is closed');
    await closed;
    await exited;
  }

  #reply(id: number): Promise<WorkerResult> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  #settle(reply: WorkerReply): void {
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if (reply.ok) call?.resolve(reply.result);
    else call?.reject(reply.id === 0 ? new DatabaseUnavailable(reply.failure.message) : typed(reply.failure));
  }

  #end(reason: string): void {
    this.#ended ??= new DatabaseUnavailable(reason);
    for (const call of this.#calls.values()) call.reject(this.#ended);
    this.#calls.clear();
  }
}

/** Not the statement's fault: locked, full, unreadable. */
const UNAVAILABLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|NOMEM|INTERRUPT)/;

function typed({ code, message }: WorkerFailure): Error {
  if (code === undefined) return new TypeError(`the database's thread: ${message}`);
  if (UNAVAILABLE.test(code)) return new DatabaseUnavailable(`SQLite can't work now: ${message} (${code})`);
  return new QueryFailed(code, `SQLite: ${message}`);
}
