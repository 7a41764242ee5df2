/**
 * A node of several workers: this process keeps them, and where there is no Redis, is their hub. Part of the
 * composition root.
 */
import { availableParallelism } from 'node:os';
import type { MetricObject } from 'prom-client';
import { Hub } from './channels/hub.ts';
import type { RunningServer } from './compose.ts';
import { NO_HUB, openWorkerHub } from './compose-worker-hub.ts';
import type { Config } from './config/config.ts';
import type { HubLink } from './hub/hub-link.ts';
import type { WorkerService } from './hub/hub-services.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { randomNodeNumber } from './lib/random-ids.ts';
import { systemChance } from './lib/system-chance.ts';
import { systemClock } from './lib/system-clock.ts';
import { Counters } from './telemetry/counters.ts';
import type { MetricsPage } from './telemetry/metrics.ts';
import { prometheusMetrics } from './telemetry/prometheus-metrics.ts';
import { PushMeters } from './telemetry/push-meters.ts';
import { summedMetrics, workerMetrics } from './telemetry/summed-metrics.ts';
import { checkPort, freePort } from './uws/port-check.ts';
import type { SpawnWorker } from './workers/spawn-worker.ts';
import { Supervisor } from './workers/supervisor.ts';

/** Milliseconds that a page of metrics waits for a worker. */
const METRICS_MS = 2000;

/** How many workers a node has. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/** Starts the workers of a node. Rejects with a sentence for the operator when they can't be. */
export async function startWorkers(
  config: Config,
  logger: Logger,
  spawn: SpawnWorker,
): Promise<RunningServer> {
  const clock = systemClock;
  const { host } = config;
  await checkPort(host, config.port);
  const port = config.port === 0 ? await freePort(host) : config.port;
  const counters = new Counters();
  const hub = config.redis === undefined ? await openWorkerHub(config, { counters, clock, logger }) : NO_HUB;
  const own = prometheusMetrics(counters, new Hub(), hub.queued, new PushMeters());
  const supervisor: Supervisor = new Supervisor({
    spawn,
    nodeNumber: randomNodeNumber,
    joined: hub.add,
    left: hub.remove,
    metrics: () => page(),
    clock,
    chance: systemChance,
    logger,
  });
  const ofWorkers = workerMetrics(
    () => supervisor.listening().length,
    () => supervisor.restarts,
  );
  const page = async (): Promise<MetricsPage> => {
    const workers = await Promise.all(supervisor.listening().map((link) => valuesOf(link, clock)));
    return summedMetrics([await ofWorkers.getMetricsAsJSON(), await own.values(), ...workers]);
  };

  const count = workerCount(config);
  try {
    await supervisor.start(count, port);
  } catch (error) {
    await hub.close();
    throw error;
  }
  logger.info({ host, port, workers: count }, 'all workers listen');

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await hub.stop(config.webhooks.drainSeconds * 1000);
    await hub.close();
    logger.info({}, 'all workers stopped');
  };
  return {
    host,
    port,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** A worker's metrics; none from one that is too busy, or just going. */
function valuesOf(link: HubLink<WorkerService>, clock: Clock): Promise<MetricObject[]> {
  return new Promise((resolve) => {
    const cancel = clock.after(METRICS_MS, () => resolve([]));
    link
      .call('ownMetrics', undefined)
      .catch(() => [])
      .then((values) => {
        cancel();
        resolve(values);
      });
  });
}
