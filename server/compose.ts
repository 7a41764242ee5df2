/** The composition root: config in, a running node out. Which implementation serves a port is chosen here alone. */
import { applyAppChanges } from './channels/app-changes.ts';
import { Delivery } from './channels/deliver.ts';
import { Hub } from './channels/hub.ts';
import { openApps } from './compose-apps.ts';
import { composeChannels } from './compose-channels.ts';
import { databaseOf } from './compose-database.ts';
import { addRoutes, listen } from './compose-edge.ts';
import type { Workplace } from './compose-hub.ts';
import { memoryParts, RATE_BUCKETS } from './compose-memory.ts';
import type { PartsPorts, SharedParts } from './compose-parts.ts';
import { composePush } from './compose-push.ts';
import { composeSite } from './compose-site.ts';
import { addressPolicyOf, queuedByApp, webhookDelivery } from './compose-webhooks.ts';
import type { Config, RedisSettings } from './config/config.ts';
import { drainConnections } from './drain.ts';
import type { Logger } from './lib/logger.ts';
import { OccasionalLog } from './lib/occasional-log.ts';
import { systemChance } from './lib/system-chance.ts';
import { systemClock } from './lib/system-clock.ts';
import { MemoryRateLimiter } from './limits/memory-rate-limiter.ts';
import { NameLookup } from './outgoing/name-lookup.ts';
import { systemResolve } from './outgoing/system-resolve.ts';
import { Counters } from './telemetry/counters.ts';
import { prometheusMetrics } from './telemetry/prometheus-metrics.ts';
import { PushMeters } from './telemetry/push-meters.ts';
import { UwsFanout } from './uws/uws-fanout.ts';
import { UwsServer } from './uws/uws-server.ts';
import { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import { followApps } from './webhooks/follow-apps.ts';

export interface RunningServer {
  readonly host: string;
  /** The port in use, also when the config said 0. */
  readonly port: number;
  /** Drains and closes; resolves when nothing is left. Calling it again returns the same promise. */
  stop(): Promise<void>;
}

/** Milliseconds between the last close frame and the end of the sockets. */
const LAST_WORDS_MS = 100;

/**
 * Builds a node and starts it. Rejects with a sentence for the operator when it can't listen.
 * @param workplace of a node that is one of several workers on this machine
 */
export async function startServer(
  config: Config,
  logger: Logger,
  workplace?: Workplace,
): Promise<RunningServer> {
  const clock = systemClock;
  const counters = new Counters();
  const log = new OccasionalLog(clock, logger);
  const database = config.database && (await databaseOf(config.database, clock, logger));
  const apps = await openApps(config, database, { clock, log, logger });
  const { registry } = apps;
  const hub = new Hub();
  // All apps from the start, so that metrics show the idle ones too.
  for (const app of registry.all()) hub.of(app);
  const uws = new UwsServer(config.tls);
  const fanout = new UwsFanout(uws.app);

  const endpoints = new EndpointDirectory(registry.all());
  const partsPorts = {
    registry,
    endpoints,
    counters,
    limiterAlone: new MemoryRateLimiter(RATE_BUCKETS, clock),
    clock,
    chance: systemChance,
    log,
    logger,
    config,
  };
  const partsHere = workplace?.parts ?? memoryParts;
  const shared =
    config.redis === undefined ? partsHere(partsPorts) : await overRedis(config.redis, partsPorts);
  await shared.broker.start(new Delivery(hub, fanout, counters));

  const given = { config, registry, hub, clock, counters, log, logger };
  const channels = await composeChannels(shared, given);
  const policy = addressPolicyOf(config);
  const names = new NameLookup(systemResolve, clock);
  const meters = new PushMeters();
  const push = await composePush(config.push, {
    ...shared,
    ...given,
    database,
    policy,
    names,
    meters,
    chance: systemChance,
  });
  const delivery = webhookDelivery(config.webhooks, { ...partsPorts, ...shared, policy, names });

  let stopping: Promise<void> | undefined;
  const draining = (): boolean => stopping !== undefined;
  const metrics = prometheusMetrics(counters, hub, () => queuedByApp(endpoints, shared.webhooks), meters);
  const site = composeSite(config, {
    ...given,
    apps,
    shared,
    channels,
    push,
    endpoints,
    metrics: workplace?.metrics(metrics) ?? metrics,
    ready: () => !draining() && workplace?.ready() !== false,
  });
  addRoutes(uws, config, { ...given, sessions: channels.sessions, publications: fanout, site, draining });

  registry.onChange((changes) => applyAppChanges(hub, clock, changes));
  followApps(registry, { endpoints, delivery, counters, policy, logger });
  delivery.start();
  push.start();
  await shared.start();
  const close = async (): Promise<void> => {
    shared.stop();
    await apps.stop();
    await database?.close();
  };
  const port = await listen(uws, config, workplace).catch(async (error: unknown) => {
    await push.stop(0);
    await close();
    throw error;
  });
  logger.info({ host: config.host, port, apps: [...registry.all()].length }, 'listening');

  const stop = async (): Promise<void> => {
    logger.info({ connections: hub.size }, 'stopping');
    shared.handOver();
    // Still listening: who comes now is told to come back later, and balancers see that the node is not ready.
    await drainConnections(hub, clock, config.drainSeconds * 1000);
    uws.stopListening();
    // The close frames and the last answers are on their way.
    await clock.pause(LAST_WORDS_MS);
    channels.stop();
    uws.close();
    await shared.withdraw().catch((err: unknown) => logger.warn({ err }, 'left to other nodes: presence'));
    // Nothing can happen any more that a backend would have to be told.
    const drainMs = config.webhooks.drainSeconds * 1000;
    await Promise.all([delivery.stop(drainMs), push.stop(drainMs)]);
    await close();
    logger.info({}, 'stopped');
  };
  return {
    host: config.host,
    port,
    stop() {
      // Set before the first step, so that `draining` is true from here on.
      stopping ??= Promise.resolve().then(stop);
      return stopping;
    },
  };
}

/** Loaded by those who use Redis: what is loaded stays in memory, and is looked through by each full collection. */
async function overRedis(settings: RedisSettings, ports: PartsPorts): Promise<SharedParts> {
  const { redisParts } = await import('./compose-redis.ts');
  return redisParts(settings, ports);
}
