/** Standing subscriptions of users, and the rows that the users' devices have by them. */
import { type Expression, type ExpressionBuilder, type SqlBool, sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import { isOneOf, listTable } from '../../database/lists.ts';
import { toReferTo } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { BindingFilter, Page, PageQuery, SetOperation, UserBinding } from '../device-store.ts';
import type { SubscriptionWriter } from './subscription-writer.ts';
import { lockUsers } from './user-locks.ts';

/** Greater than every text that begins with the text before it. */
const LAST_CHARACTER = '\u{10ffff}';

export class UserBindings {
  readonly #database: Database;
  readonly #subscriptions: SubscriptionWriter;

  constructor(database: Database, subscriptions: SubscriptionWriter) {
    this.#database = database;
    this.#subscriptions = subscriptions;
  }

  async change(
    appId: string,
    user: string,
    operation: SetOperation,
    channels: readonly string[],
  ): Promise<void> {
    const { dialect } = this.#database;
    await this.#database.transaction(async (trx) => {
      await lockUsers(trx, dialect, appId, [user]);
      const devices = await this.#devicesOf(trx, appId, user);
      const { gained, lost } = await this.#difference(trx, appId, user, operation, channels);
      if (lost.length > 0) {
        await trx
          .deleteFrom('user_bindings')
          .where('app_id', '=', appId)
          .where('user_id', '=', user)
          .where(this.#oneOf('channel', lost))
          .execute();
        await this.#subscriptions.remove(trx, appId, devices, 'channel', lost, 'binding');
      }
      if (gained.length > 0) {
        await this.#insert(trx, appId, user, gained);
        await this.#subscriptions.add(trx, appId, devices, 'channel', gained, 'binding');
      }
    });
  }

  async list(appId: string, filter: BindingFilter, { after, limit }: PageQuery): Promise<Page<UserBinding>> {
    const from = counterOf(after);
    if (from === undefined) return { items: [], hasMore: false };
    const rows = await this.#database.db
      .selectFrom('user_bindings')
      .select(['id', 'user_id', 'channel'])
      .where('app_id', '=', appId)
      .where('id', '>', from)
      .where((where) => this.#fits(where, filter))
      .orderBy('id')
      .limit(limit + 1)
      .execute();
    const items = rows
      .slice(0, limit)
      .map(({ id, user_id, channel }) => ({ id: String(id), user: user_id, channel }));
    return { items, hasMore: rows.length > limit };
  }

  async count(appId: string, filter: BindingFilter): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('user_bindings')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where((where) => this.#fits(where, filter))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  #fits(
    where: ExpressionBuilder<Tables, 'user_bindings'>,
    { users, channels, channelPrefix }: BindingFilter,
  ): Expression<SqlBool> {
    const conditions: Expression<SqlBool>[] = [];
    if (users !== undefined) conditions.push(this.#oneOf('user_id', users));
    if (channels !== undefined) conditions.push(this.#oneOf('channel', channels));
    if (channelPrefix !== undefined) {
      conditions.push(where('channel', '>=', channelPrefix));
      conditions.push(where('channel', '<', `${channelPrefix}${LAST_CHARACTER}`));
    }
    return where.and(conditions);
  }

  /** The user's devices, which can't be removed meanwhile. */
  async #devicesOf(trx: Transaction<Tables>, appId: string, user: string): Promise<string[]> {
    const query = trx
      .selectFrom('devices')
      .select('id')
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .orderBy('id');
    const rows = await toReferTo(this.#database.dialect, query).execute();
    return rows.map(({ id }) => id);
  }

  async #difference(
    trx: Transaction<Tables>,
    appId: string,
    user: string,
    operation: SetOperation,
    channels: readonly string[],
  ): Promise<{ gained: readonly string[]; lost: readonly string[] }> {
    if (operation === 'add') return { gained: channels, lost: [] };
    if (operation === 'remove') return { gained: [], lost: channels };
    const rows = await trx
      .selectFrom('user_bindings')
      .select('channel')
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .execute();
    const before = new Set(rows.map(({ channel }) => channel));
    const after = new Set(channels);
    return {
      gained: [...after].filter((channel) => !before.has(channel)),
      lost: [...before].filter((channel) => !after.has(channel)),
    };
  }

  async #insert(
    trx: Transaction<Tables>,
    appId: string,
    user: string,
    channels: readonly string[],
  ): Promise<void> {
    const { dialect } = this.#database;
    const text = (value: string) => (dialect === 'postgres' ? sql`${value}::text` : sql`${value}`);
    await sql`insert into user_bindings (app_id, user_id, channel)
      select ${text(appId)}, ${text(user)}, list.value from ${listTable(dialect, channels)}
      where true on conflict do nothing`.execute(trx);
  }

  #oneOf(column: 'user_id' | 'channel', texts: readonly string[]) {
    return isOneOf(this.#database.dialect, sql.ref(column), texts);
  }
}

/** Undefined for a key that is none of ours: nothing comes after it. */
function counterOf(after: string | undefined): number | undefined {
  if (after === undefined) return 0;
  const counter = /^\d{1,16}$/.test(after) ? Number(after) : Number.NaN;
  return Number.isSafeInteger(counter) ? counter : undefined;
}
