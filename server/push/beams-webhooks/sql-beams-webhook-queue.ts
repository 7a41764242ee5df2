/** Webhooks of Beams in the database, shared by all nodes. See the port. */
import { type SelectQueryBuilder, sql } from 'kysely';
import type { BeamsWebhookRow, BeamsWebhookTables } from '../../database/beams-webhook-tables.ts';
import type { Database } from '../../database/database.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Page, PageQuery } from '../device-store.ts';
import type {
  AttemptResult,
  BeamsWebhook,
  BeamsWebhookQueue,
  FailedBeamsWebhook,
  NewBeamsWebhook,
  WebhookTake,
} from './beams-webhook-queue.ts';

/** Lanes that are looked at in one go. */
const LANES = 100;
/** Rows removed in one go. */
const STEP = 1000;

// Literals, because an index over some of the rows is of no use to a statement that could ask for others.
const WAITING = sql<boolean>`state = 'waiting'`;
const SETTLED = sql<boolean>`state <> 'waiting'`;
const FAILED = sql<boolean>`state = 'failed'`;

export class SqlBeamsWebhookQueue implements BeamsWebhookQueue {
  readonly #database: Database;
  readonly #ids: Ids;

  constructor(database: Database, ids: Ids) {
    this.#database = database;
    this.#ids = ids;
  }

  async add(webhooks: readonly NewBeamsWebhook[]): Promise<void> {
    if (webhooks.length === 0) return;
    const rows = webhooks.map(
      (webhook): BeamsWebhookRow => ({
        id: this.#ids.uniqueId(),
        key: webhook.key,
        app_id: webhook.appId,
        webhook_id: webhook.webhookId ?? null,
        url: webhook.url ?? null,
        lane: webhook.lane,
        event_type: webhook.eventType,
        body: webhook.body,
        created_at: webhook.createdAt,
        failures: 0,
        state: 'waiting',
        at: webhook.createdAt,
        reason: '',
      }),
    );
    await this.#database.db
      .insertInto('beams_webhooks')
      .values(rows)
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
  }

  async due(now: number): Promise<{ lanes: string[]; nextAt: number | undefined }> {
    const { db } = this.#database;
    const lanes = await db
      .selectFrom('beams_webhooks')
      .select('lane')
      .distinct()
      .where(WAITING)
      .where('at', '<=', now)
      .limit(LANES)
      .execute();
    const next = await db
      .selectFrom('beams_webhooks')
      .select('at')
      .where(WAITING)
      .where('at', '>', now)
      .orderBy('at')
      .limit(1)
      .executeTakeFirst();
    return { lanes: lanes.map(({ lane }) => lane), nextAt: next?.at };
  }

  take({ lane, now, until, limit }: WebhookTake): Promise<BeamsWebhook[]> {
    return this.#database.transaction(async (trx) => {
      const due = trx
        .selectFrom('beams_webhooks')
        .selectAll()
        .where(WAITING)
        .where('lane', '=', lane)
        .where('at', '<=', now)
        .orderBy('at')
        .limit(limit);
      const rows = await this.#locked(due).execute();
      if (rows.length === 0) return [];
      const ids = rows.map(({ id }) => id);
      await trx.updateTable('beams_webhooks').set({ at: until }).where('id', 'in', ids).execute();
      return rows.map(webhookOf);
    });
  }

  /** Other nodes pass over rows that this one is taking. SQLite has no other nodes. */
  #locked<O>(
    query: SelectQueryBuilder<BeamsWebhookTables, 'beams_webhooks', O>,
  ): SelectQueryBuilder<BeamsWebhookTables, 'beams_webhooks', O> {
    return this.#database.dialect === 'postgres' ? query.forUpdate().skipLocked() : query;
  }

  async settle(id: string, result: AttemptResult, now: number): Promise<void> {
    const update = this.#database.db.updateTable('beams_webhooks').where('id', '=', id).where(WAITING);
    switch (result.kind) {
      case 'delivered':
        // It is remembered as sent; what it said, users' names for one, is nobody's business any more.
        await update.set({ state: 'delivered', at: now, body: '' }).execute();
        break;
      case 'again':
        await update
          .set((row) => ({ at: result.at, reason: result.reason, failures: row('failures', '+', 1) }))
          .execute();
        break;
      case 'failed':
        await update
          .set((row) => ({
            state: 'failed',
            at: now,
            reason: result.reason,
            failures: row('failures', '+', 1),
          }))
          .execute();
        break;
    }
  }

  async failed(
    appId: string | undefined,
    { after = '', limit }: PageQuery,
  ): Promise<Page<FailedBeamsWebhook>> {
    let query = this.#database.db
      .selectFrom('beams_webhooks')
      .selectAll()
      .where(FAILED)
      .where('id', '>', after);
    if (appId !== undefined) query = query.where('app_id', '=', appId);
    const rows = await query
      .orderBy('id')
      .limit(limit + 1)
      .execute();
    const items = rows
      .slice(0, limit)
      .map((row) => ({ ...webhookOf(row), reason: row.reason, failedAt: row.at }));
    return { items, hasMore: rows.length > limit };
  }

  async retry(appId: string, ids: readonly string[] | undefined, now: number): Promise<number> {
    let update = this.#database.db
      .updateTable('beams_webhooks')
      .set({ state: 'waiting', at: now, failures: 0 })
      .where(FAILED)
      .where('app_id', '=', appId);
    if (ids !== undefined) update = update.where('id', 'in', ids);
    const { numUpdatedRows } = await update.executeTakeFirst();
    return Number(numUpdatedRows);
  }

  async forget(before: number): Promise<number> {
    for (let forgotten = 0; ; ) {
      const { numDeletedRows } = await this.#database.db
        .deleteFrom('beams_webhooks')
        .where('id', 'in', (rows) =>
          rows.selectFrom('beams_webhooks').select('id').where(SETTLED).where('at', '<', before).limit(STEP),
        )
        .executeTakeFirst();
      forgotten += Number(numDeletedRows);
      if (numDeletedRows < STEP) return forgotten;
    }
  }
}

function webhookOf(row: BeamsWebhookRow): BeamsWebhook {
  return {
    id: row.id,
    key: row.key,
    appId: row.app_id,
    webhookId: row.webhook_id ?? undefined,
    url: row.url ?? undefined,
    lane: row.lane,
    eventType: row.event_type,
    body: row.body,
    createdAt: row.created_at,
    failures: row.failures,
  };
}
