/** What of a node all nodes of a cluster share, and a node that is alone has in itself. Part of the composition root. */
import type { AppRegistry } from './apps/app-registry.ts';
import type { GrantRelay } from './auth/grant-relay.ts';
import type { GrantStore } from './auth/grant-store.ts';
import type { Broker } from './broker/broker.ts';
import type { ChannelCache } from './cache/channel-cache.ts';
import type { Config } from './config/config.ts';
import type { Chance } from './lib/chance.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { PresenceStore } from './presence/presence-store.ts';
import type { Counters } from './telemetry/counters.ts';
import type { DeadLetters } from './webhooks/dead-letters.ts';
import type { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface SharedParts {
  readonly broker: Broker;
  readonly cache: ChannelCache;
  readonly limiter: RateLimiter;
  readonly grantStore: GrantStore;
  readonly grantRelay: GrantRelay;
  readonly presence: PresenceStore;
  readonly webhooks: WebhookQueue;
  readonly deadLetters: DeadLetters;
  readonly ids: Ids;
  /** Makes this node one of the cluster's. */
  start(): Promise<void>;
  /** Clients are being sent to other nodes: what they leave is kept a while. */
  handOver(): void;
  /** Takes away what this node has contributed. */
  withdraw(): Promise<void>;
  stop(): void;
}

export interface PartsPorts {
  readonly config: Pick<Config, 'cache' | 'webhooks'>;
  readonly registry: Pick<AppRegistry, 'byId'>;
  readonly endpoints: EndpointDirectory;
  readonly counters: Counters;
  /** Limits this node, while nothing that is shared can. */
  readonly limiterAlone: RateLimiter;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}
