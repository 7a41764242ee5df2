/** Our FCM provider by itself, and the same below the whole pipeline: accept, expand, send, record the outcomes. */
import type { DatabaseSettings } from '../../../server/config/config.ts';
import { JOB_SIZE } from '../../../server/push/jobs.ts';
import { FcmProvider } from '../../../server/push/providers/fcm-provider.ts';
import { FCM_PAYLOAD, fcmToken } from '../notification.ts';
import { fillAudience } from '../pipeline/audience-fill.ts';
import { openBenchDatabase, startPipeline } from '../pipeline/bench-pipeline.ts';
import { postgresAt, scratchFolder } from '../pipeline/scratch-database.ts';
import { providerPorts, throughProvider } from '../provider-ports.ts';
import { factsOf, type PushSender, type RunningSender, type SenderSettings } from '../push-sender.ts';

/** Jobs under way at once in the pipeline. */
const LANES = 2;

export const pipelineBare: PushSender = {
  name: 'pipeline-bare',
  summary: 'our FCM provider by itself, in pieces as the pipeline makes them',
  needsPeers: false,
  wholePublishes: true,
  start: async (settings) => {
    const { send, stop } = throughProvider(fcmProvider(settings), FCM_PAYLOAD, fcmToken);
    return {
      stop,
      send: async (count) => {
        let left = count;
        const lane = async (): Promise<number> => {
          let taken = 0;
          while (left > 0) {
            const piece = Math.min(left, JOB_SIZE);
            left -= piece;
            taken += await send(piece);
          }
          return taken;
        };
        const lanes = await Promise.all(Array.from({ length: LANES }, lane));
        return lanes.reduce((sum, one) => sum + one, 0);
      },
    };
  },
};

export const pipelineSqlite: PushSender = {
  name: 'pipeline-sqlite',
  summary: 'publishes to one interest, over SQLite (its thread is counted)',
  needsPeers: false,
  wholePublishes: true,
  start: (settings) => publishing(settings, scratchFolder()),
};

export const pipelinePostgres: PushSender = {
  name: 'pipeline-postgres',
  summary: 'publishes to one interest, over PostgreSQL (whose own processes are not counted)',
  needsPeers: false,
  needsPostgres: true,
  wholePublishes: true,
  start: (settings) => publishing(settings, postgresAt(factsOf(settings, 'postgres')('url'))),
};

function fcmProvider(settings: SenderSettings): FcmProvider {
  const fact = factsOf(settings, 'fcm');
  return new FcmProvider({ credentials: fact('credentials'), endpoint: fact('endpoint') }, providerPorts());
}

async function publishing(settings: SenderSettings, database: DatabaseSettings): Promise<RunningSender> {
  const registry = await openBenchDatabase(database);
  await fillAudience(registry, settings.devices);
  await registry.close();
  const pipeline = await startPipeline(database, fcmProvider(settings));
  return {
    send: async (count) => {
      const { counts } = await pipeline.publish();
      if (counts.targeted !== count || counts.sent !== count) {
        throw new Error(`${count} devices, and ${JSON.stringify(counts)}`);
      }
      return counts.sent;
    },
    stop: () => void pipeline.stop(),
  };
}
