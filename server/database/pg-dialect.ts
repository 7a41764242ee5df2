/** Kysely over a pool of connections to PostgreSQL. */
import { Socket } from 'node:net';
import { type Driver, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PostgresSettings } from '../config/config.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { GuardedDriver } from './guarded-driver.ts';
import { pgOptions } from './pg-connection.ts';
import { typedPgError } from './pg-errors.ts';
import type { SilenceWatch } from './silence-watch.ts';

export class PgDialect extends PostgresDialect {
  /**
   * Connects when first asked.
   * @param watch over the connections; without one a statement may take as long as the server lets it
   */
  constructor(settings: PostgresSettings, log: OccasionalLog, watch?: SilenceWatch) {
    const pool = new pg.Pool({ ...pgOptions(settings), max: settings.poolSize });
    const lost = (error: Error): void =>
      log.warn('database connection lost', { err: typedPgError(error) }, 'database connection lost');
    // Whoever uses the connection is told as well; without a listener the process would end.
    pool.on('connect', (client) => {
      client.on('error', lost);
      const { stream } = client.connection;
      if (stream instanceof Socket) watch?.add(stream);
    });
    pool.on('error', lost);
    super({ pool });
  }

  override createDriver(): Driver {
    return new GuardedDriver(super.createDriver(), typedPgError);
  }
}
