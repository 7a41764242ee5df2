/** `Audience` over the registry's tables. */
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import { isOneOf, withoutIndex } from '../../database/lists.ts';
import type { Tables } from '../../database/tables.ts';
import type { Audience, AudienceDevice, AudiencePage, AudienceQuery, RegistryTarget } from '../audience.ts';
import type { DeviceFilter } from '../device-store.ts';
import { readAudience } from './audience-rows.ts';
import { DeviceFinder } from './device-finder.ts';
import { AUDIENCE_COLUMNS, audienceDeviceOf } from './device-rows.ts';
import { listenerIds } from './id-lists.ts';
import type { SharedNames } from './shared-names.ts';

type DeviceQuery<O> = SelectQueryBuilder<Tables, 'devices', O>;

export class SqlAudience implements Audience {
  readonly #database: Database;
  readonly #shared: SharedNames;
  readonly #finder: DeviceFinder;

  constructor(database: Database, shared: SharedNames) {
    this.#database = database;
    this.#shared = shared;
    this.#finder = new DeviceFinder(database.dialect, shared);
  }

  async devicesOf(appId: string, target: RegistryTarget, query: AudienceQuery): Promise<AudiencePage> {
    switch (target.kind) {
      case 'interests':
        return this.#listening(appId, 'interest', target.interests, query);
      case 'channels':
        return this.#listening(appId, 'channel', target.channels, query);
      case 'users':
        return this.#few(appId, 'user_id', target.users, query);
      case 'devices':
        return this.#few(appId, 'id', target.ids, query);
      case 'filter':
        return this.#filtered(appId, target.filter, query);
      case 'all':
        return this.#page(appId, query, sql.ref('id'), (devices) => devices);
    }
  }

  async byIds(appId: string, ids: readonly string[]): Promise<readonly AudienceDevice[]> {
    const devices = this.#database.db
      .selectFrom('devices')
      .select(AUDIENCE_COLUMNS)
      .where(this.#oneOf('id', ids))
      .where('app_id', '=', appId);
    return readAudience(this.#database, devices);
  }

  async #listening(
    appId: string,
    space: 'interest' | 'channel',
    names: readonly string[],
    { createdUntil, after, limit }: AudienceQuery,
  ): Promise<AudiencePage> {
    const places = [...new Set(names)].flatMap((name) => this.#shared.placesOf(appId, space, name));
    const ids = await listenerIds(this.#database.db, appId, places, after, limit);
    const devices = this.#database.db
      .selectFrom('devices')
      .select(AUDIENCE_COLUMNS)
      .where(this.#oneOf('id', ids))
      .where('created_at', '<=', createdUntil)
      .orderBy('id');
    return {
      items: await readAudience(this.#database, devices),
      next: ids.length < limit ? undefined : ids.at(-1),
    };
  }

  #few(
    appId: string,
    column: 'id' | 'user_id',
    values: readonly string[],
    query: AudienceQuery,
  ): Promise<AudiencePage> {
    const id = withoutIndex(this.#database.dialect, 'id');
    return this.#page(appId, query, id, (devices) => devices.where(this.#oneOf(column, values)));
  }

  async #filtered(
    appId: string,
    filter: DeviceFilter,
    { createdUntil, after, limit }: AudienceQuery,
  ): Promise<AudiencePage> {
    const { items, hasMore } = await this.#finder.page(this.#database.db, appId, filter, { after, limit });
    const old = items.filter(({ created_at }) => created_at <= createdUntil);
    return { items: old.map(audienceDeviceOf), next: hasMore ? items.at(-1)?.id : undefined };
  }

  /** A page of devices found by an index that has them in the order of ids, or that has few of them. */
  async #page(
    appId: string,
    { createdUntil, after, limit }: AudienceQuery,
    id: RawBuilder<string>,
    narrowed: <O>(devices: DeviceQuery<O>) => DeviceQuery<O>,
  ): Promise<AudiencePage> {
    const rows = await narrowed(this.#database.db.selectFrom('devices'))
      .select([...AUDIENCE_COLUMNS, 'created_at'])
      .where('app_id', '=', appId)
      .where(id, '>', after ?? '')
      .orderBy(id)
      .limit(limit)
      .execute();
    const items = rows.filter(({ created_at }) => created_at <= createdUntil).map(audienceDeviceOf);
    return { items, next: rows.length < limit ? undefined : rows.at(-1)?.id };
  }

  #oneOf(column: 'id' | 'user_id', texts: readonly string[]) {
    return isOneOf(this.#database.dialect, sql.ref(column), texts);
  }
}
