/** Fills a registry with devices as they come: most of one provider, half of them with a user, all with some names. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../server/database/database.ts';
import type { DeviceRow, SubscriptionRow, UserBindingRow } from '../../server/database/device-tables.ts';
import { tokenHash } from '../../server/push/storage/token-hash.ts';

/** Devices of one statement. */
const BATCH = 2000;
const CREATED_AT = 1_700_000_000_000;

/** What there is to ask for, about one device in the middle. */
export interface Filled {
  readonly appId: string;
  readonly devices: number;
  /** Devices of a page of an audience. */
  readonly page: number;
  readonly sample: { readonly id: string; readonly token: string; readonly user: string };
}

/**
 * Each device listens to `everyone` and to two rarer interests; a tenth also to a channel. Every user has two devices
 * and one binding.
 */
export async function fillRegistry(
  database: Database,
  appId: string,
  devices: number,
  page: number,
): Promise<Filled> {
  let sample: Filled['sample'] | undefined;
  for (let from = 0; from < devices; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, devices - from) }, (_, n) => from + n);
    const rows = numbers.map((n) => deviceRow(appId, n));
    const names = rows.flatMap((row, at) => subscriptionsOf(row, from + at));
    await database.transaction(async (trx) => {
      for (const [table, content] of [
        ['devices', rows],
        ['subscriptions', names],
        ['user_bindings', numbers.filter((n) => n % 4 === 1).map((n) => bindingOf(appId, n))],
      ] as const) {
        await insertAll(database, table, content).execute(trx);
      }
    });
    const row = rows.find(({ user_id }) => user_id !== null);
    if (row !== undefined && from <= devices / 2)
      sample = { id: row.id, token: row.token, user: row.user_id ?? '' };
  }
  // PostgreSQL does this by itself, sooner or later; SQLite never does.
  if (database.dialect === 'postgres') await sql`vacuum analyze`.execute(database.db);
  if (sample === undefined) throw new Error('a registry without users shows nothing');
  return { appId, devices, page, sample };
}

function deviceRow(appId: string, n: number): DeviceRow {
  const provider = n % 10 === 0 ? 'apns' : 'fcm';
  const token = `${provider}-token-${n}-${'x'.repeat(130)}`;
  return {
    id: `${provider}-${randomUUID()}`,
    app_id: appId,
    provider,
    platform: n % 10 === 0 ? 'ios' : 'android',
    token,
    token_hash: tokenHash(provider, token),
    user_id: n % 2 === 0 ? null : `user-${Math.floor(n / 4)}`,
    door: 'centrifugo',
    meta: '{}',
    tags: '{}',
    details: '{}',
    created_at: CREATED_AT + n,
    updated_at: CREATED_AT + n,
  };
}

function subscriptionsOf({ id, app_id }: DeviceRow, n: number): SubscriptionRow[] {
  const interests = ['everyone', `topic-${n % 100}`, `rare-${n % 50_000}`];
  const rows = interests.map(
    (name): SubscriptionRow => ({
      device_id: id,
      app_id,
      space: 'interest',
      name,
      origin: 'device',
    }),
  );
  if (n % 10 !== 0) return rows;
  return [
    ...rows,
    { device_id: id, app_id, space: 'channel', name: `channel-${n % 1000}`, origin: 'binding' },
  ];
}

function bindingOf(appId: string, n: number): Omit<UserBindingRow, 'id'> {
  return { app_id: appId, user_id: `user-${Math.floor(n / 4)}`, channel: `channel-${n % 1000}` };
}

/** One statement with all rows in one value. */
function insertAll({ dialect }: Database, table: string, rows: readonly object[]) {
  const columns = Object.keys(rows[0] ?? {});
  const json = JSON.stringify(rows);
  const into = sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})`;
  if (dialect === 'postgres') {
    const list = sql.join(columns.map((column) => sql.ref(column)));
    return sql`${into} select ${list} from jsonb_populate_recordset(null::${sql.table(table)}, ${json}::jsonb)`;
  }
  const list = sql.join(columns.map((column) => sql`value ->> ${sql.lit(column)}`));
  return sql`${into} select ${list} from json_each(${json})`;
}
