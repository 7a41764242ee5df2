/** Runs the same tests over SQLite and PostgreSQL, each real. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { DatabaseSettings, PostgresSettings } from '../../server/config/config.ts';
import type { Database } from '../../server/database/database.ts';
import { openDatabase } from '../../server/database/open-database.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { silentLogger } from './silent-logger.ts';

/** Of a database that is there while the tests of a `describe` run. */
export interface TestDatabase {
  /** One connection, opened for all tests together. */
  readonly database: Database;
  readonly settings: DatabaseSettings;
}

/**
 * Defines the tests twice. One database serves all of them, so each test works in an app of its own.
 * @param define gets a function that returns the database, to be called in hooks and tests
 */
export function onEachDatabase(define: (given: () => TestDatabase) => void): void {
  describe('SQLite', () => define(withDatabase(sqlite)));
  describe('PostgreSQL', () => define(withDatabase(postgres)));
}

interface Place {
  readonly settings: DatabaseSettings;
  remove(): Promise<void>;
}

function withDatabase(make: () => Promise<Place>): () => TestDatabase {
  let place: Place | undefined;
  let given: TestDatabase | undefined;
  beforeAll(async () => {
    place = await make();
    given = { settings: place.settings, database: await openTestDatabase(place.settings) };
  });
  afterAll(async () => {
    await given?.database.close();
    await place?.remove();
  });
  return () => {
    if (given === undefined) throw new Error('the database is there in hooks and tests only');
    return given;
  };
}

export function openTestDatabase(settings: DatabaseSettings): Promise<Database> {
  return openDatabase(settings, systemClock, silentLogger);
}

export function postgresSettings(url: string): PostgresSettings {
  return { kind: 'postgres', url, ssl: 'disable', ca: undefined, poolSize: 10 };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'carillon-data-'));
}

async function sqlite(): Promise<Place> {
  const folder = temporaryFolder();
  const remove = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  return { settings: { kind: 'sqlite', folder }, remove };
}

async function postgres(): Promise<Place> {
  const server: TestPostgres = await startPostgres();
  return { settings: postgresSettings(await server.createDatabase()), remove: () => server.stop() };
}
