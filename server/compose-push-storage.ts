/** What push keeps in a database. Part of the composition root, loaded where there is one. */
import type { AppRegistry } from './apps/app-registry.ts';
import type { Database } from './database/database.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Audience } from './push/audience.ts';
import type { BeamsWebhookQueue } from './push/beams-webhooks/beams-webhook-queue.ts';
import { SqlBeamsWebhookQueue } from './push/beams-webhooks/sql-beams-webhook-queue.ts';
import type { DeviceStore } from './push/device-store.ts';
import type { KinveyUsers } from './push/kinvey/kinvey-users.ts';
import { SqlKinveyUsers } from './push/kinvey/sql-kinvey-users.ts';
import type { PushQueue } from './push/push-queue.ts';
import { SharedNames } from './push/storage/shared-names.ts';
import { SqlAudience } from './push/storage/sql-audience.ts';
import { SqlDeviceStore } from './push/storage/sql-device-store.ts';
import { eraseFromOutcomes } from './push/storage/sql-erasing.ts';
import { SqlPushQueue } from './push/storage/sql-push-queue.ts';

export interface PushStorage {
  readonly devices: DeviceStore;
  readonly audience: Audience;
  readonly users: KinveyUsers;
  readonly queue: PushQueue;
  readonly webhookQueue: BeamsWebhookQueue;
}

export interface PushStoragePorts {
  readonly registry: AppRegistry;
  readonly ids: Ids;
  readonly clock: Clock;
}

export async function openPushStorage(
  database: Database,
  { registry, ids, clock }: PushStoragePorts,
): Promise<PushStorage> {
  const shared = new SharedNames((appId) => registry.byId(appId)?.push.sharedNames ?? []);
  return {
    devices: new SqlDeviceStore({ database, shared, clock, ids, eraseUser: eraseFromOutcomes }),
    audience: new SqlAudience(database, shared),
    users: new SqlKinveyUsers(database, clock),
    queue: await SqlPushQueue.open(database),
    webhookQueue: new SqlBeamsWebhookQueue(database, ids),
  };
}
