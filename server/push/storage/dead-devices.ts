/** Removes devices whose tokens a provider calls dead. */
import { sql, type Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import { isOneOf } from '../../database/lists.ts';
import { toChange } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';
import type { AudienceDevice } from '../audience.ts';

/** Removes those that still have the token that was used, and returns how many: a new token may be alive. */
export async function removeDeadDevices(
  trx: Transaction<Tables>,
  dialect: DialectName,
  appId: string,
  devices: readonly Pick<AudienceDevice, 'id' | 'token'>[],
): Promise<number> {
  const tokens = new Map(devices.map(({ id, token }) => [id, token]));
  const query = trx
    .selectFrom('devices')
    .select(['id', 'token'])
    .where(isOneOf(dialect, sql.ref('id'), [...tokens.keys()]))
    .where('app_id', '=', appId)
    .orderBy('id');
  const found = await toChange(dialect, query).execute();
  const dead = found.filter(({ id, token }) => tokens.get(id) === token).map(({ id }) => id);
  if (dead.length === 0) return 0;
  await trx
    .deleteFrom('devices')
    .where(isOneOf(dialect, sql.ref('id'), dead))
    .execute();
  return dead.length;
}
