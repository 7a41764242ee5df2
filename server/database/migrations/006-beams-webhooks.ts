/** Webhooks of Beams on their way, and for a while those that were delivered or given up. */
import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

export const beamsWebhooks: Migration = {
  number: 6,
  name: 'beams webhooks',
  async up(schema, { text, integer }) {
    await schema
      .createTable('beams_webhooks')
      .addColumn('id', text, (column) => column.primaryKey())
      .addColumn('key', text, (column) => column.notNull().unique())
      .addColumn('app_id', text, (column) => column.notNull())
      .addColumn('webhook_id', text)
      .addColumn('url', text)
      .addColumn('lane', text, (column) => column.notNull())
      .addColumn('event_type', text, (column) => column.notNull())
      .addColumn('body', text, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('failures', integer, (column) => column.notNull())
      .addColumn('state', text, (column) => column.notNull())
      .addColumn('at', integer, (column) => column.notNull())
      .addColumn('reason', text, (column) => column.notNull())
      .execute();
    const waiting = sql<boolean>`state = 'waiting'`;
    await schema
      .createIndex('beams_webhooks_due')
      .on('beams_webhooks')
      .columns(['at', 'lane'])
      .where(waiting)
      .execute();
    await schema
      .createIndex('beams_webhooks_lane')
      .on('beams_webhooks')
      .columns(['lane', 'at'])
      .where(waiting)
      .execute();
    await schema
      .createIndex('beams_webhooks_settled')
      .on('beams_webhooks')
      .column('at')
      .where(sql<boolean>`state <> 'waiting'`)
      .execute();
    await schema
      .createIndex('beams_webhooks_failed')
      .on('beams_webhooks')
      .column('id')
      .where(sql<boolean>`state = 'failed'`)
      .execute();
  },
};
