/** The database, for those who have one: its libraries are a quarter of all that is loaded. Part of the composition root. */
import type { DatabaseSettings } from './config/config.ts';
import type { Database } from './database/database.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';

/** @throws Error with a sentence for the operator: unreachable, in use by another node, of a newer version */
export async function databaseOf(
  settings: DatabaseSettings,
  clock: Clock,
  logger: Logger,
): Promise<Database> {
  const { openDatabase } = await import('./database/open-database.ts');
  return openDatabase(settings, clock, logger);
}
