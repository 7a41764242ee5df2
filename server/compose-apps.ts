/** Puts together where the apps come from: the configuration, and a database if there is one. */
import { readFileSync } from 'node:fs';
import { AppAdministration } from './apps/app-administration.ts';
import type { AppRegistry } from './apps/app-registry.ts';
import { CachedAppRegistry } from './apps/cached-app-registry.ts';
import { ConfigAppRegistry } from './apps/config-app-registry.ts';
import { newIdentity } from './apps/new-identity.ts';
import { APPS_CHANGED, SqlAppStore } from './apps/sql-app-store.ts';
import { appReader } from './config/app-reader.ts';
import type { Config } from './config/config.ts';
import type { Database } from './database/database.ts';
import { PgListener } from './database/pg-listener.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';

export interface Apps {
  readonly registry: AppRegistry;
  /** Those of the configuration alone. */
  readonly fixed: AppRegistry;
  /** Undefined where there is no database: then apps change with a restart only. */
  readonly administration: AppAdministration | undefined;
  /** Follows no more changes. */
  stop(): Promise<void>;
}

export interface AppsPorts {
  readonly clock: Clock;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** Rejects when the stored apps can't be read. */
export async function openApps(
  config: Config,
  database: Database | undefined,
  { clock, log, logger }: AppsPorts,
): Promise<Apps> {
  const fixed = new ConfigAppRegistry(config.apps);
  if (database === undefined) {
    return { registry: fixed, fixed, administration: undefined, stop: () => Promise.resolve() };
  }
  const store = new SqlAppStore(database, clock);
  const read = appReader(config, (path, encoding = 'utf8') => readFileSync(path, encoding));
  const registry = new CachedAppRegistry(config.apps, { store, read, clock, log, logger });
  await registry.start();
  const refresh = (): Promise<void> => registry.hurry();
  const listener =
    config.database?.kind === 'postgres'
      ? new PgListener(config.database, APPS_CHANGED, refresh, { clock, log })
      : undefined;
  await listener?.start();
  const administration = new AppAdministration({
    store,
    fixed,
    refresh,
    read,
    identity: newIdentity,
    clock,
    audit: logger,
  });
  return {
    registry,
    fixed,
    administration,
    async stop() {
      await listener?.stop();
      await registry.stop();
    },
  };
}
