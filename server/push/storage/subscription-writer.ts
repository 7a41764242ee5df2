/** Writes what devices listen to, within a transaction that holds the devices' rows. */
import { type SqlBool, sql, type Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import type { SubscriptionRow } from '../../database/device-tables.ts';
import { isNoneOf, isOneOf, listTable } from '../../database/lists.ts';
import type { Tables } from '../../database/tables.ts';
import type { NameSpace } from '../device.ts';
import type { GroupName, SetOperation } from '../device-store.ts';
import type { SharedNames } from './shared-names.ts';

type Origin = SubscriptionRow['origin'];

export class SubscriptionWriter {
  readonly #dialect: DialectName;
  readonly #shared: SharedNames;

  constructor(dialect: DialectName, shared: SharedNames) {
    this.#dialect = dialect;
    this.#shared = shared;
  }

  /** Adds to, removes from or replaces the names that devices listen to by themselves, in one space. */
  async change(
    trx: Transaction<Tables>,
    appId: string,
    deviceIds: readonly string[],
    space: NameSpace,
    operation: SetOperation,
    names: readonly string[],
  ): Promise<void> {
    if (operation === 'remove') return this.remove(trx, appId, deviceIds, space, names, 'device');
    if (operation === 'set') await this.#keepOnly(trx, appId, deviceIds, space, names);
    await this.add(trx, appId, deviceIds, space, names, 'device');
  }

  /** Names that are there already stay as they are. */
  async add(
    trx: Transaction<Tables>,
    appId: string,
    deviceIds: readonly string[],
    space: NameSpace,
    names: readonly string[],
    origin: Origin,
  ): Promise<void> {
    const places = names.map((name) => this.#shared.placeOf(appId, space, name));
    for (const [into, group] of bySpace(places)) {
      await sql`insert into subscriptions (device_id, app_id, space, name, origin)
        select ids.value, ${this.#text(appId)}, ${this.#text(into)}, names.value, ${this.#text(origin)}
        from ${listTable(this.#dialect, deviceIds, 'ids')} cross join ${listTable(this.#dialect, group, 'names')}
        where true on conflict do nothing`.execute(trx);
    }
  }

  async remove(
    trx: Transaction<Tables>,
    appId: string,
    deviceIds: readonly string[],
    space: NameSpace,
    names: readonly string[],
    origin: Origin,
  ): Promise<void> {
    const places = names.flatMap((name) => this.#shared.placesOf(appId, space, name));
    for (const [from, group] of bySpace(places)) {
      await this.#delete(trx, deviceIds, from, origin, this.#nameIn(group));
    }
  }

  /** Removes everything that devices listen to, or only what came from bindings. */
  async clear(trx: Transaction<Tables>, deviceIds: readonly string[], origin?: Origin): Promise<void> {
    await trx
      .deleteFrom('subscriptions')
      .where(this.#deviceIn(deviceIds))
      .$if(origin !== undefined, (query) => query.where('origin', '=', origin ?? 'device'))
      .execute();
  }

  /** Gives devices what their user is bound to. */
  async copyBindings(
    trx: Transaction<Tables>,
    appId: string,
    user: string,
    deviceIds: readonly string[],
  ): Promise<void> {
    const bindings = await trx
      .selectFrom('user_bindings')
      .select('channel')
      .where('app_id', '=', appId)
      .where('user_id', '=', user)
      .execute();
    if (bindings.length === 0) return;
    const channels = bindings.map(({ channel }) => channel);
    await this.add(trx, appId, deviceIds, 'channel', channels, 'binding');
  }

  /** What a space holds but for some names; a shared name counts to both spaces. */
  async #keepOnly(
    trx: Transaction<Tables>,
    appId: string,
    deviceIds: readonly string[],
    space: NameSpace,
    names: readonly string[],
  ): Promise<void> {
    const kept = new Map(bySpace(names.map((name) => this.#shared.placeOf(appId, space, name))));
    await this.#delete(trx, deviceIds, space, 'device', this.#nameNotIn(kept.get(space) ?? []));
    if (!this.#shared.any(appId)) return;
    const other: NameSpace = space === 'interest' ? 'channel' : 'interest';
    const keptThere = new Set(kept.get(other));
    const rows = await trx
      .selectFrom('subscriptions')
      .select('name')
      .distinct()
      .where(this.#deviceIn(deviceIds))
      .where('space', '=', other)
      .where('origin', '=', 'device')
      .execute();
    const gone = rows
      .map(({ name }) => name)
      .filter((name) => this.#shared.has(appId, name) && !keptThere.has(name));
    if (gone.length > 0) await this.#delete(trx, deviceIds, other, 'device', this.#nameIn(gone));
  }

  async #delete(
    trx: Transaction<Tables>,
    deviceIds: readonly string[],
    space: NameSpace,
    origin: Origin,
    names: ReturnType<typeof sql<SqlBool>>,
  ): Promise<void> {
    await trx
      .deleteFrom('subscriptions')
      .where(this.#deviceIn(deviceIds))
      .where('space', '=', space)
      .where('origin', '=', origin)
      .where(names)
      .execute();
  }

  #deviceIn(deviceIds: readonly string[]) {
    return isOneOf(this.#dialect, sql.ref('device_id'), deviceIds);
  }

  #nameIn(names: readonly string[]) {
    return isOneOf(this.#dialect, sql.ref('name'), names);
  }

  #nameNotIn(names: readonly string[]) {
    return isNoneOf(this.#dialect, sql.ref('name'), names);
  }

  /** PostgreSQL can't tell the type of a value that is merely selected. */
  #text(value: string) {
    return this.#dialect === 'postgres' ? sql`${value}::text` : sql`${value}`;
  }
}

/** Names by the space they stand in, each once. */
function bySpace(places: readonly GroupName[]): [NameSpace, string[]][] {
  return (['interest', 'channel'] as const)
    .map((space): [NameSpace, string[]] => [
      space,
      [...new Set(places.filter((place) => place.space === space).map(({ name }) => name))],
    ])
    .filter(([, names]) => names.length > 0);
}
