/** Finds devices by what is asked of them, page by page in the order of ids. */
import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import { isOneOf } from '../../database/lists.ts';
import { toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { ProviderName } from '../device.ts';
import type { DeviceFilter, Page, PageQuery } from '../device-store.ts';
import { listenersPage } from './listeners.ts';
import type { SharedNames } from './shared-names.ts';
import { tokenHash } from './token-hash.ts';

const PROVIDERS: readonly ProviderName[] = ['fcm', 'apns', 'hms', 'webpush'];

const COUNTED_AT_A_TIME = 1000;

export interface FindOptions {
  /** The rows are the transaction's to change. */
  readonly lock: boolean;
}

export class DeviceFinder {
  readonly #dialect: DialectName;
  readonly #shared: SharedNames;

  constructor(dialect: DialectName, shared: SharedNames) {
    this.#dialect = dialect;
    this.#shared = shared;
  }

  async page(
    db: Kysely<Tables>,
    appId: string,
    filter: DeviceFilter,
    { after, limit }: PageQuery,
    options: FindOptions = { lock: false },
  ): Promise<Page<DeviceRow>> {
    const { channels } = filter;
    // One more than asked for tells whether there are more.
    const found =
      channels === undefined
        ? await this.#rows(db, appId, filter, after, limit + 1, options)
        : await this.#listening(db, appId, filter, channels, after, limit + 1, options);
    return { items: found.slice(0, limit), hasMore: found.length > limit };
  }

  async count(db: Kysely<Tables>, appId: string, filter: DeviceFilter): Promise<number> {
    if (filter.channels !== undefined) return this.#countListening(db, appId, filter);
    const { count } = await db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where((where) => this.#fits(where, filter))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async #countListening(db: Kysely<Tables>, appId: string, filter: DeviceFilter): Promise<number> {
    let count = 0;
    for (let after: string | undefined; ; ) {
      const { items, hasMore } = await this.page(db, appId, filter, { after, limit: COUNTED_AT_A_TIME });
      count += items.length;
      after = items.at(-1)?.id;
      if (!hasMore) return count;
    }
  }

  /** Listeners come from the index of names; what else is asked of them is looked at a page at a time. */
  async #listening(
    db: Kysely<Tables>,
    appId: string,
    filter: DeviceFilter,
    channels: readonly string[],
    after: string | undefined,
    limit: number,
    options: FindOptions,
  ): Promise<DeviceRow[]> {
    const places = [...new Set(channels)].flatMap((name) => this.#shared.placesOf(appId, 'channel', name));
    const found: DeviceRow[] = [];
    let from = after;
    while (found.length < limit) {
      const ids = await listenersPage(db, appId, places, from, limit);
      const wanted = filter.ids === undefined ? ids : ids.filter((id) => filter.ids?.includes(id));
      found.push(...(await this.#rows(db, appId, { ...filter, ids: wanted }, undefined, limit, options)));
      if (ids.length < limit) break;
      from = ids.at(-1);
    }
    return found.slice(0, limit);
  }

  async #rows(
    db: Kysely<Tables>,
    appId: string,
    filter: DeviceFilter,
    after: string | undefined,
    limit: number,
    { lock }: FindOptions,
  ): Promise<DeviceRow[]> {
    const query = db
      .selectFrom('devices')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '>', after ?? '')
      .where((where) => this.#fits(where, filter))
      .orderBy('id')
      .limit(limit);
    return (lock ? toChange(this.#dialect, query) : query).execute();
  }

  #fits(where: ExpressionBuilder<Tables, 'devices'>, filter: DeviceFilter): Expression<SqlBool> {
    const { ids, users, providers, platforms, tokens, providerTokens } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (ids !== undefined) conditions.push(this.#oneOf('id', ids));
    if (users !== undefined) conditions.push(this.#oneOf('user_id', users));
    if (providers !== undefined) conditions.push(this.#oneOf('provider', providers));
    if (platforms !== undefined) conditions.push(this.#oneOf('platform', platforms));
    if (tokens !== undefined) {
      conditions.push(where.or(PROVIDERS.map((provider) => this.#hasToken(where, provider, tokens))));
    }
    if (providerTokens !== undefined) {
      conditions.push(
        where.or(providerTokens.map(({ provider, tokens: of }) => this.#hasToken(where, provider, of))),
      );
    }
    return where.and(conditions);
  }

  #hasToken(
    where: ExpressionBuilder<Tables, 'devices'>,
    provider: ProviderName,
    tokens: readonly string[],
  ): Expression<SqlBool> {
    const hashes = tokens.map((token) => tokenHash(provider, token));
    return where.and([where('provider', '=', provider), this.#oneOf('token_hash', hashes)]);
  }

  #oneOf(column: 'id' | 'user_id' | 'provider' | 'platform' | 'token_hash', texts: readonly string[]) {
    return isOneOf(this.#dialect, sql.ref(column), texts);
  }
}
