/** Standing subscriptions of users. */
import type { Migration } from '../migration.ts';

export const userBindings: Migration = {
  number: 2,
  name: 'user bindings',
  async up(schema, { text, counter }) {
    await schema
      .createTable('user_bindings')
      .addColumn('id', ...counter)
      .addColumn('app_id', text, (column) => column.notNull())
      .addColumn('user_id', text, (column) => column.notNull())
      .addColumn('channel', text, (column) => column.notNull())
      .execute();
    await schema
      .createIndex('user_bindings_user')
      .unique()
      .on('user_bindings')
      .columns(['app_id', 'user_id', 'channel'])
      .execute();
    await schema
      .createIndex('user_bindings_list')
      .on('user_bindings')
      .columns(['app_id', 'user_id', 'id'])
      .execute();
    await schema
      .createIndex('user_bindings_channel')
      .on('user_bindings')
      .columns(['app_id', 'channel', 'id'])
      .execute();
    await schema.createIndex('user_bindings_app').on('user_bindings').columns(['app_id', 'id']).execute();
  },
};
