/** The composition root: config in, a running node out. Which implementation serves a port is chosen here alone. */
import { ConfigAppRegistry } from './apps/config-app-registry.ts';
import { AppAuth } from './auth/app-auth.ts';
import { AuthApps } from './auth/auth-apps.ts';
import { FetchBackendClient } from './auth/fetch-backend-client.ts';
import { identifierOf } from './auth/identifiers.ts';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import { SubscriptionGrants } from './auth/subscription-grants.ts';
import { MemoryBroker } from './broker/memory-broker.ts';
import { MemoryChannelCache } from './cache/memory-channel-cache.ts';
import { CacheMisses } from './channels/cache-misses.ts';
import { ClientEventCommand } from './channels/client-event.ts';
import { Delivery } from './channels/deliver.ts';
import { Hub } from './channels/hub.ts';
import { Publisher } from './channels/publish.ts';
import { SignInCommand } from './channels/signin.ts';
import { SubscribeCommand } from './channels/subscribe.ts';
import { SubscriptionCounts } from './channels/subscription-counts.ts';
import { UnsubscribeCommand } from './channels/unsubscribe.ts';
import { composePush } from './compose-push.ts';
import type { Config, WebhookDeliverySettings } from './config/config.ts';
import { DEVELOPMENT_APP_ID, DEVELOPMENT_CREDENTIAL } from './config/development-app.ts';
import { DEFAULT_PORT } from './config/schema.ts';
import { type ConsoleAsset, consoleAssets } from './console/assets.ts';
import { drainConnections } from './drain.ts';
import { AdminApi } from './http/admin-api.ts';
import { apiRoutes } from './http/api-routes.ts';
import { AuthSite } from './http/auth/auth-site.ts';
import { deadLetterRoutes } from './http/endpoints/dead-letters-admin.ts';
import { nodePages } from './http/pages.ts';
import { SignedApi } from './http/signed-api.ts';
import { Site } from './http/site.ts';
import type { Logger } from './lib/logger.ts';
import { OccasionalLog } from './lib/occasional-log.ts';
import { randomIds } from './lib/random-ids.ts';
import { systemChance } from './lib/system-chance.ts';
import { systemClock } from './lib/system-clock.ts';
import { MemoryRateLimiter } from './limits/memory-rate-limiter.ts';
import { AddressPolicy } from './outgoing/address-policy.ts';
import { forbidden } from './outgoing/forbidden.ts';
import { HttpPoster } from './outgoing/http-poster.ts';
import { NameLookup } from './outgoing/name-lookup.ts';
import { systemResolve } from './outgoing/system-resolve.ts';
import { MemoryPresenceStore } from './presence/memory-presence-store.ts';
import { admit } from './socket/admission.ts';
import { AuthorizationDeadlines } from './socket/authorization-deadlines.ts';
import { Sessions } from './socket/session.ts';
import { Counters } from './telemetry/counters.ts';
import { prometheusMetrics } from './telemetry/prometheus-metrics.ts';
import { PushMeters } from './telemetry/push-meters.ts';
import { addHttpRoutes } from './uws/http-routes.ts';
import { UwsFanout } from './uws/uws-fanout.ts';
import { UwsServer } from './uws/uws-server.ts';
import { addWebSocketRoutes } from './uws/websocket-routes.ts';
import { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import type { RetrySettings } from './webhooks/lane-worker.ts';
import { MemoryDeadLetters } from './webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from './webhooks/memory-webhook-queue.ts';
import { WebhookDelivery } from './webhooks/webhook-delivery.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface RunningServer {
  readonly host: string;
  /** The port in use, also when the config said 0. */
  readonly port: number;
  /** Drains and closes; resolves when nothing is left. Calling it again returns the same promise. */
  stop(): Promise<void>;
}

/** Milliseconds between the last close frame and the end of the sockets. */
const LAST_WORDS_MS = 100;
/** Callers of the auth endpoints whose rate is remembered: some hundred bytes each. */
const RATE_BUCKETS = 100_000;

