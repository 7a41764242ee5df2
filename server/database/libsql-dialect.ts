/** Kysely over the thread that holds SQLite: one connection, lent to one user at a time, first come, first served. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { StorableValue } from './checked-values.ts';
import { GuardedDriver } from './guarded-driver.ts';
import type { WorkerLink } from './worker-link.ts';

export class LibsqlDialect implements Dialect {
  readonly #link: WorkerLink;

  constructor(link: WorkerLink) {
    this.#link = link;
  }

  createDriver(): Driver {
    // Errors come typed from the link.
    return new GuardedDriver(new LibsqlDriver(this.#link), (error) => error);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

class LibsqlDriver implements Driver {
  readonly #link: WorkerLink;
  readonly #connection: LibsqlConnection;
  /** Fulfilled when the last of those in line has given the connection back. */
  #line: Promise<void> = Promise.resolve();
  #release: (() => void) | undefined;

  constructor(link: WorkerLink) {
    this.#link = link;
    this.#connection = new LibsqlConnection(link);
  }

  async init(): Promise<void> {
    // The link is open.
  }

  async acquireConnection(): Promise<LibsqlConnection> {
    const before = this.#line;
    let release = (): void => undefined;
    this.#line = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release?.();
  }

  async beginTransaction(): Promise<void> {
    this.#connection.begins = true;
  }

  async commitTransaction(): Promise<void> {
    this.#connection.begins = false;
    await this.#link.ask({ kind: 'commit' });
  }

  async rollbackTransaction(): Promise<void> {
    this.#connection.begins = false;
    await this.#link.ask({ kind: 'rollback' });
  }

  async destroy(): Promise<void> {
    await this.#line;
    await this.#link.close();
  }
}

class LibsqlConnection implements DatabaseConnection {
  /** The next statement begins a transaction: said with it, which saves a trip to the other thread and back. */
  begins = false;
  readonly #link: WorkerLink;

  constructor(link: WorkerLink) {
    this.#link = link;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    // The guard around the driver has checked the values.
    const values = parameters as readonly StorableValue[];
    const { begins } = this;
    this.begins = false;
    const { rows, changes } = await this.#link.ask({ kind: 'query', sql, values, begins });
    const found = rows as R[];
    return changes === undefined ? { rows: found } : { rows: found, numAffectedRows: BigInt(changes) };
  }

  // biome-ignore lint/correctness/useYield: there is nothing to yield.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('results come in pages, not as streams');
  }
}
