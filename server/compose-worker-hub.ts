/** What a node of several workers without Redis has once, in their parent. Part of the composition root. */
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import { MemoryChannelCache } from './cache/memory-channel-cache.ts';
import { openApps } from './compose-apps.ts';
import { databaseOf } from './compose-database.ts';
import { DEPARTURES, RATE_BUCKETS } from './compose-memory.ts';
import { addressPolicyOf, queuedByApp, webhookDelivery } from './compose-webhooks.ts';
import type { Config } from './config/config.ts';
import type { HubLink } from './hub/hub-link.ts';
import { HubServer } from './hub/hub-server.ts';
import type { WorkerService } from './hub/hub-services.ts';
import { HubTopics } from './hub/hub-topics.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { OccasionalLog } from './lib/occasional-log.ts';
import { randomIds } from './lib/random-ids.ts';
import { systemChance } from './lib/system-chance.ts';
import { MemoryRateLimiter } from './limits/memory-rate-limiter.ts';
import { NameLookup } from './outgoing/name-lookup.ts';
import { systemResolve } from './outgoing/system-resolve.ts';
import { MemoryDepartures } from './presence/memory-departures.ts';
import { MemoryPresenceStore } from './presence/memory-presence-store.ts';
import type { Counters } from './telemetry/counters.ts';
import type { QueuedWebhooks } from './telemetry/prometheus-metrics.ts';
import { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import { followApps } from './webhooks/follow-apps.ts';
import { MemoryDeadLetters } from './webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from './webhooks/memory-webhook-queue.ts';

export interface WorkerHub {
  add(nodeNumber: number, link: HubLink<WorkerService>): void;
  remove(nodeNumber: number): void;
  readonly queued: QueuedWebhooks;
  /** Called when no worker is left: what waits for receivers has `ms` to reach them. */
  stop(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Where there is Redis, workers are nodes of their own. */
export const NO_HUB: WorkerHub = {
  add: () => undefined,
  remove: () => undefined,
  queued: () => [],
  stop: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

export interface WorkerHubPorts {
  readonly counters: Counters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rejects with a sentence for the operator when the apps can't be read. */
export async function openWorkerHub(
  config: Config,
  { counters, clock, logger }: WorkerHubPorts,
): Promise<WorkerHub> {
  const log = new OccasionalLog(clock, logger);
  const database = config.database && (await databaseOf(config.database, clock, logger));
  const apps = await openApps(config, database, { clock, log, logger });
  const { registry } = apps;
  const endpoints = new EndpointDirectory(registry.all());
  const ports = { registry, endpoints, counters, clock, chance: systemChance, log, logger, ids: randomIds() };

  const topics = new HubTopics({ clock, log });
  const deadLetters = new MemoryDeadLetters(config.webhooks, ports);
  const webhooks = new MemoryWebhookQueue(config.webhooks, { ...ports, deadLetters });
  const server = new HubServer({
    topics,
    presence: new MemoryPresenceStore({ broker: topics, webhooks, registry, clock }),
    cache: new MemoryChannelCache(config.cache, topics, clock),
    departures: new MemoryDepartures(DEPARTURES, clock),
    limiter: new MemoryRateLimiter(RATE_BUCKETS, clock),
    revocations: new MemoryGrantStore(),
    webhooks,
    deadLetters,
    endpoints,
    clock,
  });

  const policy = addressPolicyOf(config);
  const names = new NameLookup(systemResolve, clock);
  const delivery = webhookDelivery(config.webhooks, { ...ports, webhooks, deadLetters, policy, names });
  followApps(registry, { endpoints, delivery, counters, policy, logger });
  delivery.start();
  return {
    add: server.add.bind(server),
    remove: server.remove.bind(server),
    queued: () => queuedByApp(endpoints, webhooks),
    stop: (ms) => delivery.stop(ms),
    async close() {
      await apps.stop();
      await database?.close();
    },
  };
}
