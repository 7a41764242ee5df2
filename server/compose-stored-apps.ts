/** Apps of a database beside those of the configuration. Part of the composition root, loaded where there is a database. */
import { readFileSync } from 'node:fs';
import { AppAdministration } from './apps/app-administration.ts';
import type { AppRegistry } from './apps/app-registry.ts';
import { CachedAppRegistry } from './apps/cached-app-registry.ts';
import { newIdentity } from './apps/new-identity.ts';
import { APPS_CHANGED, SqlAppStore } from './apps/sql-app-store.ts';
import type { Apps, AppsPorts } from './compose-apps.ts';
import { appReader } from './config/app-reader.ts';
import type { Config } from './config/config.ts';
import type { Database } from './database/database.ts';
import { PgListener } from './database/pg-listener.ts';

/**
 * Rejects when they can't be read.
 * @param fixed those of the configuration
 */
export async function openStoredApps(
  config: Config,
  fixed: AppRegistry,
  database: Database,
  { clock, log, logger }: AppsPorts,
): Promise<Apps> {
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
