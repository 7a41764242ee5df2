/** Devices of an audience, read at the least cost: every publish reads each of its devices twice. */
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import type { Tables } from '../../database/tables.ts';
import type { AudienceDevice } from '../audience.ts';
import { AUDIENCE_COLUMNS, audienceDeviceOf } from './device-rows.ts';

type AudienceRow = Pick<DeviceRow, (typeof AUDIENCE_COLUMNS)[number]>;
type Cells = [
  DeviceRow['id'],
  DeviceRow['provider'],
  DeviceRow['platform'],
  DeviceRow['token'],
  DeviceRow['user_id'],
  DeviceRow['door'],
];

/**
 * What a query of `AUDIENCE_COLUMNS` finds, in its order. From SQLite's thread it comes as one text, which takes half
 * the time of as many rows of cells.
 */
export async function readAudience(
  { dialect, db }: Database,
  query: SelectQueryBuilder<Tables, 'devices', AudienceRow>,
): Promise<AudienceDevice[]> {
  if (dialect === 'postgres') return (await query.execute()).map(audienceDeviceOf);
  const columns = sql.join(AUDIENCE_COLUMNS.map((column) => sql.ref(column)));
  const { rows } = await sql<{ list: string }>`
    select json_group_array(json_array(${columns})) as list from (${query})`.execute(db);
  const list: Cells[] = JSON.parse(rows[0]?.list ?? '[]');
  return list.map(([id, provider, platform, token, user_id, door]) =>
    audienceDeviceOf({ id, provider, platform, token, user_id, door }),
  );
}
