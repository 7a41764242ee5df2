/** A kysely driver whose values are checked on the way in and whose errors are typed on the way out. */
import type { DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely';
import { CompiledQuery } from 'kysely';
import { checkedValues } from './checked-values.ts';

/** Turns what the driver threw into an error of `database-error.ts`; what it doesn't know passes unchanged. */
export type Translate = (error: unknown) => unknown;

export class GuardedDriver implements Driver {
  readonly #driver: Driver;
  readonly #translate: Translate;

  constructor(driver: Driver, translate: Translate) {
    this.#driver = driver;
    this.#translate = translate;
  }

  init(): Promise<void> {
    return this.#typed(() => this.#driver.init());
  }

  async acquireConnection(): Promise<GuardedConnection> {
    const connection = await this.#typed(() => this.#driver.acquireConnection());
    return new GuardedConnection(connection, (work) => this.#typed(work));
  }

  beginTransaction(connection: GuardedConnection, settings: TransactionSettings): Promise<void> {
    return this.#typed(() => this.#driver.beginTransaction(connection.inner, settings));
  }

  commitTransaction(connection: GuardedConnection): Promise<void> {
    return this.#typed(() => this.#driver.commitTransaction(connection.inner));
  }

  rollbackTransaction(connection: GuardedConnection): Promise<void> {
    return this.#typed(() => this.#driver.rollbackTransaction(connection.inner));
  }

  releaseConnection(connection: GuardedConnection): Promise<void> {
    return this.#driver.releaseConnection(connection.inner);
  }

  destroy(): Promise<void> {
    return this.#typed(() => this.#driver.destroy());
  }

  async #typed<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error);
    }
  }
}

class GuardedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;
  readonly #typed: <T>(work: () => Promise<T>) => Promise<T>;

  constructor(inner: DatabaseConnection, typed: <T>(work: () => Promise<T>) => Promise<T>) {
    this.inner = inner;
    this.#typed = typed;
  }

  executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    return this.#typed(() => {
      const values = checkedValues(compiled.parameters);
      return this.inner.executeQuery<R>(CompiledQuery.raw(compiled.sql, values));
    });
  }

  // biome-ignore lint/correctness/useYield: there is nothing to yield.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError('results come in pages, not as streams');
  }
}
