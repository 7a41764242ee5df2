/** A process of its own for each part: one fills the registry, another, whose memory is watched, publishes to it. */
import type { DatabaseSettings } from '../../../server/config/config.ts';
import { FcmProvider } from '../../../server/push/providers/fcm-provider.ts';
import type { PublishCounts } from '../../../server/push/publish.ts';
import { providerPorts } from '../provider-ports.ts';
import type { FakeFacts } from '../push-sender.ts';
import { fillAudience } from './audience-fill.ts';
import { openBenchDatabase, startPipeline } from './bench-pipeline.ts';

export type AudienceOrder =
  | { readonly kind: 'fill'; readonly database: DatabaseSettings; readonly devices: number }
  | { readonly kind: 'publish'; readonly database: DatabaseSettings; readonly fcm: FakeFacts };

export type AudienceReport =
  | { readonly kind: 'filled' }
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'published';
      readonly counts: PublishCounts;
      readonly outcomes: number;
      readonly cpuMs: number;
      readonly wallMs: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

const tell = (report: AudienceReport): void => void process.send?.(report);

process.on('message', (order: AudienceOrder) => {
  obey(order).then(tell, (error: unknown) =>
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

async function obey(order: AudienceOrder): Promise<AudienceReport> {
  if (order.kind === 'publish') return publish(order);
  const database = await openBenchDatabase(order.database);
  await fillAudience(database, order.devices);
  await database.close();
  return { kind: 'filled' };
}

async function publish({
  database,
  fcm,
}: Extract<AudienceOrder, { kind: 'publish' }>): Promise<AudienceReport> {
  const { credentials = '', endpoint } = fcm;
  const pipeline = await startPipeline(database, new FcmProvider({ credentials, endpoint }, providerPorts()));
  tell({ kind: 'ready' });
  const started = performance.now();
  const before = process.cpuUsage();
  const { publicId, counts } = await pipeline.publish();
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - started;
  const outcomes = await pipeline.outcomes(publicId);
  await pipeline.stop();
  return { kind: 'published', counts, outcomes, cpuMs: (user + system) / 1000, wallMs };
}
