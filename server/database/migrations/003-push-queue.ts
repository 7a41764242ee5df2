/** Publishes, their jobs, and what became of them. */
import { type SchemaModule, sql } from 'kysely';
import type { Columns, Migration } from '../migration.ts';

export const pushQueue: Migration = {
  number: 3,
  name: 'push queue',
  async up(schema, columns) {
    await createPublishes(schema, columns);
    await createJobs(schema, columns);
    await createOutcomes(schema, columns);
  },
};

async function createPublishes(schema: SchemaModule, { text, integer, counter }: Columns): Promise<void> {
  await schema
    .createTable('push_publishes')
    .addColumn('id', ...counter)
    .addColumn('app_id', text, (column) => column.notNull())
    .addColumn('public_id', text, (column) => column.notNull())
    .addColumn('door', text, (column) => column.notNull())
    .addColumn('target', text, (column) => column.notNull())
    .addColumn('payloads', text, (column) => column.notNull())
    .addColumn('variables', text)
    .addColumn('publish_webhook', text)
    .addColumn('offline_within_ms', integer)
    .addColumn('idempotency_key', text)
    .addColumn('fingerprint', text)
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('send_at', integer)
    .addColumn('expires_at', integer)
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('notify', integer, (column) => column.notNull())
    .addColumn('turn', integer, (column) => column.notNull())
    .addColumn('open_jobs', integer, (column) => column.notNull())
    .addColumn('cut_short', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('targeted', integer, (column) => column.notNull())
    .addColumn('sent', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('failed', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('dead', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('skipped', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('expired', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('cancelled', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('finished_at', integer)
    .execute();
  await schema
    .createIndex('push_publishes_public_id')
    .unique()
    .on('push_publishes')
    .columns(['app_id', 'public_id'])
    .execute();
  await schema
    .createIndex('push_publishes_idempotency')
    .unique()
    .on('push_publishes')
    .columns(['app_id', 'idempotency_key'])
    .where('idempotency_key', 'is not', null)
    .execute();
  await schema
    .createIndex('push_publishes_finished')
    .on('push_publishes')
    .column('finished_at')
    .where('finished_at', 'is not', null)
    .execute();
}

async function createJobs(schema: SchemaModule, { text, integer, counter }: Columns): Promise<void> {
  await schema
    .createTable('push_jobs')
    .addColumn('id', ...counter)
    .addColumn('publish_id', integer, (column) => column.notNull())
    .addColumn('lane', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('turn', integer, (column) => column.notNull())
    .addColumn('run_at', integer, (column) => column.notNull())
    .addColumn('owner', text)
    .addColumn('lease_until', integer)
    .addColumn('claims', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('tries', integer, (column) => column.notNull())
    .addColumn('size', integer, (column) => column.notNull())
    .addColumn('work', text, (column) => column.notNull())
    .execute();
  await schema.createIndex('push_jobs_publish').on('push_jobs').column('publish_id').execute();
  // One index for each state, so that jobs which wait are nobody's business but the clock's.
  await schema
    .createIndex('push_jobs_ready')
    .on('push_jobs')
    .columns(['lane', 'turn', 'id'])
    .where(sql.ref('state'), '=', sql.lit('ready'))
    .execute();
  await schema
    .createIndex('push_jobs_waiting')
    .on('push_jobs')
    .column('run_at')
    .where(sql.ref('state'), '=', sql.lit('waiting'))
    .execute();
  await schema
    .createIndex('push_jobs_leased')
    .on('push_jobs')
    .column('lease_until')
    .where(sql.ref('state'), '=', sql.lit('leased'))
    .execute();
}

async function createOutcomes(schema: SchemaModule, { text, integer, byKey }: Columns): Promise<void> {
  await schema
    .createTable('push_outcomes')
    .addColumn('publish_id', integer, (column) => column.notNull())
    .addColumn('recipient', text, (column) => column.notNull())
    .addColumn('provider', text, (column) => column.notNull())
    .addColumn('user_id', text)
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('tries', integer, (column) => column.notNull())
    .addColumn('code', text)
    .addColumn('reason', text)
    .addColumn('message_id', text)
    .addColumn('at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('push_outcomes_key', ['publish_id', 'recipient'])
    .modifyEnd(byKey)
    .execute();
  // For forgetting a user.
  await schema
    .createIndex('push_outcomes_user')
    .on('push_outcomes')
    .column('user_id')
    .where('user_id', 'is not', null)
    .execute();
  await schema
    .createTable('push_receipts')
    .addColumn('publish_id', integer, (column) => column.notNull())
    .addColumn('device_id', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('client_time', integer)
    .addColumn('flags', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('push_receipts_key', ['publish_id', 'device_id', 'kind'])
    .modifyEnd(byKey)
    .execute();
}
