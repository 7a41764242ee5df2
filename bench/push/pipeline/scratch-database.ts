/** Databases for one run: a folder for SQLite, or one that the process with the fakes has made in PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSettings } from '../../../server/config/config.ts';

/** Its folder goes with this process. */
export function scratchFolder(): DatabaseSettings {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
  process.once('SIGTERM', () => process.exit(143));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { kind: 'sqlite', folder };
}

export function postgresAt(url: string): DatabaseSettings {
  return { kind: 'postgres', url, ssl: 'disable', ca: undefined, poolSize: 10 };
}
