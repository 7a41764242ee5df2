/** Changes devices that are there, all that fit a filter. */
import { sql, type Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import { isOneOf } from '../../database/lists.ts';
import type { Tables } from '../../database/tables.ts';
import type { Clock } from '../../lib/clock.ts';
import type { DeviceChanges, DeviceFilter } from '../device-store.ts';
import type { DeviceFinder } from './device-finder.ts';
import type { SubscriptionWriter } from './subscription-writer.ts';
import { lockUsers } from './user-locks.ts';

/** Devices in memory at a time. */
const STEP = 500;

export interface ChangerPorts {
  readonly dialect: DialectName;
  readonly finder: DeviceFinder;
  readonly subscriptions: SubscriptionWriter;
  readonly clock: Clock;
}

export class DeviceChanger {
  readonly #ports: ChangerPorts;

  constructor(ports: ChangerPorts) {
    this.#ports = ports;
  }

  /** Returns how many fitted. */
  async update(
    trx: Transaction<Tables>,
    appId: string,
    filter: DeviceFilter,
    changes: DeviceChanges,
  ): Promise<number> {
    return this.#each(trx, appId, filter, (rows) => this.#change(trx, appId, rows, changes));
  }

  /** Returns how many fitted. */
  async remove(trx: Transaction<Tables>, appId: string, filter: DeviceFilter): Promise<number> {
    return this.#each(trx, appId, filter, async (rows) => {
      await trx
        .deleteFrom('devices')
        .where(this.#among(idsOf(rows)))
        .execute();
    });
  }

  /** Makes a user the owner of devices that somebody else, or nobody, had. The user is locked. */
  async giveTo(
    trx: Transaction<Tables>,
    appId: string,
    ids: readonly string[],
    user: string | undefined,
  ): Promise<void> {
    const { subscriptions } = this.#ports;
    await subscriptions.clear(trx, ids, 'binding');
    await trx
      .updateTable('devices')
      .set({ user_id: user ?? null })
      .where(this.#among(ids))
      .execute();
    if (user !== undefined) await subscriptions.copyBindings(trx, appId, user, ids);
  }

  /** Notes that devices were changed just now. */
  async touch(trx: Transaction<Tables>, ids: readonly string[]): Promise<void> {
    await trx
      .updateTable('devices')
      .set({ updated_at: this.#ports.clock.now() })
      .where(this.#among(ids))
      .execute();
  }

  async #each(
    trx: Transaction<Tables>,
    appId: string,
    filter: DeviceFilter,
    work: (rows: readonly DeviceRow[]) => Promise<void>,
  ): Promise<number> {
    let count = 0;
    let after: string | undefined;
    for (;;) {
      const page = { after, limit: STEP };
      const { items, hasMore } = await this.#ports.finder.page(trx, appId, filter, page, { lock: true });
      if (items.length > 0) await work(items);
      count += items.length;
      if (!hasMore) return count;
      after = items.at(-1)?.id;
    }
  }

  async #change(
    trx: Transaction<Tables>,
    appId: string,
    rows: readonly DeviceRow[],
    { user, meta, tags, channels, details }: DeviceChanges,
  ): Promise<void> {
    const { subscriptions, dialect } = this.#ports;
    const ids = idsOf(rows);
    if (user !== undefined) {
      const owner = user || undefined;
      await lockUsers(trx, dialect, appId, [owner, ...rows.map(({ user_id }) => user_id)]);
      const moving = rows.filter(({ user_id }) => (user_id ?? undefined) !== owner);
      if (moving.length > 0) await this.giveTo(trx, appId, idsOf(moving), owner);
    }
    if (meta !== undefined) await this.#set(trx, ids, { meta: JSON.stringify(meta) });
    if (tags !== undefined) {
      await this.#setEach(trx, rows, 'tags', (old) => changedTags(old, tags));
    }
    if (details !== undefined) {
      await this.#setEach(trx, rows, 'details', (old) => withoutEmpty({ ...old, ...details }));
    }
    if (channels !== undefined) {
      await subscriptions.change(trx, appId, ids, 'channel', channels.operation, channels.channels);
    }
    await this.touch(trx, ids);
  }

  async #set(trx: Transaction<Tables>, ids: readonly string[], values: Partial<DeviceRow>): Promise<void> {
    await trx.updateTable('devices').set(values).where(this.#among(ids)).execute();
  }

  /** One statement for all devices that end up alike, which mostly is all of them. */
  async #setEach(
    trx: Transaction<Tables>,
    rows: readonly DeviceRow[],
    column: 'tags' | 'details',
    change: (old: Record<string, string>) => Record<string, string>,
  ): Promise<void> {
    const alike = new Map<string, string[]>();
    for (const row of rows) {
      const text = JSON.stringify(change(JSON.parse(row[column])));
      alike.set(text, [...(alike.get(text) ?? []), row.id]);
    }
    for (const [text, ids] of alike) await this.#set(trx, ids, { [column]: text });
  }

  #among(ids: readonly string[]) {
    return isOneOf(this.#ports.dialect, sql.ref('id'), ids);
  }
}

function idsOf(rows: readonly DeviceRow[]): string[] {
  return rows.map(({ id }) => id);
}

function changedTags(
  old: Record<string, string>,
  { operation, tags }: NonNullable<DeviceChanges['tags']>,
): Record<string, string> {
  if (operation === 'set') return { ...tags };
  if (operation === 'add') return { ...old, ...tags };
  return Object.fromEntries(Object.entries(old).filter(([name]) => !Object.hasOwn(tags, name)));
}

function withoutEmpty(details: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
}
