/**
 * Puts the push pipeline together: `publishing` for the doors, workers that send, housekeeping. Needs no server around
 * it, so that it can be measured and tested alone.
 */
import type { Ids } from '../lib/ids.ts';
import { OccasionalLog } from '../lib/occasional-log.ts';
import type { DeviceStore } from './device-store.ts';
import { Housekeeping, type KeepingSettings } from './housekeeping.ts';
import { LANES, type Lane } from './jobs.ts';
import type { PipelinePorts, PipelineSettings } from './pipeline.ts';
import { Publisher } from './publisher.ts';
import type { Publishing } from './publishing.ts';
import { PushWorkers } from './push-workers.ts';

export interface PushParts extends Omit<PipelinePorts, 'log'> {
  /** Undefined without a database, as `audience` is. */
  readonly devices: DeviceStore | undefined;
  readonly ids: Ids;
}

export interface Push {
  readonly publishing: Publishing;
  /** Takes up what is in the queue, from before this process too. */
  start(): void;
  /** Sends nothing more and notes what is under way, for at most `ms`; the rest stays in the queue for others. */
  stop(ms: number): Promise<void>;
  /** Jobs under way on this node. */
  inFlight(): ReadonlyMap<Lane, number>;
  /** Jobs that are due and wait for a worker, in the whole queue. */
  backlog(): Promise<ReadonlyMap<Lane, number>>;
}

export function buildPush(parts: PushParts, settings: PipelineSettings, keeping: KeepingSettings): Push {
  const { queue, clock, logger, ids } = parts;
  const ports: PipelinePorts = { ...parts, log: new OccasionalLog(clock, logger) };
  const workers = new PushWorkers(settings, ports, ids);
  const housekeeping = new Housekeeping(keeping, parts);
  return {
    publishing: new Publisher(parts, () => workers.wake()),
    start() {
      workers.start();
      housekeeping.start();
    },
    async stop(ms) {
      await Promise.all([workers.stop(ms), housekeeping.stop()]);
    },
    inFlight: () => new Map(LANES.map((lane) => [lane, workers.running(lane)])),
    backlog: () => queue.backlog(clock.now()),
  };
}
