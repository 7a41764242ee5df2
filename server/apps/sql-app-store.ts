/** Apps in PostgreSQL or SQLite. See the port. Secrets are stored as they are: whoever reads the tables has them. */
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { AppTables } from '../database/app-tables.ts';
import type { Database, DialectName } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { Clock } from '../lib/clock.ts';
import { AppRefusal } from './app-refusal.ts';
import type { AppEdit, AppStore } from './app-store.ts';
import { shownName } from './door-names.ts';
import { takenDoorName } from './sql-door-names.ts';
import type { AppDraft, StoredApp, StoredCredential } from './stored-app.ts';

/** PostgreSQL's channel on which nodes tell each other to look. */
export const APPS_CHANGED = 'carillon_apps';

/** Ids in one statement. */
const IDS = 500;

/** A key pair beside its app; nulls for an app without any. */
interface Row extends Selectable<AppTables['apps']> {
  readonly key: string | null;
  readonly secret: string | null;
  readonly retires_at: number | null;
}

export class SqlAppStore implements AppStore {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async revision(): Promise<number> {
    const row = await this.#database.db.selectFrom('app_revision').select('revision').executeTakeFirst();
    return row?.revision ?? 0;
  }

  async versions(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.db.selectFrom('apps').select(['id', 'version']).execute();
    return new Map(rows.map(({ id, version }) => [id, version]));
  }

  async load(ids: readonly string[]): Promise<readonly StoredApp[]> {
    const apps: StoredApp[] = [];
    for (let at = 0; at < ids.length; at += IDS) {
      apps.push(...(await appsOf(this.#database.db, ids.slice(at, at + IDS))));
    }
    return apps;
  }

  async page(after: string, limit: number): Promise<readonly StoredApp[]> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('apps')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return this.load(rows.map(({ id }) => id));
  }

  change(id: string, edit: AppEdit): Promise<StoredApp | undefined> {
    return this.#database.transaction(async (trx) => {
      const version = await nextRevision(trx);
      await trx.deleteFrom('app_credentials').where('retires_at', '<=', this.#clock.now()).execute();
      const [current] = await appsOf(trx, [id]);
      const draft = edit(current);
      if (draft === undefined) await trx.deleteFrom('apps').where('id', '=', id).execute();
      else await write(trx, this.#database.dialect, draft, version);
      if (this.#database.dialect === 'postgres') {
        await sql`select pg_notify(${sql.lit(APPS_CHANGED)}, '')`.execute(trx);
      }
      return draft === undefined ? undefined : { ...draft, version };
    });
  }
}

/** Takes the row that all changes take: from here on there is no other. */
async function nextRevision(trx: Transaction<Tables>): Promise<number> {
  const { revision } = await trx
    .insertInto('app_revision')
    .values({ id: 1, revision: 1 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ revision: sql`app_revision.revision + 1` }))
    .returning('revision')
    .executeTakeFirstOrThrow();
  return revision;
}

async function write(
  trx: Transaction<Tables>,
  dialect: DialectName,
  draft: AppDraft,
  version: number,
): Promise<void> {
  const { id, credentials } = draft;
  const keys = credentials.map(({ key }) => key);
  const taken = await trx
    .selectFrom('app_credentials')
    .select('key')
    .where('key', 'in', keys)
    .where('app_id', '!=', id)
    .executeTakeFirst();
  if (taken !== undefined) throw new AppRefusal('taken', `the key ${taken.key} belongs to another app`);
  const doorName = await takenDoorName(trx, dialect, id, draft.settings['push']);
  if (doorName !== undefined)
    throw new AppRefusal('taken', `the ${shownName(doorName)} belongs to another app`);
  const row = {
    enabled: draft.enabled ? 1 : 0,
    settings: JSON.stringify(draft.settings),
    version,
    created_at: draft.createdAt,
    updated_at: draft.updatedAt,
  };
  await trx
    .insertInto('apps')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  await trx.deleteFrom('app_credentials').where('app_id', '=', id).execute();
  const pairs = credentials.map(({ key, secret, retiresAt }, position) => ({
    key,
    app_id: id,
    secret,
    position,
    retires_at: retiresAt ?? null,
  }));
  await trx.insertInto('app_credentials').values(pairs).execute();
}

/** In one statement, so that an app and its pairs are of one moment; in the order of ids. */
async function appsOf(db: Kysely<Tables>, ids: readonly string[]): Promise<StoredApp[]> {
  if (ids.length === 0) return [];
  const rows: Row[] = await db
    .selectFrom('apps')
    .leftJoin('app_credentials', 'app_credentials.app_id', 'apps.id')
    .selectAll('apps')
    .select(['app_credentials.key', 'app_credentials.secret', 'app_credentials.retires_at'])
    .where('apps.id', 'in', ids)
    .orderBy('apps.id')
    .orderBy('app_credentials.position')
    .execute();
  const apps = new Map<
    string,
    Omit<StoredApp, 'credentials'> & { readonly credentials: StoredCredential[] }
  >();
  for (const row of rows) {
    const app = apps.get(row.id) ?? { ...appOf(row), credentials: [] };
    apps.set(row.id, app);
    if (row.key === null || row.secret === null) continue;
    app.credentials.push({ key: row.key, secret: row.secret, retiresAt: row.retires_at ?? undefined });
  }
  return [...apps.values()];
}

function appOf(row: Row): Omit<StoredApp, 'credentials'> {
  return {
    id: row.id,
    enabled: row.enabled !== 0,
    settings: settingsOf(row.settings),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What is no JSON object, which only another hand can have written, is kept where the check of the app finds it. */
function settingsOf(json: string): StoredApp['settings'] {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Told below.
  }
  return { 'settings, which should be a JSON object,': json };
}
