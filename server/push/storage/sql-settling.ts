/** The end of a job: what came of it, in one transaction. */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import type { Job } from '../jobs.ts';
import { type NewOutcome, type Settlement, TURN_MS } from '../push-queue.ts';
import { removeDeadDevices } from './dead-devices.ts';
import { jsonRows } from './json-rows.ts';
import { insertJobs } from './sql-accepting.ts';

/** Columns of a publish that count its outcomes. */
const COUNTED = ['sent', 'failed', 'dead', 'skipped', 'expired', 'cancelled'] as const;

type Counts = Record<(typeof COUNTED)[number], number>;

interface Progress {
  open_jobs: number;
  turn: number;
  notify: number;
}

export async function settleJob(database: Database, job: Job, settlement: Settlement): Promise<boolean> {
  return database.transaction(async (trx) => {
    if (!(await removeJob(trx, job))) return false;
    if (job.work.kind === 'notify') return true;
    const { outcomes, dead } = settlement;
    const allNew = (await insertOutcomes(database, trx, job.publishId, settlement)) === outcomes.length;
    if (dead.length > 0) await removeDevices(database, trx, job.publishId, settlement);
    const counts = allNew ? countsOf(outcomes) : NO_COUNTS;
    // The row of the publish last, because others wait for it.
    const progress = await advance(trx, job, settlement, counts);
    if (progress === undefined) return true;
    if (!allNew) await countAgain(trx, job.publishId);
    await insertJobs(trx, job.publishId, settlement.next, settlement.at, progress.turn - turnsOf(settlement));
    if (progress.open_jobs === 0) await finish(trx, job.publishId, settlement.at, progress);
    return true;
  });
}

/** False: not ours any more. */
async function removeJob(trx: Transaction<Tables>, { id, claims }: Job): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('push_jobs')
    .where('id', '=', id)
    .where('claims', '=', claims)
    .where('state', '=', sql.lit('leased'))
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** How many were new. */
async function insertOutcomes(
  { dialect }: Database,
  trx: Transaction<Tables>,
  publishId: number,
  { outcomes, at }: Settlement,
): Promise<number> {
  if (outcomes.length === 0) return 0;
  const rows = outcomes.map(({ recipient, provider, user, status, tries, code, reason, messageId }) => [
    recipient,
    provider,
    user,
    status,
    String(tries),
    code,
    reason,
    messageId,
  ]);
  const { numAffectedRows } = await sql`
    insert into push_outcomes (publish_id, at, recipient, provider, user_id, status, tries, code, reason, message_id)
    select cast(${publishId} as bigint), cast(${at} as bigint), value ->> 0, value ->> 1, value ->> 2, value ->> 3,
      cast(value ->> 4 as bigint), value ->> 5, value ->> 6, value ->> 7
    from ${jsonRows(dialect, rows)}
    where true
    on conflict do nothing`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

async function removeDevices(
  { dialect }: Database,
  trx: Transaction<Tables>,
  publishId: number,
  { dead }: Settlement,
): Promise<void> {
  const publish = await trx
    .selectFrom('push_publishes')
    .select('app_id')
    .where('id', '=', publishId)
    .executeTakeFirst();
  if (publish !== undefined) await removeDeadDevices(trx, dialect, publish.app_id, dead);
}

/** Undefined: the publish is gone. */
async function advance(
  trx: Transaction<Tables>,
  { publishId }: Job,
  settlement: Settlement,
  counts: Counts,
): Promise<Progress | undefined> {
  const { at, next, targeted, cutShort } = settlement;
  const added = COUNTED.map((name) => sql`${sql.ref(name)} = ${sql.ref(name)} + ${counts[name]}`);
  const { rows } = await sql<Progress>`
    update push_publishes set
      open_jobs = open_jobs + ${next.length - 1},
      turn = (case when turn > ${at} then turn else ${at} end) + ${turnsOf(settlement)},
      targeted = targeted + ${targeted},
      status = case when status = 'scheduled' then 'running' else status end,
      cut_short = case when ${cutShort ? 1 : 0} = 1 then 1 else cut_short end,
      ${sql.join(added)}
    where id = ${publishId}
    returning open_jobs, turn, notify`.execute(trx);
  return rows[0];
}

/** By how much the turn of a publish grows: its jobs that are ready at once. */
function turnsOf({ next, at }: Settlement): number {
  return next.filter(({ runAt }) => runAt <= at).length * TURN_MS;
}

async function finish(
  trx: Transaction<Tables>,
  publishId: number,
  at: number,
  { notify, turn }: Progress,
): Promise<void> {
  await sql`
    update push_publishes set finished_at = ${at}, status = case
      when status = 'cancelled' then 'cancelled'
      when cut_short = 1 or expired > 0 then 'expired'
      else 'finished' end
    where id = ${publishId}`.execute(trx);
  if (notify === 0) return;
  await insertJobs(trx, publishId, [{ work: { kind: 'notify' }, runAt: at, tries: 0 }], at, turn);
}

const NO_COUNTS: Counts = { sent: 0, failed: 0, dead: 0, skipped: 0, expired: 0, cancelled: 0 };

/** A dead device is a failure too. */
function countsOf(outcomes: readonly NewOutcome[]): Counts {
  const counts = { ...NO_COUNTS };
  for (const { status } of outcomes) {
    counts[status] += 1;
    if (status === 'dead') counts.failed += 1;
  }
  return counts;
}

/** When some outcomes were there before: the sums are taken from what is there. */
async function countAgain(trx: Transaction<Tables>, publishId: number): Promise<void> {
  const sums = COUNTED.map((name) => {
    const counted = name === 'failed' ? sql`status in ('failed', 'dead')` : sql`status = ${sql.lit(name)}`;
    const sum = sql`select count(*) from push_outcomes where publish_id = ${publishId} and ${counted}`;
    return sql`${sql.ref(name)} = (${sum})`;
  });
  await sql`update push_publishes set ${sql.join(sums)} where id = ${publishId}`.execute(trx);
}
