/** How a database gets its tables: once, by whichever node comes first, and never backwards. */
import { rmSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseSettings } from '../../server/config/config.ts';
import type { Database } from '../../server/database/database.ts';
import { QueryFailed } from '../../server/database/database-error.ts';
import { migrate } from '../../server/database/migrate.ts';
import type { Migration } from '../../server/database/migration.ts';
import { allMigrations } from '../../server/database/migrations/all-migrations.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { onEachDatabase, openTestDatabase, postgresSettings, temporaryFolder } from '../support/databases.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { silentLogger } from '../support/silent-logger.ts';

const applied = async ({ db }: Database): Promise<number[]> => {
  const rows = await db.selectFrom('carillon_migrations').select('number').orderBy('number').execute();
  return rows.map(({ number }) => number);
};
const numbers = allMigrations.map(({ number }) => number);

it('migrations are numbered in their order, each once', () => {
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

describe('migrations', () => {
  onEachDatabase((given) => {
    const step = (number: number, up: Migration['up']): Migration => ({ number, name: `step ${number}`, up });
    const run = (migrations: readonly Migration[]) =>
      migrate(given().database, migrations, systemClock, silentLogger);

    it('are all there after opening, and nothing happens the second time', async () => {
      expect(await applied(given().database)).toEqual(numbers);
      await run(allMigrations);
      expect(await applied(given().database)).toEqual(numbers);
    });

    it('that fail leave nothing behind', async () => {
      const steps = [
        ...allMigrations,
        step(9001, async (schema) => {
          await schema.createTable('half_done').addColumn('id', 'text').execute();
        }),
        step(9002, async () => {
          throw new Error('no');
        }),
      ];
      await expect(run(steps)).rejects.toThrow('no');
      expect(await applied(given().database)).toEqual(numbers);
      await expect(sql`select id from half_done`.execute(given().database.db)).rejects.toBeInstanceOf(
        QueryFailed,
      );
    });

    it('fill in a number that was missing', async () => {
      const taken: number[] = [];
      const noting = (number: number) =>
        step(number, async () => {
          taken.push(number);
        });
      await run([...allMigrations, noting(9012)]);
      await run([...allMigrations, noting(9011), noting(9012)]);
      expect(taken).toEqual([9012, 9011]);
      await given().database.db.deleteFrom('carillon_migrations').where('number', '>', 9000).execute();
    });

    it('of a newer version stop an older one, which says so', async () => {
      await given()
        .database.db.insertInto('carillon_migrations')
        .values({ number: 9999, name: 'of tomorrow', applied_at: 0 })
        .execute();
      await expect(run(allMigrations)).rejects.toThrow(
        'the database belongs to a newer version of Carillon (it has schema step 9999, this version knows ' +
          `${numbers.at(-1)}); start that version, or use another database`,
      );
    });
  });
});

describe('several nodes that start at once', () => {
  let server: TestPostgres;
  let settings: DatabaseSettings;
  beforeAll(async () => {
    server = await startPostgres();
    settings = postgresSettings(await server.createDatabase());
  });
  afterAll(() => server.stop());

  it('set an empty database up once', async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => openTestDatabase(settings)));
    for (const node of nodes) expect(await applied(node)).toEqual(numbers);
    await Promise.all(nodes.map((node) => node.close()));
  });
});

it('a folder that cannot be migrated is closed again', async () => {
  const folder = temporaryFolder();
  const database = await openTestDatabase({ kind: 'sqlite', folder });
  await database.db
    .insertInto('carillon_migrations')
    .values({ number: 9999, name: 'of tomorrow', applied_at: 0 })
    .execute();
  await database.close();
  for (let time = 0; time < 2; time += 1) {
    await expect(openTestDatabase({ kind: 'sqlite', folder })).rejects.toThrow('newer version');
  }
  rmSync(folder, { recursive: true });
});
