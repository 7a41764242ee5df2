/** No question to the registry reads a whole table, once the tables are large enough for a planner to mind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillRegistry } from '../../bench/push/registry-fill.ts';
import {
  fullScans,
  planOf,
  type RecordedRegistry,
  recordedRegistry,
  SHAPES,
  type Statement,
} from '../../bench/push/registry-shapes.ts';
import { LibsqlDialect } from '../../server/database/libsql-dialect.ts';
import { PgDialect } from '../../server/database/pg-dialect.ts';
import { WorkerLink } from '../../server/database/worker-link.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { onEachDatabase, type TestDatabase } from '../support/databases.ts';
import { silentLogger } from '../support/silent-logger.ts';

const DEVICES = 30_000;
const PAGE = 50;

describe('the registry', () => {
  onEachDatabase((given) => {
    let registry: RecordedRegistry;
    const statements = new Map<string, readonly Statement[]>();
    beforeAll(async () => {
      const filled = await fillRegistry(given().database, 'large', DEVICES, PAGE);
      registry = await recorded(given());
      for (const shape of SHAPES) {
        registry.taken();
        await shape.run(registry, filled);
        statements.set(shape.name, registry.taken());
      }
    }, 180_000);
    afterAll(() => registry.database.close());

    it.each(SHAPES.map(({ name }) => name))('finds its way by indexes: %s', async (name) => {
      const plans = [];
      for (const statement of statements.get(name) ?? [])
        plans.push(await planOf(registry.database, statement));
      expect(plans.flat().length).toBeGreaterThan(0);
      expect(plans.flatMap((plan) => fullScans(name, plan))).toEqual([]);
    });
  });
});

/** PostgreSQL by connections of its own; SQLite has one, which is taken over. */
async function recorded({ database, settings }: TestDatabase): Promise<RecordedRegistry> {
  if (settings.kind === 'postgres') {
    return recordedRegistry(
      'postgres',
      new PgDialect(settings, new OccasionalLog(systemClock, silentLogger)),
    );
  }
  await database.close();
  return recordedRegistry('sqlite', new LibsqlDialect(await WorkerLink.open({ folder: settings.folder })));
}
