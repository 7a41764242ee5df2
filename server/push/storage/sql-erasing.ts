/** Takes a user's name out of what was sent. */
import type { EraseUser } from './sql-device-store.ts';

export const eraseFromOutcomes: EraseUser = async (trx, appId, user) => {
  await trx
    .updateTable('push_outcomes')
    .set({ user_id: null })
    .where('user_id', '=', user)
    .where('publish_id', 'in', (publishes) =>
      publishes.selectFrom('push_publishes').select('id').where('app_id', '=', appId),
    )
    .execute();
};
