/** Push, put together: the registry of devices, the pipeline with its providers, and the doors. */
import type { App } from './apps/app.ts';
import type { AppRegistry } from './apps/app-registry.ts';
import type { PushStorage } from './compose-push-storage.ts';
import type { PushDeliverySettings } from './config/config.ts';
import type { Database } from './database/database.ts';
import type { AdminRoutes } from './http/admin-api.ts';
import { BeamsApi } from './http/beams/beams-api.ts';
import { BeamsInstances } from './http/beams/beams-instances.ts';
import { BeamsSite } from './http/beams/beams-site.ts';
import { centrifugoDoor } from './http/centrifugo/centrifugo-door.ts';
import { beamsWebhookRoutes } from './http/endpoints/beams-webhooks-admin.ts';
import { EventNotifications } from './http/endpoints/event-notifications.ts';
import { kinveyDoor } from './http/kinvey/kinvey-door.ts';
import type { Door } from './http/site.ts';
import type { Chance } from './lib/chance.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { AddressPolicy } from './outgoing/address-policy.ts';
import { forbidden, neverAllowed } from './outgoing/forbidden.ts';
import { HttpPoster } from './outgoing/http-poster.ts';
import type { NameLookup } from './outgoing/name-lookup.ts';
import { connectedSince, type Departures } from './presence/departures.ts';
import type { PresenceStore } from './presence/presence-store.ts';
import { AppProviders, type Providers } from './push/app-providers.ts';
import { BeamsWebhookDelivery } from './push/beams-webhooks/beams-webhook-delivery.ts';
import { BeamsWebhooks } from './push/beams-webhooks/beams-webhooks.ts';
import { MemoryBeamsWebhookQueue } from './push/beams-webhooks/memory-beams-webhook-queue.ts';
import { buildPush } from './push/build-push.ts';
import type { ProviderName } from './push/device.ts';
import { MemoryPushQueue } from './push/memory-push-queue.ts';
import { PIPELINE_DEFAULTS } from './push/pipeline.ts';
import { ApnsProvider } from './push/providers/apns-provider.ts';
import { FcmProvider } from './push/providers/fcm-provider.ts';
import { HmsProvider } from './push/providers/hms-provider.ts';
import { WebPushProvider } from './push/providers/web-push-provider.ts';
import type { PushProvider } from './push/push-provider.ts';
import type { PushMeters } from './telemetry/push-meters.ts';

export interface PushSurroundings {
  /** Undefined: nothing is registered, and what is sent is kept in memory. */
  readonly database: Database | undefined;
  readonly registry: AppRegistry;
  readonly presence: Pick<PresenceStore, 'online'>;
  readonly departures: Departures;
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly limiter: RateLimiter;
  readonly meters: PushMeters;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Logger;
  readonly log: OccasionalLog;
}

export interface PushSide {
  readonly doors: readonly Door[];
  readonly adminRoutes: AdminRoutes;
  readonly notifications: EventNotifications;
  start(): void;
  /** Called when no requests come any more. What is under way has `ms` to end; the rest is kept, if there is a database. */
  stop(ms: number): Promise<void>;
}

const DAY_MS = 24 * 3600 * 1000;
/** Where no other node could have put anything into the queue, whoever does wakes the workers. */
const ALONE_POLL_MS = 60_000;
/** Webhooks of Beams that a node without a database remembers. */
const WEBHOOKS_IN_MEMORY = 10_000;

