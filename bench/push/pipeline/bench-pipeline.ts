/** The push pipeline as a node has it, over a database and our FCM provider; nothing else of the node. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseSettings } from '../../../server/config/config.ts';
import type { Database } from '../../../server/database/database.ts';
import { openDatabase } from '../../../server/database/open-database.ts';
import type { Logger } from '../../../server/lib/logger.ts';
import { randomIds } from '../../../server/lib/random-ids.ts';
import { systemChance } from '../../../server/lib/system-chance.ts';
import { systemClock } from '../../../server/lib/system-clock.ts';
import { buildPush } from '../../../server/push/build-push.ts';
import { PIPELINE_DEFAULTS } from '../../../server/push/pipeline.ts';
import type { PublishReport } from '../../../server/push/publish.ts';
import type { PushProvider } from '../../../server/push/push-provider.ts';
import { SharedNames } from '../../../server/push/storage/shared-names.ts';
import { SqlAudience } from '../../../server/push/storage/sql-audience.ts';
import { SqlPushQueue } from '../../../server/push/storage/sql-push-queue.ts';
import { FCM_PAYLOAD } from '../notification.ts';
import { APP, INTEREST } from './audience-fill.ts';

/** Milliseconds between looks whether a publish is finished: rare enough to cost next to nothing. */
const LOOK_MS = 250;
const INSTANCE = '11111111-1111-4111-8111-111111111111';

const nothing = (): undefined => undefined;
const complain = (fields: object, message: string): void => console.error(message, fields);
const logger: Logger = { debug: nothing, info: nothing, warn: complain, error: complain };

export interface BenchPipeline {
  /** Accepts a publish as Beams' door does, to all devices; fulfilled when the last outcome is noted. */
  publish(): Promise<PublishReport>;
  /** Outcomes of a publish that are in the database, one for each device. */
  outcomes(publicId: string): Promise<number>;
  stop(): Promise<void>;
}

export function openBenchDatabase(settings: DatabaseSettings): Promise<Database> {
  return openDatabase(settings, systemClock, logger);
}

export async function startPipeline(
  settings: DatabaseSettings,
  provider: PushProvider,
): Promise<BenchPipeline> {
  const database = await openBenchDatabase(settings);
  const push = buildPush(
    {
      queue: await SqlPushQueue.open(database),
      audience: new SqlAudience(database, new SharedNames(() => [])),
      devices: undefined,
      providersOf: () => new Map([['fcm', provider]]),
      instanceOf: () => INSTANCE,
      connected: () => [],
      userValues: async () => new Map(),
      hook: { wants: () => false, finished: async () => undefined },
      metrics: { attempted: nothing, jobDone: nothing, scheduled: nothing },
      ids: randomIds(),
      clock: systemClock,
      chance: systemChance,
      logger,
    },
    PIPELINE_DEFAULTS,
    { keepDays: 30, maxInactiveDeviceDays: 0 },
  );
  push.start();
  return {
    async publish() {
      const accepted = await push.publishing.accept(PUBLISH);
      if (accepted.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(accepted)}`);
      for (;;) {
        const report = await push.publishing.report(APP, accepted.publicId);
        if (report?.finishedAt !== undefined) return report;
        await pause(LOOK_MS);
      }
    },
    async outcomes(publicId) {
      const { count } = await database.db
        .selectFrom('push_outcomes')
        .innerJoin('push_publishes', 'push_publishes.id', 'push_outcomes.publish_id')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('push_publishes.public_id', '=', publicId)
        .where('push_outcomes.status', '=', 'sent')
        .executeTakeFirstOrThrow();
      return count;
    },
    async stop() {
      await push.stop(1000);
      provider.close();
      await database.close();
    },
  };
}

const PUBLISH = {
  appId: APP,
  door: 'beams',
  publicId: undefined,
  target: { kind: 'interests', interests: [INTEREST] },
  payloads: { fcm: FCM_PAYLOAD },
  sendAt: undefined,
  expiresAt: undefined,
  offlineOnly: undefined,
  variables: undefined,
  idempotency: undefined,
  publishWebhook: undefined,
} as const;