/** Builds a node and starts it. Rejects with a sentence for the operator when it can't listen. */
export async function startServer(config: Config, logger: Logger): Promise<RunningServer> {
  const clock = systemClock;
  const counters = new Counters();
  const registry = new ConfigAppRegistry(config.apps);
  const hub = new Hub();
  // All apps from the start, so that metrics show the idle ones too.
  for (const app of registry.all()) hub.of(app);
  const uws = new UwsServer(config.tls);

  const ids = randomIds();
  const log = new OccasionalLog(clock, logger);
  const endpoints = new EndpointDirectory(config.apps);
  for (const appId of endpoints.appIds()) counters.webhooksOf(appId);
  const deadLetters = new MemoryDeadLetters(config.webhooks, { ids, clock, log });
  const webhooks = new MemoryWebhookQueue(config.webhooks, {
    endpoints,
    deadLetters,
    ids,
    clock,
    counters,
    log,
  });

  const broker = new MemoryBroker();
  const presence = new MemoryPresenceStore(broker, webhooks);
  const cache = new MemoryChannelCache(config.cache, clock);
  broker.start(new Delivery(hub, new UwsFanout(uws.app), counters));

  const deadlines = new AuthorizationDeadlines(clock);
  const authorized = deadlines.authorized.bind(deadlines);
  const counts = new SubscriptionCounts(broker, webhooks, clock, logger);
  const misses = new CacheMisses(webhooks, clock, logger);
  const grants = new SubscriptionGrants(
    { broker, presence, counts, hub, clock, logger },
    new MemoryGrantStore(),
  );
  const grantProblem = grants.problem.bind(grants);
  const signInProblem = grants.signInProblem.bind(grants);
  const ports = {
    broker,
    presence,
    counts,
    registry,
    cache,
    misses,
    webhooks,
    clock,
    counters,
    logger,
    authorized,
    grants,
    grantProblem,
    signInProblem,
  };
  const publisher = new Publisher(ports);
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
  const pages = nodePages({
    ready: () => !draining(),
    metrics: prometheusMetrics(counters, hub, () => queuedByApp(endpoints, webhooks), pushMeters),
    console: consoleOf(config),
  });
  const client = new FetchBackendClient(clock);
  const limiter = new MemoryRateLimiter(RATE_BUCKETS, clock);
  const authApps = new AuthApps(registry, (app, settings, key) => {
    const identifier = identifierOf(settings, { client, clock, logger });
    return new AppAuth(app, settings, key, { identifier, limiter, grants, clock });
  });
  const authSite = new AuthSite(authApps, logger, log);
  const policy = new AddressPolicy({
    allowPrivate: config.allowPrivateAddresses,
    allowLoopback: config.mode === 'development',
  });
  const names = new NameLookup(systemResolve, clock);
  const push = await composePush(config, {
    registry,
    presence,
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
          new Map([...deadLetterRoutes({ deadLetters, queue: webhooks, endpoints }), ...push.adminRoutes]),
          logger,
        );
  const api = new SignedApi(ports, apiRoutes({ ...ports, publisher }));
  const site = new Site(pages, [authSite, ...push.doors], admin, api, logger);

  for (const { appId, name, url } of endpoints.all()) {
    const reason = forbidden(url, policy);
    if (reason !== undefined) {
      logger.warn({ appId, endpoint: name, reason }, 'webhooks can never be delivered');
    }
  }
  const delivery = new WebhookDelivery(retrySettings(config.webhooks), {
    queue: webhooks,
    endpoints,
    deadLetters,
    poster: new HttpPoster({ policy, names, clock }),
    registry,
    clock,
    chance: systemChance,
    counters,
    log,
    logger,
  });

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

  delivery.start();
  push.start();
  const port = await uws.listen(config.host, config.port);
  logger.info({ host: config.host, port, apps: config.apps.length }, 'listening');

  const stop = async (): Promise<void> => {
    logger.info({ connections: hub.size }, 'stopping');
    // Still listening: who comes now is told to come back later, and balancers see that the node is not ready.
    await drainConnections(hub, clock, config.drainSeconds * 1000);
    uws.stopListening();
    // The close frames and the last answers are on their way.
    await clock.pause(LAST_WORDS_MS);
    deadlines.stop();
    grants.stop();
    uws.close();
    // Nothing can happen any more that a backend would have to be told.
    await Promise.all([
      delivery.stop(config.webhooks.drainSeconds * 1000),
      push.stop(config.webhooks.drainSeconds * 1000),
    ]);
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

function retrySettings(settings: WebhookDeliverySettings): RetrySettings {
  const { timeoutMs, retrySeconds, retryFirstMs, retryLongestSeconds } = settings;
  return {
    timeoutMs,
    retryMs: retrySeconds * 1000,
    backoff: { firstMs: retryFirstMs, longestMs: retryLongestSeconds * 1000 },
  };
}

/** Events waiting for each app's receivers. */
function* queuedByApp(endpoints: EndpointDirectory, queue: WebhookQueue): Iterable<[string, number]> {
  for (const appId of endpoints.appIds()) {
    yield [appId, endpoints.of(appId).reduce((sum, endpoint) => sum + queue.queued(endpoint), 0)];
  }
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
