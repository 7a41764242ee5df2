/** The network's side of a node: its WebSocket and HTTP routes, and its port. Part of the composition root. */
import type { AppRegistry } from './apps/app-registry.ts';
import type { Hub } from './channels/hub.ts';
import type { Workplace } from './compose-hub.ts';
import type { Config } from './config/config.ts';
import type { Site } from './http/site.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { admit } from './socket/admission.ts';
import type { Sessions } from './socket/session.ts';
import type { Counters } from './telemetry/counters.ts';
import { addHttpRoutes } from './uws/http-routes.ts';
import { checkPort } from './uws/port-check.ts';
import type { UwsServer } from './uws/uws-server.ts';
import type { Publications } from './uws/uws-socket.ts';
import { addWebSocketRoutes } from './uws/websocket-routes.ts';

export interface EdgePorts {
  readonly registry: AppRegistry;
  readonly hub: Hub;
  readonly sessions: Sessions;
  /** What is settled before a socket is told anything else. */
  readonly publications: Publications;
  readonly site: Site;
  /** Whether clients are being sent away. */
  readonly draining: () => boolean;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** Nothing comes in before `listen`. */
export function addRoutes(uws: UwsServer, { limits, tls, trustProxy }: Config, ports: EdgePorts): void {
  const { registry, hub, sessions, publications, site, draining, clock, counters, logger } = ports;
  const admission = { registry, hub, maxConnections: limits.connections, draining };
  addWebSocketRoutes(
    uws.app,
    { admit: (knock) => admit(admission, knock), sessions, publications, clock, counters, logger },
    {
      frameBytes: limits.frameBytes,
      outgoingBytes: limits.outgoingBytes,
      tls: tls !== undefined,
      trustProxy,
    },
  );
  addHttpRoutes(
    uws.app,
    {
      find: (path) => site.find(path),
      refusal: (request, status, message) => site.refusal(request, status, message),
      counters,
      logger,
    },
    { bodyBytes: limits.bodyBytes, trustProxy },
  );
}

/**
 * Resolves with the port in use; rejects with a sentence for the operator when it can't be had. A node is alone on its port,
 * but for workers, which share it.
 */
export async function listen(
  uws: UwsServer,
  { host, port }: Config,
  workplace: Workplace | undefined,
): Promise<number> {
  if (host.startsWith('/')) {
    await uws.listenAt(host);
    return 0;
  }
  if (workplace !== undefined) return uws.listen(host, workplace.port);
  await checkPort(host, port);
  return uws.listen(host, port);
}
