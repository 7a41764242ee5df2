/** The parts of a node that all nodes of a cluster share, over Redis. Part of the composition root. */
import { readFileSync } from 'node:fs';
import type { AppRegistry } from './apps/app-registry.ts';
import type { GrantRelay } from './auth/grant-relay.ts';
import type { GrantStore } from './auth/grant-store.ts';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import type { Broker } from './broker/broker.ts';
import type { ChannelCache } from './cache/channel-cache.ts';
import { clusterPresence, leasesOf } from './compose-presence.ts';
import { redisWebhooks } from './compose-redis-webhooks.ts';
import type { RedisSettings, RedisTlsSettings, WebhookDeliverySettings } from './config/config.ts';
import type { Chance } from './lib/chance.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { randomIds, randomNodeNumber } from './lib/random-ids.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { PresenceStore } from './presence/presence-store.ts';
import type { TlsMaterial } from './redis/connection-options.ts';
import { NodeInbox } from './redis/node-inbox.ts';
import { RedisBroker } from './redis/redis-broker.ts';
import { RedisChannelCache } from './redis/redis-channel-cache.ts';
import { RedisConnections } from './redis/redis-connections.ts';
import { RedisGrantRelay } from './redis/redis-grant-relay.ts';
import { RedisGrantStore } from './redis/redis-grant-store.ts';
import { RedisRateLimiter } from './redis/redis-rate-limiter.ts';
import type { Counters } from './telemetry/counters.ts';
import type { DeadLetters } from './webhooks/dead-letters.ts';
import type { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface RedisPartsPorts {
  readonly registry: Pick<AppRegistry, 'byId'>;
  readonly endpoints: EndpointDirectory;
  readonly counters: Counters;
  readonly webhooks: WebhookDeliverySettings;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: OccasionalLog;
  readonly logger: Logger;
  /** Limits this node while Redis is away. */
  readonly limiterAlone: RateLimiter;
}

/** What nodes share, whatever it is made of. */
export interface SharedParts {
  readonly broker: Broker;
  readonly cache: ChannelCache;
  readonly limiter: RateLimiter;
  readonly grantStore: GrantStore;
  readonly presence: PresenceStore;
  readonly webhooks: WebhookQueue;
  readonly deadLetters: DeadLetters;
  /** Makes this node one of the cluster's. */
  start(): Promise<void>;
  /** Clients are being sent to other nodes. */
  handOver(): void;
  /** What this node has contributed goes. */
  withdraw(): Promise<void>;
  readonly grantRelay: GrantRelay;
  readonly ids: Ids;
  stop(): void;
}

export interface RedisParts extends SharedParts {
  readonly connections: RedisConnections;
  readonly broker: RedisBroker;
}

/** Rejects with a sentence for the operator when Redis can't be used. */
export async function redisParts(settings: RedisSettings, ports: RedisPartsPorts): Promise<RedisParts> {
  const connections = await RedisConnections.open(settings, settings.tls && materialOf(settings.tls), ports);
  const broker = new RedisBroker(connections, ports);
  const number = randomNodeNumber();
  const ids = randomIds(number);
  const grantStore = new RedisGrantStore(connections, new MemoryGrantStore(), number, ports);
  await grantStore.start();
  const leases = leasesOf(connections, { ...ports, ids });
  const shared = { ...ports, ids, redis: connections, broker, leases, membership: leases };
  const { queue, deadLetters, lua } = redisWebhooks(ports.webhooks, shared);
  const cluster = clusterPresence({ ...shared, webhooks: queue, webhookLua: lua });
  return {
    presence: cluster.presence,
    webhooks: queue,
    deadLetters,
    start: cluster.start,
    handOver: cluster.handOver,
    withdraw: cluster.withdraw,
    connections,
    broker,
    cache: new RedisChannelCache(connections, broker),
    limiter: new RedisRateLimiter(connections, ports.limiterAlone),
    grantStore,
    grantRelay: new RedisGrantRelay(new NodeInbox(connections, number, ports), number),
    ids,
    stop() {
      cluster.stop();
      broker.stop();
      connections.close();
    },
  };
}

function materialOf({ caFile, certFile, keyFile }: RedisTlsSettings): TlsMaterial {
  const read = (file: string | undefined): string | undefined => file && readFileSync(file, 'utf8');
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}
