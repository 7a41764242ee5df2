/** Devices of an audience, read at the least cost: every publish finds each of its devices, and reads it when it sends. */
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import type { Tables } from '../../database/tables.ts';
import type { AudienceDevice, ListedDevice } from '../audience.ts';
import { AUDIENCE_COLUMNS, audienceDeviceOf, LISTED_COLUMNS, listedDeviceOf } from './device-rows.ts';

type Query<Row> = SelectQueryBuilder<Tables, 'devices', Row>;
type AudienceRow = Pick<DeviceRow, (typeof AUDIENCE_COLUMNS)[number]>;
type AudienceCells = [
  DeviceRow['id'],
  DeviceRow['provider'],
  DeviceRow['platform'],
  DeviceRow['token'],
  DeviceRow['user_id'],
  DeviceRow['door'],
];
type ListedRow = Pick<DeviceRow, (typeof LISTED_COLUMNS)[number]>;

type ListedCells = [DeviceRow['id'], DeviceRow['provider'], DeviceRow['user_id']];

/** What a query of `AUDIENCE_COLUMNS` finds, in its order. */
export async function readAudience(database: Database, query: Query<AudienceRow>): Promise<AudienceDevice[]> {
  const rows = await cellsOf<AudienceCells>(database, query, AUDIENCE_COLUMNS);
  return rows.map(([id, provider, platform, token, user_id, door]) =>
    audienceDeviceOf({ id, provider, platform, token, user_id, door }),
  );
}

/** What a query of `LISTED_COLUMNS` finds, in its order. */
export async function readListed(database: Database, query: Query<ListedRow>): Promise<ListedDevice[]> {
  const rows = await cellsOf<ListedCells>(database, query, LISTED_COLUMNS);
  return rows.map(([id, provider, user_id]) => listedDeviceOf({ id, provider, user_id }));
}

/** Rows come as one text, which takes half the time of as many rows of cells. */
async function cellsOf<Cells>(
  { db, dialect }: Database,
  query: Query<unknown>,
  names: readonly string[],
): Promise<Cells[]> {
  const columns = sql.join(names.map((name) => sql.ref(name)));
  const list =
    dialect === 'postgres'
      ? sql`json_agg(json_build_array(${columns}))::text`
      : sql`json_group_array(json_array(${columns}))`;
  const { rows } = await sql<{
    list: string | null;
  }>`select ${list} as list from (${query}) as found`.execute(db);
  return JSON.parse(rows[0]?.list ?? '[]');
}
