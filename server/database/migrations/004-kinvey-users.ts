/** Users of the Kinvey door and their sessions. */
import type { Migration } from '../migration.ts';

export const kinveyUsers: Migration = {
  number: 4,
  name: 'kinvey users',
  async up(schema, { text, integer, byKey }) {
    await schema
      .createTable('kinvey_users')
      .addColumn('app_id', text, (column) => column.notNull())
      .addColumn('id', text, (column) => column.notNull())
      .addColumn('username', text)
      .addColumn('password', text)
      .addColumn('attributes', text, (column) => column.notNull())
      .addColumn('created_at', integer, (column) => column.notNull())
      .addColumn('updated_at', integer, (column) => column.notNull())
      .addPrimaryKeyConstraint('kinvey_users_key', ['app_id', 'id'])
      .execute();
    await schema
      .createIndex('kinvey_users_name')
      .unique()
      .on('kinvey_users')
      .columns(['app_id', 'username'])
      .where('username', 'is not', null)
      .execute();
    await schema
      .createTable('kinvey_sessions')
      .addColumn('token_hash', text, (column) => column.primaryKey())
      .addColumn('app_id', text, (column) => column.notNull())
      .addColumn('user_id', text, (column) => column.notNull())
      .addColumn('expires_at', integer, (column) => column.notNull())
      .addForeignKeyConstraint(
        'kinvey_sessions_of',
        ['app_id', 'user_id'],
        'kinvey_users',
        ['app_id', 'id'],
        (constraint) => constraint.onDelete('cascade'),
      )
      .modifyEnd(byKey)
      .execute();
    await schema
      .createIndex('kinvey_sessions_user')
      .on('kinvey_sessions')
      .columns(['app_id', 'user_id', 'expires_at'])
      .execute();
    await schema.createIndex('kinvey_sessions_end').on('kinvey_sessions').column('expires_at').execute();
  },
};
