/** Who listens to names: ids in order, page by page, from the index of names alone. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../../database/tables.ts';
import type { GroupName } from '../device-store.ts';

/** Names of one statement: SQLite takes at most 500 selects in one. */
const NAMES_AT_ONCE = 100;

/**
 * The first `limit` ids after `after` of devices that listen to any of the names, each once.
 *
 * Each name contributes its own first ids and no more, so that a page costs names × limit index entries at most, however
 * many devices listen.
 */
export async function listenersPage(
  db: Kysely<Tables>,
  appId: string,
  names: readonly GroupName[],
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const found = new Set<string>();
  for (let at = 0; at < names.length; at += NAMES_AT_ONCE) {
    const arms = names.slice(at, at + NAMES_AT_ONCE).map((name) => firstListeners(appId, name, after, limit));
    const { rows } = await sql<{ device_id: string }>`
      select device_id from (${sql.join(arms, sql` union `)}) as listeners
      order by device_id limit ${limit}`.execute(db);
    for (const { device_id } of rows) found.add(device_id);
  }
  // Ids are ASCII, whose order in JavaScript is that of their bytes.
  return [...found].sort().slice(0, limit);
}

function firstListeners(
  appId: string,
  { space, name }: GroupName,
  after: string | undefined,
  limit: number,
): RawBuilder<unknown> {
  return sql`select * from (
    select device_id from subscriptions
    where app_id = ${appId} and space = ${space} and name = ${name} and device_id > ${after ?? ''}
    order by device_id limit ${limit}) as one_name`;
}
