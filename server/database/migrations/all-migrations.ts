/** Every step of the schema, in order. A step that has been in a release is never changed. */
import type { Migration } from '../migration.ts';
import { devices } from './001-devices.ts';
import { userBindings } from './002-user-bindings.ts';
import { pushQueue } from './003-push-queue.ts';
import { kinveyUsers } from './004-kinvey-users.ts';
import { apps } from './005-apps.ts';
import { beamsWebhooks } from './006-beams-webhooks.ts';

export const allMigrations: readonly Migration[] = [
  devices,
  userBindings,
  pushQueue,
  kinveyUsers,
  apps,
  beamsWebhooks,
];
