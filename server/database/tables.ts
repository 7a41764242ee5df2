/** All tables, for kysely. What owns a group of tables describes it in a file of its own, beside its migration's. */
import type { AppTables } from './app-tables.ts';
import type { BeamsWebhookTables } from './beams-webhook-tables.ts';
import type { DeviceTables } from './device-tables.ts';
import type { KinveyTables } from './kinvey-tables.ts';
import type { MigrationTable } from './migration.ts';
import type { PushTables } from './push-tables.ts';

export interface Tables
  extends MigrationTable,
    DeviceTables,
    PushTables,
    KinveyTables,
    AppTables,
    BeamsWebhookTables {}
