/** Publishes of long ago are forgotten. */
import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/** Rows removed in one step. */
const STEP = 2000;

/** Removes publishes finished before a time with all that became of them; returns how many. */
export async function forgetPublishes(database: Database, before: number): Promise<number> {
  const { db } = database;
  let forgotten = 0;
  for (;;) {
    const old = await db
      .selectFrom('push_publishes')
      .select('id')
      .where('finished_at', 'is not', null)
      .where('finished_at', '<', before)
      .orderBy('finished_at')
      .limit(100)
      .execute();
    if (old.length === 0) return forgotten;
    for (const { id } of old) await forgetPublish(database, id);
    forgotten += old.length;
  }
}

async function forgetPublish({ db }: Database, id: number): Promise<void> {
  for (const table of ['push_outcomes', 'push_receipts'] as const) {
    const key = sql.ref(table === 'push_outcomes' ? 'recipient' : 'device_id');
    for (;;) {
      const { numAffectedRows } = await sql`
        delete from ${sql.table(table)} where publish_id = ${id} and ${key} in (
          select ${key} from ${sql.table(table)} where publish_id = ${id} order by ${key} limit ${STEP}
        )`.execute(db);
      if ((numAffectedRows ?? 0n) === 0n) break;
    }
  }
  await db.deleteFrom('push_jobs').where('publish_id', '=', id).execute();
  await db.deleteFrom('push_publishes').where('id', '=', id).execute();
}
