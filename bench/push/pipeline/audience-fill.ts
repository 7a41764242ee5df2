/** Fills a registry with devices that FCM reaches, which all listen to one interest. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../../server/database/database.ts';
import type { DeviceRow, SubscriptionRow } from '../../../server/database/device-tables.ts';
import { tokenHash } from '../../../server/push/storage/token-hash.ts';
import { numberedToken } from '../notification.ts';
import { insertAll } from '../registry-fill.ts';

export const APP = 'bench';
export const INTEREST = 'everyone';
/** Devices of one statement. */
const BATCH = 2000;
/** Statements of one transaction: indexes of random texts are written anew with each. */
const BATCHES = 25;
const CREATED_AT = 1_700_000_000_000;

export async function fillAudience(database: Database, devices: number): Promise<void> {
  const ids = Array.from({ length: devices }, () => `fcm-${randomUUID()}`).sort();
  for (let from = 0; from < devices; from += BATCH * BATCHES) {
    await database.transaction(async (trx) => {
      for (let at = from; at < Math.min(devices, from + BATCH * BATCHES); at += BATCH) {
        const rows = ids.slice(at, at + BATCH).map((id, n) => deviceRow(id, at + n));
        await insertAll(database, 'devices', rows).execute(trx);
        await insertAll(database, 'subscriptions', rows.map(subscriptionOf)).execute(trx);
      }
    });
  }
}

function deviceRow(id: string, n: number): DeviceRow {
  const token = numberedToken(n);
  return {
    id,
    app_id: APP,
    provider: 'fcm',
    platform: 'android',
    token,
    token_hash: tokenHash('fcm', token),
    user_id: null,
    door: 'beams',
    meta: '{}',
    tags: '{}',
    details: '{}',
    created_at: CREATED_AT + n,
    updated_at: CREATED_AT + n,
  };
}

const subscriptionOf = ({ id, app_id }: DeviceRow): SubscriptionRow => ({
  device_id: id,
  app_id,
  space: 'interest',
  name: INTEREST,
  origin: 'device',
});
