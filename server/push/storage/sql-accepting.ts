/** A publish and its first jobs, written in one transaction. */
import type { Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { type Lane, laneOf, type NewJob, piecesOf, sizeOf } from '../jobs.ts';
import { type AcceptedPublish, IDEMPOTENCY_MS, type PushQueue, TURN_MS } from '../push-queue.ts';

/** Rows of one statement. */
const ROWS = 50;

export async function acceptPublish(
  database: Database,
  publish: AcceptedPublish,
  jobs: readonly NewJob[],
  targeted: number,
): ReturnType<PushQueue['accept']> {
  return database.transaction(async (trx) => {
    const id = await insertPublish(trx, publish, jobs, targeted);
    if (id === undefined) return existing(trx, publish);
    await insertJobs(trx, id, jobs, publish.createdAt, publish.createdAt);
    return { kind: 'accepted', publicId: publish.publicId };
  });
}

/** Undefined: its public id or its idempotency key is taken. */
async function insertPublish(
  trx: Transaction<Tables>,
  publish: AcceptedPublish,
  jobs: readonly NewJob[],
  targeted: number,
): Promise<number | undefined> {
  const { appId, publicId, idempotency, createdAt } = publish;
  if (idempotency !== undefined) {
    await trx
      .updateTable('push_publishes')
      .set({ idempotency_key: null })
      .where('app_id', '=', appId)
      .where('idempotency_key', '=', idempotency.key)
      .where('created_at', '<=', createdAt - IDEMPOTENCY_MS)
      .execute();
  }
  const runAt = Math.min(...jobs.map((job) => job.runAt));
  const inserted = await trx
    .insertInto('push_publishes')
    .values({
      app_id: appId,
      public_id: publicId,
      door: publish.door,
      target: JSON.stringify(publish.target),
      payloads: JSON.stringify(publish.payloads),
      variables: jsonOrNull(publish.variables),
      publish_webhook: jsonOrNull(publish.publishWebhook),
      offline_within_ms: publish.offlineOnly?.withinMs ?? null,
      idempotency_key: idempotency?.key ?? null,
      fingerprint: idempotency?.fingerprint ?? null,
      created_at: createdAt,
      send_at: publish.sendAt ?? null,
      expires_at: publish.expiresAt ?? null,
      status: runAt > createdAt ? 'scheduled' : 'running',
      notify: publish.notify ? 1 : 0,
      turn: createdAt + jobs.length * TURN_MS,
      open_jobs: jobs.length,
      targeted,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted?.id;
}

/** The answer to a publish that is there already, or whose name another one has. */
async function existing(
  trx: Transaction<Tables>,
  { appId, idempotency }: AcceptedPublish,
): ReturnType<PushQueue['accept']> {
  if (idempotency === undefined) return { kind: 'conflict' };
  const same = await trx
    .selectFrom('push_publishes')
    .select(['public_id', 'fingerprint'])
    .where('app_id', '=', appId)
    .where('idempotency_key', '=', idempotency.key)
    .executeTakeFirst();
  if (same === undefined || same.fingerprint !== idempotency.fingerprint) return { kind: 'conflict' };
  return { kind: 'accepted', publicId: same.public_id };
}

/**
 * @param now jobs due by now are ready, in turns from `turn` on; the others wait
 * @param turn of the publish's last job that was ready at once
 */
export async function insertJobs(
  trx: Transaction<Tables>,
  publishId: number,
  jobs: readonly NewJob[],
  now: number,
  turn: number,
): Promise<void> {
  let next = turn;
  const rows = jobs.map(({ work, runAt, tries }) => {
    const ready = runAt <= now;
    if (ready) next += TURN_MS;
    const lane: Lane = laneOf(work);
    return {
      publish_id: publishId,
      lane,
      state: ready ? ('ready' as const) : ('waiting' as const),
      turn: ready ? next : runAt,
      run_at: runAt,
      owner: null,
      lease_until: null,
      tries,
      size: sizeOf(work),
      work: JSON.stringify(work),
    };
  });
  for (const piece of piecesOf(rows, ROWS)) await trx.insertInto('push_jobs').values(piece).execute();
}

const jsonOrNull = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
