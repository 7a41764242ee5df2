/** Settings of the database, checked against each other and completed. */
import type { DatabaseSettings } from './config.ts';
import type { Problem } from './config-error.ts';
import type { SSL_MODES } from './database-url.ts';
import { type ReadFile, unreadable } from './file.ts';
import type { Spell } from './rules.ts';
import type { NodeSettings } from './schema.ts';

type Settings = NodeSettings['database'];

type SslMode = (typeof SSL_MODES)[number];

/** Options of PostgreSQL's own clients need the address; the file has to be readable. */
export function databaseProblems(settings: Settings, spell: Spell, readFile: ReadFile): Problem[] {
  const { url, sslMode, caFile } = settings;
  if (url === undefined) {
    const given = caFile === undefined ? sslMode && 'database.sslMode' : 'database.caFile';
    return given === undefined ? [] : [{ key: spell(given), message: `goes with ${spell('database.url')}` }];
  }
  if (caFile === undefined) return [];
  if (sslModeOf(settings, url) !== 'verify-full') {
    const message = `is of use only if ${spell('database.sslMode')} is verify-full`;
    return [{ key: spell('database.caFile'), message }];
  }
  try {
    readFile(caFile);
    return [];
  } catch (error) {
    return [{ key: spell('database.caFile'), message: `names ${caFile}, which ${unreadable(error)}` }];
  }
}

/** An address wins over a folder, which other parts may use all the same. */
export function databaseFrom(
  settings: Settings,
  dataDir: string | undefined,
  readFile: ReadFile,
): DatabaseSettings | undefined {
  const { url, caFile, poolSize } = settings;
  if (url === undefined) return dataDir === undefined ? undefined : { kind: 'sqlite', folder: dataDir };
  const plain = new URL(url);
  for (const name of [...plain.searchParams.keys()]) {
    if (name.startsWith('ssl')) plain.searchParams.delete(name);
  }
  const ca = caFile === undefined ? undefined : readFile(caFile);
  return { kind: 'postgres', url: plain.href, ssl: sslModeOf(settings, url), ca, poolSize };
}

/** The modes of PostgreSQL's own clients; those that would fall back to an unencrypted connection start with one. */
const FROM_ADDRESS: Readonly<Record<string, SslMode>> = {
  require: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
};

function sslModeOf({ sslMode }: Settings, url: string): SslMode {
  return sslMode ?? FROM_ADDRESS[new URL(url).searchParams.get('sslmode') ?? ''] ?? 'disable';
}
