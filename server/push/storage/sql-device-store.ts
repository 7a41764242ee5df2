/** `DeviceStore` over the registry's tables, in PostgreSQL or SQLite. */
import type { Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import { toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Device } from '../device.ts';
import type {
  BindingFilter,
  DeviceChanges,
  DeviceFilter,
  DeviceStore,
  ListedDevice,
  Page,
  PageQuery,
  Registration,
  RegistrationId,
  SetOperation,
  SetUserResult,
  UserBinding,
} from '../device-store.ts';
import { removeDeadDevices } from './dead-devices.ts';
import { DeviceChanger } from './device-changer.ts';
import { DeviceFinder } from './device-finder.ts';
import { deviceOf } from './device-rows.ts';
import { Registrar } from './registrar.ts';
import type { SharedNames } from './shared-names.ts';
import { SubscriptionReader } from './subscription-reader.ts';
import { SubscriptionWriter } from './subscription-writer.ts';
import { UserBindings } from './user-bindings.ts';
import { lockUsers } from './user-locks.ts';

/** Devices that one transaction of the sweep removes. */
const SWEEP_STEP = 500;

/** Takes a user's name out of what others keep, in the transaction that forgets the user. */
export type EraseUser = (trx: Transaction<Tables>, appId: string, user: string) => Promise<void>;

export interface DeviceStorePorts {
  readonly database: Database;
  readonly shared: SharedNames;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly eraseUser: EraseUser;
}

export class SqlDeviceStore implements DeviceStore {
  readonly #database: Database;
  readonly #eraseUser: EraseUser;
  readonly #subscriptions: SubscriptionWriter;
  readonly #reader: SubscriptionReader;
  readonly #finder: DeviceFinder;
  readonly #changer: DeviceChanger;
  readonly #registrar: Registrar;
  readonly #bindings: UserBindings;

  constructor({ database, shared, clock, ids, eraseUser }: DeviceStorePorts) {
    const { dialect } = database;
    this.#database = database;
    this.#eraseUser = eraseUser;
    this.#subscriptions = new SubscriptionWriter(dialect, shared);
    this.#reader = new SubscriptionReader(dialect, shared);
    this.#finder = new DeviceFinder(dialect, shared);
    const parts = { dialect, subscriptions: this.#subscriptions, clock };
    this.#changer = new DeviceChanger({ ...parts, finder: this.#finder });
    this.#registrar = new Registrar({ ...parts, ids });
    this.#bindings = new UserBindings(database, this.#subscriptions);
  }

  async register(appId: string, registration: Registration, id: RegistrationId): Promise<Device> {
    return deviceOf(
      await this.#database.transaction((trx) => this.#registrar.register(trx, appId, registration, id)),
    );
  }

  async find(appId: string, id: string): Promise<Device | undefined> {
    const row = await this.#database.db
      .selectFrom('devices')
      .selectAll()
      .where('id', '=', id)
      .where('app_id', '=', appId)
      .executeTakeFirst();
    return row && deviceOf(row);
  }

  setToken(appId: string, id: string, token: string): Promise<boolean> {
    return this.#database.transaction((trx) => this.#registrar.setToken(trx, appId, id, token));
  }

  update(appId: string, filter: DeviceFilter, changes: DeviceChanges): Promise<number> {
    return this.#database.transaction((trx) => this.#changer.update(trx, appId, filter, changes));
  }

  remove(appId: string, filter: DeviceFilter): Promise<number> {
    return this.#database.transaction((trx) => this.#changer.remove(trx, appId, filter));
  }

  async removeDead(appId: string, id: string, token: string): Promise<boolean> {
    const { dialect } = this.#database;
    const removed = await this.#database.transaction((trx) =>
      removeDeadDevices(trx, dialect, appId, [{ id, token }]),
    );
    return removed > 0;
  }

  async removeInactive(before: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const step = await this.#database.transaction((trx) =>
        trx
          .deleteFrom('devices')
          .where('id', 'in', (query) =>
            query
              .selectFrom('devices')
              .select('id')
              .where('updated_at', '<', before)
              .orderBy('updated_at')
              .limit(SWEEP_STEP),
          )
          // Once more, for a device that comes back between the two.
          .where('updated_at', '<', before)
          .executeTakeFirst(),
      );
      removed += Number(step.numDeletedRows);
      if (step.numDeletedRows === 0n) return removed;
    }
  }

  async list(appId: string, filter: DeviceFilter, page: PageQuery): Promise<Page<ListedDevice>> {
    const { items, hasMore } = await this.#finder.page(this.#database.db, appId, filter, page);
    const ids = items.map(({ id }) => id);
    const channels = await this.#reader.channels(this.#database.db, appId, ids);
    return {
      items: items.map((row) => ({ ...deviceOf(row), channels: channels.get(row.id) ?? [] })),
      hasMore,
    };
  }

  count(appId: string, filter: DeviceFilter): Promise<number> {
    return this.#finder.count(this.#database.db, appId, filter);
  }

  setUser(appId: string, id: string, user: string, maxDevices: number): Promise<SetUserResult> {
    return this.#database.transaction(async (trx) => {
      const device = await this.#ownRow(trx, appId, id);
      if (device === undefined) return 'no device';
      if (device.user_id === user) return 'done';
      if (device.user_id !== null) return 'other user';
      await lockUsers(trx, this.#database.dialect, appId, [user]);
      if (maxDevices > 0) {
        const { count } = await trx
          .selectFrom('devices')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('app_id', '=', appId)
          .where('user_id', '=', user)
          .where('platform', '=', device.platform)
          .executeTakeFirstOrThrow();
        if (count >= maxDevices) return 'too many devices';
      }
      await this.#changer.giveTo(trx, appId, [id], user);
      await this.#changer.touch(trx, [id]);
      return 'done';
    });
  }

  async removeUser(appId: string, user: string): Promise<void> {
    await this.#database.transaction(async (trx) => {
      const { dialect } = this.#database;
      const devices = trx
        .selectFrom('devices')
        .select('id')
        .where('app_id', '=', appId)
        .where('user_id', '=', user)
        .orderBy('id');
      await toChange(dialect, devices).execute();
      await lockUsers(trx, dialect, appId, [user]);
      await trx.deleteFrom('devices').where('app_id', '=', appId).where('user_id', '=', user).execute();
      await trx.deleteFrom('user_bindings').where('app_id', '=', appId).where('user_id', '=', user).execute();
      await this.#eraseUser(trx, appId, user);
    });
  }

  async interests(appId: string, id: string, page: PageQuery): Promise<Page<string> | undefined> {
    if ((await this.find(appId, id)) === undefined) return undefined;
    return this.#reader.interests(this.#database.db, id, page);
  }

  changeInterests(
    appId: string,
    id: string,
    operation: SetOperation,
    names: readonly string[],
    limit: number,
  ): Promise<'done' | 'no device' | 'too many'> {
    const distinct = [...new Set(names)];
    return this.#database.transaction(async (trx) => {
      if ((await this.#ownRow(trx, appId, id)) === undefined) return 'no device';
      if (operation !== 'remove') {
        const others = operation === 'set' ? 0 : await this.#reader.countBeside(trx, id, distinct);
        if (others + distinct.length > limit) return 'too many';
      }
      await this.#subscriptions.change(trx, appId, [id], 'interest', operation, distinct);
      await this.#changer.touch(trx, [id]);
      return 'done';
    });
  }

  changeBindings(
    appId: string,
    user: string,
    operation: SetOperation,
    channels: readonly string[],
  ): Promise<void> {
    return this.#bindings.change(appId, user, operation, channels);
  }

  bindings(appId: string, filter: BindingFilter, page: PageQuery): Promise<Page<UserBinding>> {
    return this.#bindings.list(appId, filter, page);
  }

  countBindings(appId: string, filter: BindingFilter): Promise<number> {
    return this.#bindings.count(appId, filter);
  }

  /** A device's row, this transaction's to change. */
  #ownRow(trx: Transaction<Tables>, appId: string, id: string) {
    const query = trx
      .selectFrom('devices')
      .select(['user_id', 'platform'])
      .where('id', '=', id)
      .where('app_id', '=', appId);
    return toChange(this.#database.dialect, query).executeTakeFirst();
  }
}
