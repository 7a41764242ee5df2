/** What answers HTTP, put together: pages, doors, the admin API and the signed API. Part of the composition root. */
import { AppAuth } from './auth/app-auth.ts';
import { AuthApps } from './auth/auth-apps.ts';
import { FetchBackendClient } from './auth/fetch-backend-client.ts';
import { identifierOf } from './auth/identifiers.ts';
import type { Apps } from './compose-apps.ts';
import type { ChannelsSide } from './compose-channels.ts';
import type { SharedParts } from './compose-parts.ts';
import type { PushSide } from './compose-push.ts';
import type { Config } from './config/config.ts';
import { DEVELOPMENT_APP_ID, DEVELOPMENT_CREDENTIAL } from './config/development-app.ts';
import { DEFAULT_PORT } from './config/schema.ts';
import { type ConsoleAsset, consoleAssets } from './console/assets.ts';
import { AdminApi } from './http/admin-api.ts';
import { apiRoutes } from './http/api-routes.ts';
import { AuthSite } from './http/auth/auth-site.ts';
import { appRoutes } from './http/endpoints/apps-admin.ts';
import { deadLetterRoutes } from './http/endpoints/dead-letters-admin.ts';
import { nodePages } from './http/pages.ts';
import { SignedApi } from './http/signed-api.ts';
import { Site } from './http/site.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { EndpointDirectory } from './webhooks/endpoint-directory.ts';

export interface SiteSurroundings {
  readonly apps: Apps;
  readonly shared: SharedParts;
  readonly channels: ChannelsSide;
  readonly push: PushSide;
  readonly endpoints: EndpointDirectory;
  readonly metrics: Pick<Metrics, 'page'>;
  /** Whether balancers may send clients here. */
  readonly ready: () => boolean;
  readonly clock: Clock;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

export function composeSite(config: Config, given: SiteSurroundings): Site {
  const { channels, push, metrics, ready } = given;
  const { ports, publisher } = channels;
  const pages = nodePages({ ready, metrics, console: consoleOf(config) });
  const api = new SignedApi(ports, apiRoutes({ ...ports, publisher, notifications: push.notifications }));
  return new Site(pages, [authSiteOf(given), ...push.doors], adminOf(config, given), api);
}

function authSiteOf({ apps, shared, channels, clock, log, logger }: SiteSurroundings): AuthSite {
  const client = new FetchBackendClient(clock);
  const { limiter } = shared;
  const { grants } = channels.ports;
  const authApps = new AuthApps(apps.registry, (app, settings, key) => {
    const identifier = identifierOf(settings, { client, clock, logger });
    return new AppAuth(app, settings, key, { identifier, limiter, grants, clock });
  });
  return new AuthSite(authApps, logger, log);
}

/** None where no token opens it. */
function adminOf(
  { adminToken }: Config,
  { apps, shared, push, endpoints, log, logger }: SiteSurroundings,
): AdminApi | undefined {
  if (adminToken === undefined) return undefined;
  const { deadLetters, webhooks: queue } = shared;
  const routes = new Map([
    ...deadLetterRoutes({ deadLetters, queue, endpoints }),
    ...appRoutes({ ...apps, log }),
    ...push.adminRoutes,
  ]);
  return new AdminApi(adminToken, routes, logger);
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
