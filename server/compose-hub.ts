/** The parts of a worker that has no Redis: its parent is the hub of all workers. Part of the composition root. */
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import type { PartsPorts, SharedParts } from './compose-parts.ts';
import { HubBroker } from './hub/hub-broker.ts';
import { HubChannelCache } from './hub/hub-channel-cache.ts';
import { HubDeadLetters } from './hub/hub-dead-letters.ts';
import { HubDepartures } from './hub/hub-departures.ts';
import { HubGrantRelay } from './hub/hub-grant-relay.ts';
import { HubGrantStore } from './hub/hub-grant-store.ts';
import type { HubLink } from './hub/hub-link.ts';
import { HubPresenceStore } from './hub/hub-presence-store.ts';
import { HubRateLimiter } from './hub/hub-rate-limiter.ts';
import { HubRosters } from './hub/hub-rosters.ts';
import type { ParentService, Seat } from './hub/hub-services.ts';
import { HubWebhookQueue } from './hub/hub-webhook-queue.ts';
import { randomIds } from './lib/random-ids.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What is different about a node that is one of several workers. */
export interface Workplace {
  /** Checked by the parent, and shared. */
  readonly port: number;
  /** Used where there is no Redis. */
  parts(ports: PartsPorts): SharedParts;
  /** Whether all workers have come to listen. */
  ready(): boolean;
  /** Tells its metrics to the parent; those of all workers come back. */
  metrics(own: Metrics): Pick<Metrics, 'page'>;
}

export function workplaceOf(link: HubLink<ParentService>, { nodeNumber, port }: Seat): Workplace {
  let complete = false;
  link.serve({
    complete: () => {
      complete = true;
    },
  });
  return {
    port,
    parts: (ports) => hubParts(link, nodeNumber, ports),
    ready: () => complete,
    metrics(own) {
      link.serve({ ownMetrics: () => own.values() });
      return { page: () => link.call('metrics', undefined) };
    },
  };
}

function hubParts(
  link: HubLink<ParentService>,
  nodeNumber: number,
  { endpoints }: Pick<PartsPorts, 'endpoints'>,
): SharedParts {
  const rosters = new HubRosters();
  return {
    broker: new HubBroker(link, rosters.changed.bind(rosters)),
    cache: new HubChannelCache(link),
    limiter: new HubRateLimiter(link),
    grantStore: new HubGrantStore(link, new MemoryGrantStore()),
    grantRelay: new HubGrantRelay(link),
    ids: randomIds(nodeNumber),
    presence: new HubPresenceStore(link, rosters),
    departures: new HubDepartures(link),
    webhooks: new HubWebhookQueue(link, endpoints),
    deadLetters: new HubDeadLetters(link),
    start: () => Promise.resolve(),
    handOver: () => undefined,
    // What was said before has arrived once this is answered.
    withdraw: () => link.insist('settled', undefined),
    stop: () => undefined,
  };
}
