/** What became of publishes, as it stands in tables. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { OutcomeRow, PublishRow } from '../../database/push-tables.ts';
import type { Page, PageQuery } from '../device-store.ts';
import { classifyUsers, countByProvider, deviceIdOf, type UserOutcome } from '../outcome-summaries.ts';
import type { Outcome, PublishReport } from '../publish.ts';
import type { FinishedPublish, NewReceipt, QueuedPublish } from '../push-queue.ts';

export async function readPublish({ db }: Database, id: number): Promise<QueuedPublish | undefined> {
  const row = await db.selectFrom('push_publishes').selectAll().where('id', '=', id).executeTakeFirst();
  return row && queuedPublish(row);
}

function queuedPublish(row: Selectable<PublishRow>): QueuedPublish {
  const { idempotency_key: key, fingerprint } = row;
  return {
    id: row.id,
    appId: row.app_id,
    publicId: row.public_id,
    door: row.door,
    target: JSON.parse(row.target),
    payloads: JSON.parse(row.payloads),
    variables: row.variables === null ? undefined : JSON.parse(row.variables),
    publishWebhook: row.publish_webhook === null ? undefined : JSON.parse(row.publish_webhook),
    offlineOnly: row.offline_within_ms === null ? undefined : { withinMs: row.offline_within_ms },
    idempotency: key === null || fingerprint === null ? undefined : { key, fingerprint },
    sendAt: row.send_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    createdAt: row.created_at,
    notify: row.notify === 1,
  };
}

export async function reportPublish(
  { db }: Database,
  appId: string,
  publicId: string,
): Promise<PublishReport | undefined> {
  const row = await db
    .selectFrom('push_publishes')
    .selectAll()
    .where('app_id', '=', appId)
    .where('public_id', '=', publicId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const receipts = await db
    .selectFrom('push_receipts')
    .select(({ fn }) => ['kind', fn.countAll<number>().as('count')])
    .where('publish_id', '=', row.id)
    .groupBy('kind')
    .execute();
  const received = (kind: 'delivered' | 'opened'): number =>
    receipts.find((receipt) => receipt.kind === kind)?.count ?? 0;
  const { targeted, sent, failed, dead, skipped, expired, cancelled } = row;
  return {
    publicId,
    door: row.door,
    status: row.status,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
    counts: {
      targeted,
      sent,
      failed,
      dead,
      skipped,
      expired,
      cancelled,
      delivered: received('delivered'),
      opened: received('opened'),
    },
  };
}

type ReportedRow = OutcomeRow & {
  /** Of the device as it stands now, if it hasn't changed since. */
  owner: string | null;
  delivered_at: number | null;
  opened_at: number | null;
};

export async function listOutcomes(
  { db }: Database,
  appId: string,
  publicId: string,
  { after, limit }: PageQuery,
): Promise<Page<Outcome>> {
  const receivedAt = (kind: 'delivered' | 'opened') => sql`(
    select at from push_receipts
    where publish_id = outcome.publish_id and device_id = outcome.recipient and kind = ${sql.lit(kind)})`;
  const { rows } = await sql<ReportedRow>`
    select outcome.*, devices.user_id as owner, ${receivedAt('delivered')} as delivered_at, ${receivedAt('opened')} as opened_at
    from push_outcomes as outcome
    left join devices on devices.id = outcome.recipient and devices.updated_at <= outcome.at
    where publish_id = (select id from push_publishes where app_id = ${appId} and public_id = ${publicId})
      and recipient > ${after ?? ''}
    order by recipient limit ${limit + 1}`.execute(db);
  return { items: rows.slice(0, limit).map(outcomeOf), hasMore: rows.length > limit };
}

function outcomeOf(row: ReportedRow): Outcome {
  return {
    key: row.recipient,
    deviceId: deviceIdOf(row.recipient),
    provider: row.provider,
    user: row.user_id ?? row.owner ?? undefined,
    status: row.status,
    tries: row.tries,
    code: row.code ?? undefined,
    reason: row.reason ?? undefined,
    messageId: row.message_id ?? undefined,
    at: row.at,
    deliveredAt: row.delivered_at ?? undefined,
    openedAt: row.opened_at ?? undefined,
  };
}

export async function finishedPublish(database: Database, id: number): Promise<FinishedPublish | undefined> {
  const { db } = database;
  const publish = await readPublish(database, id);
  if (publish === undefined) return undefined;
  const { appId, publicId, door, target, publishWebhook } = publish;
  const report = await reportPublish(database, appId, publicId);
  if (report === undefined) return undefined;
  const counted = await db
    .selectFrom('push_outcomes')
    .select(({ fn }) => ['provider', 'status', fn.countAll<number>().as('count')])
    .where('publish_id', '=', id)
    .groupBy(['provider', 'status'])
    .execute();
  return {
    appId,
    publicId,
    door,
    target,
    publishWebhook,
    status: report.status,
    counts: report.counts,
    byProvider: countByProvider(counted),
    users:
      target.kind === 'users' ? classifyUsers(target.users, await userOutcomes(database, id)) : undefined,
  };
}

async function userOutcomes({ db }: Database, id: number): Promise<UserOutcome[]> {
  const rows = await db
    .selectFrom('push_outcomes')
    .select(['user_id', 'status'])
    .where('publish_id', '=', id)
    .where('user_id', 'is not', null)
    .groupBy(['user_id', 'status'])
    .execute();
  return rows.map(({ user_id, status }) => ({ user: user_id ?? '', status }));
}

export async function keepReceipt({ db }: Database, receipt: NewReceipt): Promise<boolean> {
  const { appId, publicId, deviceId, kind, at, clientTime, flags } = receipt;
  const { numAffectedRows } = await sql`
    insert into push_receipts (publish_id, device_id, kind, at, client_time, flags)
    select id, cast(${deviceId} as text), cast(${kind} as text), cast(${at} as bigint),
      cast(${clientTime ?? null} as bigint), cast(${JSON.stringify(flags)} as text)
    from push_publishes where app_id = ${appId} and public_id = ${publicId}
    on conflict do nothing`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}
