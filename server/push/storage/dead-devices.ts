/** Removes devices whose tokens a provider calls dead. */
import { type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import { isOneOf } from '../../database/lists.ts';
import { toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { ProviderName } from '../device.ts';
import type { DeadToken } from '../push-queue.ts';
import { tokenHash } from './token-hash.ts';

type DeviceQuery = SelectQueryBuilder<Tables, 'devices', object>;

/** Removes those that still have the token that was used, and returns how many: a new token may be alive. */
export async function removeDeadDevices(
  trx: Transaction<Tables>,
  dialect: DialectName,
  appId: string,
  dead: readonly DeadToken[],
): Promise<number> {
  const devices = trx.selectFrom('devices').where('app_id', '=', appId).orderBy('id');
  const ids = [
    ...(await idsOfDevices(devices, dialect, dead)),
    ...(await idsOfTokens(devices, dialect, dead)),
  ];
  if (ids.length === 0) return 0;
  await trx
    .deleteFrom('devices')
    .where(isOneOf(dialect, sql.ref('id'), ids))
    .execute();
  return ids.length;
}

async function idsOfDevices(
  devices: DeviceQuery,
  dialect: DialectName,
  dead: readonly DeadToken[],
): Promise<string[]> {
  const tokens = new Map(dead.flatMap(({ id, token }) => (id === undefined ? [] : [[id, token] as const])));
  if (tokens.size === 0) return [];
  const query = devices.select(['id', 'token']).where(isOneOf(dialect, sql.ref('id'), [...tokens.keys()]));
  const found = await toChange(dialect, query).execute();
  return found.filter(({ id, token }) => tokens.get(id) === token).map(({ id }) => id);
}

/** Devices whose token was sent to by itself. */
async function idsOfTokens(
  devices: DeviceQuery,
  dialect: DialectName,
  dead: readonly DeadToken[],
): Promise<string[]> {
  const hashes = new Map<ProviderName, string[]>();
  for (const one of dead) {
    if (one.id !== undefined) continue;
    const { provider, token } = one;
    hashes.set(provider, [...(hashes.get(provider) ?? []), tokenHash(provider, token)]);
  }
  const ids: string[] = [];
  for (const [provider, ofProvider] of hashes) {
    const query = devices
      .select('id')
      .where('provider', '=', provider)
      .where(isOneOf(dialect, sql.ref('token_hash'), ofProvider));
    ids.push(...(await toChange(dialect, query).execute()).map(({ id }) => id));
  }
  return ids;
}
