/** Apps that change while nodes run. */
import type { Migration } from '../migration.ts';

export const apps: Migration = {
  number: 5,
  name: 'apps',
  async up(schema, { text, integer }) {
    await schema
      .createTable('apps')
      .addColumn('id', text, (column) => column.primaryKey())
      .addColumn('enabled', integer, (column) => column.notNull())
      .addColumn('settings', text, (column) => column.notNull())
      .addColumn('version', integer, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('updated_at', integer, (column) => column.notNull())
      .execute();
    await schema
      .createTable('app_credentials')
      .addColumn('key', text, (column) => column.primaryKey())
      .addColumn('app_id', text, (column) => column.notNull().references('apps.id').onDelete('cascade'))
      .addColumn('secret', text, (column) => column.notNull())
      .addColumn('position', integer, (column) => column.notNull())
      .addColumn('retires_at', integer)
      .execute();
    await schema
      .createIndex('app_credentials_app')
      .on('app_credentials')
      .columns(['app_id', 'position'])
      .execute();
    await schema
      .createIndex('app_credentials_retires')
      .on('app_credentials')
      .column('retires_at')
      .where('retires_at', 'is not', null)
      .execute();
    await schema
      .createTable('app_revision')
      .addColumn('id', integer, (column) => column.primaryKey())
      .addColumn('revision', integer, (column) => column.notNull())
      .execute();
  },
};