export async function composePush(
  settings: PushDeliverySettings,
  around: PushSurroundings,
): Promise<PushSide> {
  const { database, registry, policy, names, limiter, meters, ids, clock, chance, logger, log } = around;
  warnOfBeams(around);
  warnOfProviders(around);
  const registered = database && (await storageIn(database, around));
  const webhookQueue = registered?.webhookQueue ?? new MemoryBeamsWebhookQueue(WEBHOOKS_IN_MEMORY, ids);
  const poster = new HttpPoster({ policy, names, clock });
  const carrier = new BeamsWebhookDelivery(settings.keepDays * DAY_MS, {
    queue: webhookQueue,
    apps: registry,
    poster,
    clock,
    logger,
    log,
  });
  const added = (): void => carrier.look();
  const webhooks = new BeamsWebhooks({ queue: webhookQueue, apps: registry, ids, clock, added });

  const providers = new AppProviders(registry, (app) => providersOf(app, around), clock);
  const push = buildPush(
    {
      queue: registered?.queue ?? new MemoryPushQueue(),
      audience: registered?.audience,
      devices: registered?.devices,
      providersOf: (appId) => providers.of(appId),
      instanceOf: (appId) => registry.byId(appId)?.push.beams?.instanceId,
      connected: (appId, users, since) => connectedSince(around, appId, users, since),
      hook: webhooks,
      metrics: meters,
      ids,
      clock,
      chance,
      logger,
    },
    {
      ...PIPELINE_DEFAULTS,
      pollMs: database?.dialect === 'postgres' ? PIPELINE_DEFAULTS.pollMs : ALONE_POLL_MS,
    },
    settings,
  );

  meters.watch(push);

  const beams = new BeamsApi(
    registered && { devices: registered.devices, publishing: push.publishing, webhooks, policy, ids, clock },
  );
  const instances = new BeamsInstances(registry);
  const { publishing } = push;
  return {
    doors: [
      new BeamsSite({ instances, api: beams, limiter, logger, log }),
      centrifugoDoor({ registry, devices: registered?.devices, publishing, policy, logger, log }),
      kinveyDoor({ registry, stores: registered, publishing, policy, limiter, ids, clock, logger, log }),
    ],
    notifications: new EventNotifications(registered && { publishing, clock, log }),
    adminRoutes: beamsWebhookRoutes({ queue: webhookQueue, clock, added }),
    start() {
      push.start();
      carrier.start();
    },
    async stop(ms) {
      await push.stop(ms);
      await carrier.stop();
      providers.close();
    },
  };
}

/** Loaded by those who have a database. */
async function storageIn(database: Database, around: PushSurroundings): Promise<PushStorage> {
  const { openPushStorage } = await import('./compose-push-storage.ts');
  return openPushStorage(database, around);
}

function providersOf({ push }: App, ports: PushSurroundings): Providers {
  const providers = new Map<ProviderName, PushProvider>();
  if (push.fcm !== undefined) providers.set('fcm', new FcmProvider(push.fcm, ports));
  if (push.apns !== undefined) providers.set('apns', new ApnsProvider(push.apns, ports));
  if (push.webPush !== undefined) providers.set('webpush', new WebPushProvider(push.webPush, ports));
  if (push.hms !== undefined) providers.set('hms', new HmsProvider(push.hms, ports));
  return providers;
}

/** What will not work, said at the start instead of when it is missed. */
function warnOfBeams({ database, registry, policy, logger }: PushSurroundings): void {
  for (const { id: appId, push } of registry.all()) {
    if (push.beams === undefined) continue;
    if (database === undefined) {
      logger.warn({ appId }, 'Beams needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL');
    }
    for (const { url } of push.beams.webhooks) {
      const reason = forbidden(new URL(url), policy);
      if (reason !== undefined) logger.warn({ appId, reason }, 'webhooks of Beams can never be delivered');
    }
  }
}

function warnOfProviders({ registry, policy, logger }: PushSurroundings): void {
  for (const { id: appId, push } of registry.all()) {
    const { fcm, apns, hms } = push;
    for (const address of [fcm?.endpoint, apns?.endpoint, hms?.endpoint, hms?.tokenEndpoint]) {
      if (address === undefined || !URL.canParse(address)) continue;
      const reason = neverAllowed(new URL(address), policy);
      if (reason !== undefined) logger.warn({ appId, reason }, 'a push provider can never be reached');
    }
  }
}
