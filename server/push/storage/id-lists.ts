/** Ordered lists of device ids that indexes hold: who listens to a name, who is of a kind. Read without the devices. */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Platform, ProviderName } from '../device.ts';
import type { GroupName } from '../device-store.ts';
import { firstMerged } from './merged-ids.ts';

/** Lists of one statement: SQLite takes at most 500 selects in one. */
const LISTS_AT_ONCE = 100;

export interface DeviceKind {
  readonly provider: ProviderName;
  readonly platform: Platform;
}

/** The database, or a transaction in it. */
type Source = Pick<Database, 'db' | 'dialect'>;

/** The first `limit` ids after `after` of devices that listen to any of the names, each once. */
export function listenerIds(
  source: Source,
  appId: string,
  names: readonly GroupName[],
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  return firstMerged(names, after ?? '', limit, (lists, from, share) =>
    heads(
      source,
      lists,
      ({ space, name }) => sql`
      select device_id as id from subscriptions
      where app_id = ${appId} and space = ${space} and name = ${name} and device_id > ${from}
      order by device_id limit ${share}`,
    ),
  );
}

/** The first `limit` ids after `after` of devices of any of the kinds. */
export function idsOfKinds(
  source: Source,
  appId: string,
  kinds: readonly DeviceKind[],
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  return firstMerged(kinds, after ?? '', limit, (lists, from, share) =>
    heads(
      source,
      lists,
      ({ provider, platform }) => sql`
      select id from devices
      where app_id = ${appId} and provider = ${provider} and platform = ${platform} and id > ${from}
      order by id limit ${share}`,
    ),
  );
}

/** Each list comes as one text: thousands of rows of one cell take several times as long. */
async function heads<List>(
  { db, dialect }: Source,
  lists: readonly List[],
  select: (list: List) => RawBuilder<unknown>,
): Promise<string[][]> {
  const all = dialect === 'postgres' ? sql`coalesce(json_agg(id)::text, '[]')` : sql`json_group_array(id)`;
  const found: string[][] = lists.map(() => []);
  for (let from = 0; from < lists.length; from += LISTS_AT_ONCE) {
    const selects = lists
      .slice(from, from + LISTS_AT_ONCE)
      .map((list, at) => sql`select ${sql.lit(at)} as list, ${all} as ids from (${select(list)}) as head`);
    const { rows } = await sql<{ list: number; ids: string }>`${sql.join(selects, sql` union all `)}`.execute(
      db,
    );
    for (const { list, ids } of rows) found[from + list] = JSON.parse(ids);
  }
  // Nobody promises the order in which they are collected.
  for (const ids of found) ids.sort();
  return found;
}
