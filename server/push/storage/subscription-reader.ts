/** Reads what devices listen to. */
import { type Kysely, sql } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import { isNoneOf, isOneOf } from '../../database/lists.ts';
import type { Tables } from '../../database/tables.ts';
import type { Page, PageQuery } from '../device-store.ts';
import type { SharedNames } from './shared-names.ts';

export class SubscriptionReader {
  readonly #dialect: DialectName;
  readonly #shared: SharedNames;

  constructor(dialect: DialectName, shared: SharedNames) {
    this.#dialect = dialect;
    this.#shared = shared;
  }

  /** A device's own interests, in the order of their bytes. */
  async interests(db: Kysely<Tables>, id: string, { after, limit }: PageQuery): Promise<Page<string>> {
    const rows = await ownInterests(db, id)
      .select('name')
      .where('name', '>', after ?? '')
      .orderBy('name')
      .limit(limit + 1)
      .execute();
    return { items: rows.slice(0, limit).map(({ name }) => name), hasMore: rows.length > limit };
  }

  /** How many interests a device has that are not among `names`. */
  async countBeside(db: Kysely<Tables>, id: string, names: readonly string[]): Promise<number> {
    const { count } = await ownInterests(db, id)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where(isNoneOf(this.#dialect, sql.ref('name'), names))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Channels by device, of any origin, in the order of their bytes; shared names stand among the interests. */
  async channels(db: Kysely<Tables>, appId: string, ids: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await db
      .selectFrom('subscriptions')
      .select(['device_id', 'space', 'name'])
      .where(isOneOf(this.#dialect, sql.ref('device_id'), ids))
      .$if(!this.#shared.any(appId), (query) => query.where('space', '=', 'channel'))
      .orderBy('device_id')
      .orderBy('name')
      .execute();
    const channels = new Map<string, string[]>();
    for (const { device_id, space, name } of rows) {
      if (space === 'interest' && !this.#shared.has(appId, name)) continue;
      const names = channels.get(device_id) ?? [];
      channels.set(device_id, names);
      // A name of two origins stands there twice, one after the other.
      if (names.at(-1) !== name) names.push(name);
    }
    return channels;
  }
}

function ownInterests(db: Kysely<Tables>, id: string) {
  return db
    .selectFrom('subscriptions')
    .where('device_id', '=', id)
    .where('space', '=', 'interest')
    .where('origin', '=', 'device');
}
