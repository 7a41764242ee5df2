/** Leases of jobs, in tables. */
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { type Job, LANES, type Lane } from '../jobs.ts';
import type { PublishStatus } from '../publish.ts';
import type { Claim, Claimed, Room } from '../push-queue.ts';
import { jsonNumbers } from './json-rows.ts';

/** Jobs that become ready in one step. */
const STEP = 500;

/** What there is to do, read from the ends of indexes. */
type Look = { waiting: number | null; leased: number | null } & Record<Lane, number | null>;

type TakenRow = {
  id: number;
  publish_id: number;
  claims: number;
  tries: number;
  work: string;
  /** Of the publish; null if it is gone. */
  status: PublishStatus | null;
  open_jobs: number | null;
};

export async function claimJobs(database: Database, claim: Claim): Promise<Claimed> {
  const { now, lostBefore } = claim;
  let look = await lookAt(database);
  if (isDue(look.waiting, now) || isDue(look.leased, lostBefore)) {
    await makeReady(database, claim);
    look = await lookAt(database);
  }
  const rooms = claim.rooms.filter(({ lane }) => look[lane] !== null);
  const jobs = rooms.length === 0 ? [] : await take(database, rooms, claim);
  const times = [look.waiting, look.leased].filter((at) => at !== null);
  return { jobs, nextAt: times.length === 0 ? undefined : Math.min(...times) };
}

const isDue = (at: number | null, now: number): boolean => at !== null && at <= now;

/** The smallest turn of each lane's ready jobs, and when others become ready. */
async function lookAt({ db }: Database): Promise<Look> {
  const lanes = LANES.map(
    (lane) =>
      sql`(select min(turn) from push_jobs where state = 'ready' and lane = ${lane}) as ${sql.ref(lane)}`,
  );
  const { rows } = await sql<Look>`
    select (select min(run_at) from push_jobs where state = 'waiting') as waiting,
      (select min(lease_until) from push_jobs where state = 'leased') as leased,
      ${sql.join(lanes)}`.execute(db);
  const [look] = rows;
  if (look === undefined) throw new TypeError('a select without a table has one row');
  return look;
}

/** Jobs whose time has come, and those whose worker is not heard of any more. */
async function makeReady(database: Database, { now, lostBefore }: Claim): Promise<void> {
  await database.transaction(async (trx) => {
    await sql`
      update push_jobs set state = 'ready' where id in (
        select id from push_jobs where state = 'waiting' and run_at <= ${now}
        order by run_at limit ${STEP} ${skippingLocked(database)}
      )`.execute(trx);
    await sql`
      update push_jobs set state = 'ready', owner = null, lease_until = null where id in (
        select id from push_jobs where state = 'leased' and lease_until <= ${lostBefore}
        order by lease_until limit ${STEP} ${skippingLocked(database)}
      )`.execute(trx);
  });
}

/** SQLite has one writer at a time. */
function skippingLocked({ dialect }: Database): RawBuilder<unknown> {
  return dialect === 'postgres' ? sql`for update skip locked` : sql``;
}

async function take(database: Database, rooms: readonly Room[], claim: Claim): Promise<Job[]> {
  return database.transaction(async (trx) => {
    const ids: number[] = [];
    for (const room of rooms) ids.push(...(await fitting(database, trx, room)));
    if (ids.length === 0) return [];
    const { rows } = await sql<TakenRow>`
      update push_jobs
      set state = 'leased', owner = ${claim.owner}, lease_until = ${claim.leaseUntil}, claims = claims + 1
      where id in (${jsonNumbers(database.dialect, ids)})
      returning id, publish_id, claims, tries, work,
        (select status from push_publishes where push_publishes.id = publish_id) as status,
        (select open_jobs from push_publishes where push_publishes.id = publish_id) as open_jobs`.execute(
      trx,
    );
    return rows.map(jobOf);
  });
}

/** The next jobs of a lane that there is room for. */
async function fitting(database: Database, trx: Transaction<Tables>, room: Room): Promise<number[]> {
  const { rows } = await sql<{ id: number; size: number }>`
    select id, size from push_jobs where state = 'ready' and lane = ${room.lane}
    order by turn, id limit ${room.jobs} ${skippingLocked(database)}`.execute(trx);
  let recipients = room.recipients;
  const ids: number[] = [];
  for (const { id, size } of rows) {
    if (size > recipients && !(room.idle && ids.length === 0)) break;
    ids.push(id);
    recipients -= size;
  }
  return ids;
}

function jobOf({ id, publish_id, claims, tries, work, status, open_jobs }: TakenRow): Job {
  return {
    id,
    publishId: publish_id,
    work: JSON.parse(work),
    tries,
    claims,
    cancelled: status === 'cancelled',
    openJobs: open_jobs ?? 0,
  };
}

export async function extendLeases(
  { db, dialect }: Database,
  owner: string,
  ids: readonly number[],
  leaseUntil: number,
): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number }>`
    update push_jobs set lease_until = ${leaseUntil}
    where id in (${jsonNumbers(dialect, ids)}) and state = 'leased' and owner = ${owner}
    returning id`.execute(db);
  return rows.map(({ id }) => id);
}

/** Ready again at once; all of them if there is no other process that could be at work. */
export async function releaseLeases({ db }: Database, owner: string | undefined): Promise<void> {
  const whose = owner === undefined ? sql`` : sql`and owner = ${owner}`;
  await sql`
    update push_jobs set state = 'ready', owner = null, lease_until = null
    where state = 'leased' ${whose}`.execute(db);
}

export async function postponeJob({ db }: Database, { id, claims }: Job, runAt: number): Promise<void> {
  await sql`
    update push_jobs set state = 'waiting', run_at = ${runAt}, owner = null, lease_until = null
    where state = 'leased' and id = ${id} and claims = ${claims}`.execute(db);
}
