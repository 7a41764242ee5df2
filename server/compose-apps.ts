/** Puts together where the apps come from: the configuration, and a database if there is one. */
import type { AppAdministration } from './apps/app-administration.ts';
import type { AppRegistry } from './apps/app-registry.ts';
import { ConfigAppRegistry } from './apps/config-app-registry.ts';
import type { Config } from './config/config.ts';
import type { Database } from './database/database.ts';
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
  ports: AppsPorts,
): Promise<Apps> {
  const fixed = new ConfigAppRegistry(config.apps);
  if (database === undefined) {
    return { registry: fixed, fixed, administration: undefined, stop: () => Promise.resolve() };
  }
  const { openStoredApps } = await import('./compose-stored-apps.ts');
  return openStoredApps(config, fixed, database, ports);
}
