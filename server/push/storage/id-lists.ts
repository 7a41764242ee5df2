/** Ordered lists of device ids that indexes hold: who listens to a name, who is of a kind. Read without the devices. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import type { Platform, ProviderName } from '../device.ts';
import type { GroupName } from '../device-store.ts';
import { firstMerged } from './merged-ids.ts';

/** Lists of one statement: SQLite takes at most 500 selects in one. */
const LISTS_AT_ONCE = 100;

export interface DeviceKind {
  readonly provider: ProviderName;
  readonly platform: Platform;
}

/** The first `limit` ids after `after` of devices that listen to any of the names, each once. */
export function listenerIds(
  db: Kysely<Tables>,
  appId: string,
  names: readonly GroupName[],
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  return firstMerged(names, after ?? '', limit, (lists, from, share) =>
    heads(
      db,
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
  db: Kysely<Tables>,
  appId: string,
  kinds: readonly DeviceKind[],
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  return firstMerged(kinds, after ?? '', limit, (lists, from, share) =>
    heads(
      db,
      lists,
      ({ provider, platform }) => sql`
      select id from devices
      where app_id = ${appId} and provider = ${provider} and platform = ${platform} and id > ${from}
      order by id limit ${share}`,
    ),
  );
}

async function heads<List>(
  db: Kysely<Tables>,
  lists: readonly List[],
  select: (list: List) => RawBuilder<unknown>,
): Promise<string[][]> {
  const found: string[][] = lists.map(() => []);
  for (let from = 0; from < lists.length; from += LISTS_AT_ONCE) {
    const selects = lists
      .slice(from, from + LISTS_AT_ONCE)
      .map((list, at) => sql`select ${sql.lit(at)} as list, id from (${select(list)}) as head`);
    const { rows } = await sql<{ list: number; id: string }>`${sql.join(selects, sql` union all `)}`.execute(
      db,
    );
    for (const { list, id } of rows) found[from + list]?.push(id);
  }
  // A union may mix its parts.
  for (const ids of found) ids.sort();
  return found;
}
