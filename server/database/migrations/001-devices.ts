/** Devices and what they listen to. */
import type { Migration } from '../migration.ts';

export const devices: Migration = {
  number: 1,
  name: 'devices',
  async up(schema, { text, integer, byKey }) {
    await schema
      .createTable('devices')
      .addColumn('id', text, (column) => column.primaryKey())
      .addColumn('app_id', text, (column) => column.notNull())
      .addColumn('provider', text, (column) => column.notNull())
      .addColumn('platform', text, (column) => column.notNull())
      .addColumn('token', text, (column) => column.notNull())
      .addColumn('token_hash', text, (column) => column.notNull())
      .addColumn('user_id', text)
      .addColumn('door', text, (column) => column.notNull())
      .addColumn('meta', text, (column) => column.notNull())
      .addColumn('tags', text, (column) => column.notNull())
      .addColumn('details', text, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('updated_at', integer, (column) => column.notNull())
      .execute();
    await schema
      .createIndex('devices_token')
      .unique()
      .on('devices')
      .columns(['app_id', 'provider', 'token_hash'])
      .execute();
    await schema.createIndex('devices_app').on('devices').columns(['app_id', 'id']).execute();
    await schema
      .createIndex('devices_kind')
      .on('devices')
      .columns(['app_id', 'provider', 'platform', 'id'])
      .execute();
    await schema
      .createIndex('devices_user')
      .on('devices')
      .columns(['app_id', 'user_id', 'id'])
      .where('user_id', 'is not', null)
      .execute();
    await schema.createIndex('devices_updated').on('devices').column('updated_at').execute();

    await schema
      .createTable('subscriptions')
      .addColumn('device_id', text, (column) => column.notNull().references('devices.id').onDelete('cascade'))
      .addColumn('space', text, (column) => column.notNull())
      .addColumn('name', text, (column) => column.notNull())
      .addColumn('origin', text, (column) => column.notNull())
      .addColumn('app_id', text, (column) => column.notNull())
      .addPrimaryKeyConstraint('subscriptions_key', ['device_id', 'space', 'name', 'origin'])
      .modifyEnd(byKey)
      .execute();
    await schema
      .createIndex('subscriptions_name')
      .on('subscriptions')
      .columns(['app_id', 'space', 'name', 'device_id'])
      .execute();
  },
};
