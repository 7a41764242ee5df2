/** The composition root: config in, a running node out. Which implementation serves a port is chosen here alone. */
import { AppAuth } from './auth/app-auth.ts';
import { AuthApps } from './auth/auth-apps.ts';
import { FetchBackendClient } from './auth/fetch-backend-client.ts';
import { identifierOf } from './auth/identifiers.ts';
import { SubscriptionGrants } from './auth/subscription-grants.ts';
import { applyAppChanges } from './channels/app-changes.ts';
import { CacheMisses } from './channels/cache-misses.ts';
import type { Subscription } from './channels/channel.ts';
import { ClientEventCommand } from './channels/client-event.ts';
import { Delivery } from './channels/deliver.ts';
import { Publisher } from './channels/event-publisher.ts';
import { Hub } from './channels/hub.ts';
import { SignInCommand } from './channels/signin.ts';
import { SubscribeCommand } from './channels/subscribe.ts';
import { UnsubscribeCommand } from './channels/unsubscribe.ts';
import { openApps } from './compose-apps.ts';
import { databaseOf } from './compose-database.ts';
import type { Workplace } from './compose-hub.ts';
import { memoryParts } from './compose-memory.ts';
import type { PartsPorts, SharedParts } from './compose-parts.ts';
import { composePush } from './compose-push.ts';
import { addressPolicyOf, queuedByApp, webhookDelivery } from './compose-webhooks.ts';
import type { Config, RedisSettings } from './config/config.ts';
import { DEVELOPMENT_APP_ID, DEVELOPMENT_CREDENTIAL } from './config/development-app.ts';
import { DEFAULT_PORT } from './config/schema.ts';
import { type ConsoleAsset, consoleAssets } from './console/assets.ts';
import { drainConnections } from './drain.ts';
import { AdminApi } from './http/admin-api.ts';
import { apiRoutes } from './http/api-routes.ts';
import { AuthSite } from './http/auth/auth-site.ts';
import { appRoutes } from './http/endpoints/apps-admin.ts';
import { deadLetterRoutes } from './http/endpoints/dead-letters-admin.ts';
import { nodePages } from './http/pages.ts';
import { SignedApi } from './http/signed-api.ts';
import { Site } from './http/site.ts';
import type { Logger } from './lib/logger.ts';
import { OccasionalLog } from './lib/occasional-log.ts';
import { systemChance } from './lib/system-chance.ts';
import { systemClock } from './lib/system-clock.ts';
import { MemoryRateLimiter } from './limits/memory-rate-limiter.ts';
import { NameLookup } from './outgoing/name-lookup.ts';
import { systemResolve } from './outgoing/system-resolve.ts';
import { admit } from './socket/admission.ts';
import { AuthorizationDeadlines } from './socket/authorization-deadlines.ts';
import { Sessions } from './socket/session.ts';
import { Counters } from './telemetry/counters.ts';
import { prometheusMetrics } from './telemetry/prometheus-metrics.ts';
import { PushMeters } from './telemetry/push-meters.ts';
import { addHttpRoutes } from './uws/http-routes.ts';
import { checkPort } from './uws/port-check.ts';
import { UwsFanout } from './uws/uws-fanout.ts';
import { UwsServer } from './uws/uws-server.ts';
import { addWebSocketRoutes } from './uws/websocket-routes.ts';
import { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import { followApps } from './webhooks/follow-apps.ts';

export interface RunningServer {
  readonly host: string;
  /** The port in use, also when the config said 0. */
  readonly port: number;
  /** Drains and closes; resolves when nothing is left. Calling it again returns the same promise. */
  stop(): Promise<void>;
}

/** Callers of the auth endpoints whose rate is remembered: some hundred bytes each. */
const RATE_BUCKETS = 100_000;
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
  const { broker, cache, limiter, ids, presence, departures, webhooks, deadLetters } = shared;
  await broker.start(new Delivery(hub, new UwsFanout(uws.app), counters));

  const deadlines = new AuthorizationDeadlines(clock);
  const authorized = deadlines.authorized.bind(deadlines);
  const misses = new CacheMisses(cache, webhooks, logger);
  const grants = new SubscriptionGrants(
    { broker, presence, hub, relay: shared.grantRelay, clock, logger },
    shared.grantStore,
  );
  await shared.grantRelay.start(grants.recordHere.bind(grants));
  const grantProblem = grants.problem.bind(grants);
  const signInProblem = grants.signInProblem.bind(grants);
  const ports = {
    broker,
    presence,
    departures,
    registry,
    cache,
    misses,
    webhooks,
    clock,
    counters,
    logger,
    log,
    authorized,
    grants,
    grantProblem,
    signInProblem,
    withdrawn: new WeakSet<Subscription>(),
  };
  const publisher = new Publisher(ports, config.redis?.whenAway ?? 'refuse');
  const sessions = new Sessions(
    {
      ...ports,
      hub,
      ids,
      deadlines,
      subscribe: new SubscribeCommand(ports),
      unsubscribe: new UnsubscribeCommand(ports),
      clientEvent: new ClientEventCommand(ports),
      signIn: new SignInCommand(ports),
      gone: grants.forget.bind(grants),
    },
    config.limits,
  );

  let stopping: Promise<void> | undefined;
  const draining = (): boolean => stopping !== undefined;
  const admission = { registry, hub, maxConnections: config.limits.connections, draining };
  const pushMeters = new PushMeters();
  const metrics = prometheusMetrics(counters, hub, () => queuedByApp(endpoints, webhooks), pushMeters);
  const pages = nodePages({
    ready: () => !draining() && workplace?.ready() !== false,
    metrics: workplace?.metrics(metrics) ?? metrics,
    console: consoleOf(config),
  });
  const client = new FetchBackendClient(clock);
  const authApps = new AuthApps(registry, (app, settings, key) => {
    const identifier = identifierOf(settings, { client, clock, logger });
    return new AppAuth(app, settings, key, { identifier, limiter, grants, clock });
  });
  const authSite = new AuthSite(authApps, logger, log);
  const policy = addressPolicyOf(config);
  const names = new NameLookup(systemResolve, clock);
  const push = await composePush(config.push, {
    database,
    registry,
    presence,
    departures,
    policy,
    names,
    limiter,
    meters: pushMeters,
    ids,
    clock,
    chance: systemChance,
    logger,
    log,
  });
  const admin =
    config.adminToken === undefined
      ? undefined
      : new AdminApi(
          config.adminToken,
          new Map([
            ...deadLetterRoutes({ deadLetters, queue: webhooks, endpoints }),
            ...appRoutes({ ...apps, log }),
            ...push.adminRoutes,
          ]),
          logger,
        );
  const api = new SignedApi(ports, apiRoutes({ ...ports, publisher, notifications: push.notifications }));
  const site = new Site(pages, [authSite, ...push.doors], admin, api, logger);

  const delivery = webhookDelivery(config.webhooks, { ...partsPorts, webhooks, deadLetters, policy, names });

  addWebSocketRoutes(
    uws.app,
    { admit: (knock) => admit(admission, knock), sessions, clock, counters, logger },
    {
      frameBytes: config.limits.frameBytes,
      outgoingBytes: config.limits.outgoingBytes,
      tls: config.tls !== undefined,
      trustProxy: config.trustProxy,
    },
  );
  addHttpRoutes(
    uws.app,
    {
      handle: (request) => site.handle(request),
      needsCaller: (path) => site.needsCaller(path),
      refusal: (request, status, message) => site.refusal(request, status, message),
      counters,
      logger,
    },
    { bodyBytes: config.limits.bodyBytes, trustProxy: config.trustProxy },
  );

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
    deadlines.stop();
    grants.stop();
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

/** Alone on the port, but for workers, which share it. */
async function listen(
  uws: UwsServer,
  { host, port }: Config,
  workplace: Workplace | undefined,
): Promise<number> {
  if (workplace !== undefined) return uws.listen(host, workplace.port);
  await checkPort(host, port);
  return uws.listen(host, port);
}

/** The console's files; none where it is switched off. It shows a secret only if everybody knows it anyway. */
function consoleOf({ console, developmentApp, apps }: Config): ReadonlyMap<string, ConsoleAsset> {
  const app = developmentApp ?? apps[0];
  const credential = app?.credentials[0];
  if (!console || app === undefined || credential === undefined) return new Map();
  const secret = developmentApp === undefined ? undefined : credential.secret;
  return consoleAssets(
    { id: app.id, key: credential.key, secret },
    { port: DEFAULT_PORT, appId: DEVELOPMENT_APP_ID, ...DEVELOPMENT_CREDENTIAL },
  );
}
