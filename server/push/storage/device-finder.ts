/** Finds devices by what is asked of them, page by page in the order of ids. */
import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import { isOneOf, withoutIndex } from '../../database/lists.ts';
import { toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { NameSpace, Platform, ProviderName } from '../device.ts';
import type { DeviceFilter, GroupName, Page, PageQuery } from '../device-store.ts';
import { type DeviceKind, idsOfKinds, listenerIds } from './id-lists.ts';
import type { SharedNames } from './shared-names.ts';
import { tokenHash } from './token-hash.ts';

const PROVIDERS: readonly ProviderName[] = ['fcm', 'apns', 'hms', 'webpush'];

const PLATFORMS: readonly Platform[] = ['ios', 'android', 'web', 'macos'];
const SPACES: readonly NameSpace[] = ['interest', 'channel'];

/** Ids after a key, in their order; fewer than asked for only if there are no more. */
type Candidates = (after: string | undefined, limit: number) => Promise<string[]>;

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
    // One more than asked for tells whether there are more.
    const candidates = this.#candidates(db, appId, filter);
    const found =
      candidates === undefined
        ? await this.#rows(db, appId, filter, after, limit + 1, options)
        : await this.#among(candidates, after, limit + 1, (ids) =>
            this.#rows(db, appId, { ...filter, ids, channels: undefined }, undefined, limit + 1, options),
          );
    return { items: found.slice(0, limit), hasMore: found.length > limit };
  }

  /** Looks at all devices that fit. */
  async count(db: Kysely<Tables>, appId: string, filter: DeviceFilter): Promise<number> {
    const { count } = await db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('app_id', '=', appId)
      .where((where) => this.#fits(where, appId, filter))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /**
   * Ids among which the devices are, where an index has them in order and the devices' own conditions would not lead to
   * them; undefined: the conditions do.
   */
  #candidates(db: Kysely<Tables>, appId: string, filter: DeviceFilter): Candidates | undefined {
    const { channels, providers, platforms } = filter;
    if (isNarrow(filter)) return undefined;
    if (channels !== undefined) {
      const names = this.#places(appId, channels);
      return (after, limit) => listenerIds(db, appId, names, after, limit);
    }
    if (providers === undefined && platforms === undefined) return undefined;
    const kinds = kindsOf(providers ?? PROVIDERS, platforms ?? PLATFORMS);
    return (after, limit) => idsOfKinds(db, appId, kinds, after, limit);
  }

  /** Candidates are looked at a page at a time, because few of them may fit. */
  async #among(
    candidates: Candidates,
    after: string | undefined,
    limit: number,
    load: (ids: readonly string[]) => Promise<DeviceRow[]>,
  ): Promise<DeviceRow[]> {
    const found: DeviceRow[] = [];
    let from = after;
    while (found.length < limit) {
      const ids = await candidates(from, limit);
      if (ids.length > 0) found.push(...(await load(ids)));
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
    const id = isNarrow(filter) ? withoutIndex(this.#dialect, 'id') : sql.ref<string>('id');
    const query = db
      .selectFrom('devices')
      .selectAll()
      .where('app_id', '=', appId)
      .where(id, '>', after ?? '')
      .where((where) => this.#fits(where, appId, filter))
      .orderBy(id)
      .limit(limit);
    return (lock ? toChange(this.#dialect, query) : query).execute();
  }

  #fits(
    where: ExpressionBuilder<Tables, 'devices'>,
    appId: string,
    filter: DeviceFilter,
  ): Expression<SqlBool> {
    const { ids, users, providers, platforms, tokens, providerTokens, channels } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (ids !== undefined) conditions.push(this.#oneOf('id', ids));
    if (users !== undefined) conditions.push(this.#oneOf('user_id', users));
    if (providers !== undefined) conditions.push(this.#oneOf('provider', providers));
    if (platforms !== undefined) conditions.push(this.#oneOf('platform', platforms));
    if (tokens !== undefined) {
      conditions.push(
        this.#hasToken(
          where,
          PROVIDERS.map((provider) => ({ provider, tokens })),
        ),
      );
    }
    if (providerTokens !== undefined) conditions.push(this.#hasToken(where, providerTokens));
    if (channels !== undefined) conditions.push(this.#listensTo(where, this.#places(appId, channels)));
    return where.and(conditions);
  }

  /** The first two conditions are what the index of tokens is found by, the others tell the providers apart. */
  #hasToken(
    where: ExpressionBuilder<Tables, 'devices'>,
    providerTokens: NonNullable<DeviceFilter['providerTokens']>,
  ): Expression<SqlBool> {
    const hashed = providerTokens.map(({ provider, tokens }) => ({
      provider,
      hashes: tokens.map((token) => tokenHash(provider, token)),
    }));
    const providers = hashed.map(({ provider }) => provider);
    const hashes = hashed.flatMap((group) => group.hashes);
    return where.and([
      this.#oneOf('provider', [...new Set(providers)]),
      this.#oneOf('token_hash', [...new Set(hashes)]),
      where.or(
        hashed.map((group) =>
          where.and([where('provider', '=', group.provider), this.#oneOf('token_hash', group.hashes)]),
        ),
      ),
    ]);
  }

  /** By the device's own rows, which suits a few devices. */
  #listensTo(where: ExpressionBuilder<Tables, 'devices'>, places: readonly GroupName[]): Expression<SqlBool> {
    const namesIn = (space: NameSpace) =>
      places.filter((place) => place.space === space).map(({ name }) => name);
    return where.exists(
      where
        .selectFrom('subscriptions')
        .select('device_id')
        .whereRef('device_id', '=', 'devices.id')
        .where((row) =>
          row.or(
            SPACES.map((space) =>
              row.and([
                row('space', '=', space),
                isOneOf(this.#dialect, sql.ref('subscriptions.name'), namesIn(space)),
              ]),
            ),
          ),
        ),
    );
  }

  #places(appId: string, channels: readonly string[]): GroupName[] {
    return [...new Set(channels)].flatMap((name) => this.#shared.placesOf(appId, 'channel', name));
  }

  #oneOf(column: 'id' | 'user_id' | 'provider' | 'platform' | 'token_hash', texts: readonly string[]) {
    return isOneOf(this.#dialect, sql.ref(column), texts);
  }
}

/** Whether its conditions lead to a few devices by an index of their own. */
function isNarrow({ ids, users, tokens, providerTokens }: DeviceFilter): boolean {
  return (ids ?? users ?? tokens ?? providerTokens) !== undefined;
}

function kindsOf(providers: readonly ProviderName[], platforms: readonly Platform[]): DeviceKind[] {
  return [...new Set(providers)].flatMap((provider) =>
    [...new Set(platforms)].map((platform) => ({ provider, platform })),
  );
}
