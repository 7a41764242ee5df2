/** The parts of a node that all nodes of a cluster share, over Redis. Part of the composition root. */
import { readFileSync } from 'node:fs';
import type { GrantRelay } from './auth/grant-relay.ts';
import type { GrantStore } from './auth/grant-store.ts';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import type { Broker } from './broker/broker.ts';
import type { ChannelCache } from './cache/channel-cache.ts';
import type { RedisSettings, RedisTlsSettings } from './config/config.ts';
import type { Chance } from './lib/chance.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { randomIds, randomNodeNumber } from './lib/random-ids.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { TlsMaterial } from './redis/connection-options.ts';
import { NodeInbox } from './redis/node-inbox.ts';
import { RedisBroker } from './redis/redis-broker.ts';
import { RedisChannelCache } from './redis/redis-channel-cache.ts';
import { RedisConnections } from './redis/redis-connections.ts';
import { RedisGrantRelay } from './redis/redis-grant-relay.ts';
import { RedisGrantStore } from './redis/redis-grant-store.ts';
import { RedisRateLimiter } from './redis/redis-rate-limiter.ts';

export interface RedisPartsPorts {
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
  const grantStore = new RedisGrantStore(connections, new MemoryGrantStore(), number, ports);
  await grantStore.start();
  return {
    connections,
    broker,
    cache: new RedisChannelCache(connections, broker),
    limiter: new RedisRateLimiter(connections, ports.limiterAlone),
    grantStore,
    grantRelay: new RedisGrantRelay(new NodeInbox(connections, number, ports), number),
    ids: randomIds(number),
    stop() {
      broker.stop();
      connections.close();
    },
  };
}

function materialOf({ caFile, certFile, keyFile }: RedisTlsSettings): TlsMaterial {
  const read = (file: string | undefined): string | undefined => file && readFileSync(file, 'utf8');
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
}
