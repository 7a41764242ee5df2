/**
 * What belongs to a user is changed by one transaction at a time: its bindings, which devices it has, how many.
 *
 * Order of locks everywhere: tokens, rows of devices, users; rows are deleted only after that.
 */
import type { Transaction } from 'kysely';
import type { DialectName } from '../../database/database.ts';
import { lockNames } from '../../database/locks.ts';
import type { Tables } from '../../database/tables.ts';

export function lockUsers(
  trx: Transaction<Tables>,
  dialect: DialectName,
  appId: string,
  users: readonly (string | null | undefined)[],
): Promise<void> {
  const named = users.filter((user): user is string => typeof user === 'string' && user !== '');
  return lockNames(
    trx,
    dialect,
    named.map((user) => ['user', appId, user]),
  );
}
