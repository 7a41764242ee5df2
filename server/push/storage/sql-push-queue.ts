/** The push queue in the database, where several nodes may share it. */
import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Page, PageQuery } from '../device-store.ts';
import type { Job, Lane, NewJob } from '../jobs.ts';
import type { Outcome, PublishReport } from '../publish.ts';
import type {
  AcceptedPublish,
  Claim,
  Claimed,
  FinishedPublish,
  NewReceipt,
  PushQueue,
  QueuedPublish,
  Settlement,
} from '../push-queue.ts';
import { acceptPublish } from './sql-accepting.ts';
import { claimJobs, extendLeases, postponeJob, releaseLeases } from './sql-claiming.ts';
import { forgetPublishes } from './sql-forgetting.ts';
import {
  finishedPublish,
  keepReceipt,
  listOutcomes,
  readPublish,
  reportPublish,
} from './sql-publish-reports.ts';
import { settleJob } from './sql-settling.ts';

export class SqlPushQueue implements PushQueue {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** SQLite's file belongs to one process: whoever held leases there is dead. */
  static async open(database: Database): Promise<SqlPushQueue> {
    if (database.dialect === 'sqlite') await releaseLeases(database, undefined);
    return new SqlPushQueue(database);
  }

  accept(
    publish: AcceptedPublish,
    jobs: readonly NewJob[],
    targeted: number,
  ): ReturnType<PushQueue['accept']> {
    return acceptPublish(this.#database, publish, jobs, targeted);
  }

  publish(id: number): Promise<QueuedPublish | undefined> {
    return readPublish(this.#database, id);
  }

  claim(claim: Claim): Promise<Claimed> {
    return claimJobs(this.#database, claim);
  }

  extend(owner: string, ids: readonly number[], leaseUntil: number): Promise<readonly number[]> {
    return extendLeases(this.#database, owner, ids, leaseUntil);
  }

  release(owner: string): Promise<void> {
    return releaseLeases(this.#database, owner);
  }

  postpone(job: Job, runAt: number): Promise<void> {
    return postponeJob(this.#database, job, runAt);
  }

  settle(job: Job, settlement: Settlement): Promise<boolean> {
    return settleJob(this.#database, job, settlement);
  }

  async cancel(appId: string, publicId: string, now: number): Promise<boolean> {
    return this.#database.transaction(async (trx) => {
      const cancelled = await trx
        .updateTable('push_publishes')
        .set({ status: 'cancelled' })
        .where('app_id', '=', appId)
        .where('public_id', '=', publicId)
        .where('status', 'in', ['scheduled', 'running'])
        .returning('id')
        .executeTakeFirst();
      if (cancelled === undefined) return false;
      await trx
        .updateTable('push_jobs')
        .set({ state: 'ready', run_at: now, turn: now })
        .where('publish_id', '=', cancelled.id)
        .where('state', '=', 'waiting')
        .execute();
      return true;
    });
  }

  report(appId: string, publicId: string): Promise<PublishReport | undefined> {
    return reportPublish(this.#database, appId, publicId);
  }

  outcomes(appId: string, publicId: string, page: PageQuery): Promise<Page<Outcome>> {
    return listOutcomes(this.#database, appId, publicId, page);
  }

  finished(publishId: number): Promise<FinishedPublish | undefined> {
    return finishedPublish(this.#database, publishId);
  }

  receive(receipt: NewReceipt): Promise<boolean> {
    return keepReceipt(this.#database, receipt);
  }

  forget(before: number): Promise<number> {
    return forgetPublishes(this.#database, before);
  }

  async backlog(now: number): Promise<ReadonlyMap<Lane, number>> {
    const { rows } = await sql<{ lane: Lane; count: number }>`
      select lane, count(*) as count from push_jobs
      where state = 'ready' or (state = 'waiting' and run_at <= ${now})
      group by lane`.execute(this.#database.db);
    return new Map(rows.map(({ lane, count }) => [lane, count]));
  }
}
