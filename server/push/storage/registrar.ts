/** Registers devices. */
import type { Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import type { DeviceRow } from '../../database/device-tables.ts';
import { lockNames, toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Registration, RegistrationId } from '../device-store.ts';
import { deviceId } from './device-rows.ts';
import type { SubscriptionWriter } from './subscription-writer.ts';
import { tokenHash } from './token-hash.ts';
import { lockUsers } from './user-locks.ts';

export interface RegistrarPorts {
  readonly dialect: DialectName;
  readonly subscriptions: SubscriptionWriter;
  readonly clock: Clock;
  readonly ids: Ids;
}

export class Registrar {
  readonly #ports: RegistrarPorts;

  constructor(ports: RegistrarPorts) {
    this.#ports = ports;
  }

  async register(
    trx: Transaction<Tables>,
    appId: string,
    registration: Registration,
    id: RegistrationId,
  ): Promise<DeviceRow> {
    const { dialect, subscriptions } = this.#ports;
    const { provider, token } = registration;
    const user = registration.user || undefined;
    const hash = tokenHash(provider, token);
    // Two first registrations of a token find no row to wait at.
    await lockNames(trx, dialect, [['token', appId, provider, hash]]);
    const known = await this.#known(trx, appId, provider, hash, id);
    const kept = survivor(known, hash, provider, id);
    const others = known.filter((row) => row !== kept);
    await lockUsers(trx, dialect, appId, [user, ...known.map(({ user_id }) => user_id)]);

    await this.#forget(trx, others);
    const row = this.#row(appId, { ...registration, user }, hash, kept);
    if (kept === undefined) {
      await trx.insertInto('devices').values(row).execute();
    } else {
      const { id: _, created_at: __, ...changed } = row;
      await trx.updateTable('devices').set(changed).where('id', '=', row.id).execute();
      await subscriptions.clear(trx, [row.id]);
    }
    await subscriptions.add(trx, appId, [row.id], 'interest', registration.interests, 'device');
    await subscriptions.add(trx, appId, [row.id], 'channel', registration.channels, 'device');
    if (user !== undefined) await subscriptions.copyBindings(trx, appId, user, [row.id]);
    return row;
  }

  /** Gives a device a new token; another device that had it is forgotten. False: no such device. */
  async setToken(trx: Transaction<Tables>, appId: string, id: string, token: string): Promise<boolean> {
    const { dialect, clock } = this.#ports;
    const device = await trx
      .selectFrom('devices')
      .select('provider')
      .where('id', '=', id)
      .where('app_id', '=', appId)
      .executeTakeFirst();
    if (device === undefined) return false;
    const hash = tokenHash(device.provider, token);
    await lockNames(trx, dialect, [['token', appId, device.provider, hash]]);
    const known = await this.#known(trx, appId, device.provider, hash, { kind: 'given', id });
    const kept = known.find((row) => row.id === id);
    if (kept === undefined) return false;
    await this.#forget(
      trx,
      known.filter((row) => row !== kept),
    );
    await trx
      .updateTable('devices')
      .set({ token, token_hash: hash, updated_at: clock.now() })
      .where('id', '=', id)
      .execute();
    return true;
  }

  async #forget(trx: Transaction<Tables>, rows: readonly DeviceRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await trx.deleteFrom('devices').where('id', 'in', ids).execute();
  }

  /** The device with the token, and the one with the id. */
  #known(
    trx: Transaction<Tables>,
    appId: string,
    provider: string,
    hash: string,
    id: RegistrationId,
  ): Promise<DeviceRow[]> {
    const query = trx
      .selectFrom('devices')
      .selectAll()
      .where('app_id', '=', appId)
      .where((where) => {
        const byToken = where.and([
          where('provider', '=', provider as never),
          where('token_hash', '=', hash),
        ]);
        return id.kind === 'given' ? where.or([where('id', '=', id.id), byToken]) : byToken;
      })
      .orderBy('id');
    return toChange(this.#ports.dialect, query).execute();
  }

  #row(appId: string, registration: Registration, hash: string, kept: DeviceRow | undefined): DeviceRow {
    const { clock, ids } = this.#ports;
    const now = clock.now();
    return {
      id: kept?.id ?? deviceId(registration.provider, ids.uniqueId()),
      app_id: appId,
      provider: registration.provider,
      platform: registration.platform,
      token: registration.token,
      token_hash: hash,
      user_id: registration.user ?? null,
      door: registration.door,
      meta: JSON.stringify(registration.meta),
      tags: JSON.stringify(registration.tags),
      details: JSON.stringify(registration.details),
      created_at: kept?.created_at ?? now,
      updated_at: now,
    };
  }
}

/** Whose id the registration ends up with; nobody's is a new one. */
function survivor(
  known: readonly DeviceRow[],
  hash: string,
  provider: string,
  id: RegistrationId,
): DeviceRow | undefined {
  if (id.kind === 'fresh') return undefined;
  const given = id.kind === 'given' ? known.find((row) => row.id === id.id) : undefined;
  return given ?? known.find((row) => row.token_hash === hash && row.provider === provider);
}
