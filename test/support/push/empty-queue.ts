/** A queue without the jobs of the tests before. */
import type { Database } from '../../../server/database/database.ts';
import { SqlPushQueue } from '../../../server/push/storage/sql-push-queue.ts';

export async function emptyQueue(database: Database): Promise<SqlPushQueue> {
  const tables = ['push_publishes', 'push_jobs', 'push_outcomes', 'push_receipts'] as const;
  for (const table of tables) await database.db.deleteFrom(table).execute();
  return SqlPushQueue.open(database);
}
