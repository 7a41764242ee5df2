/** What nodes of a cluster share, over Redis or, where a node is alone, in memory. Part of the composition root. */
import { type GrantRelay, NO_RELAY } from './auth/grant-relay.ts';
import type { GrantStore } from './auth/grant-store.ts';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import type { Broker } from './broker/broker.ts';
import { MemoryBroker } from './broker/memory-broker.ts';
import type { ChannelCache } from './cache/channel-cache.ts';
import { MemoryChannelCache } from './cache/memory-channel-cache.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import { randomIds } from './lib/random-ids.ts';
import { MemoryRateLimiter } from './limits/memory-rate-limiter.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';

/** Callers of the auth endpoints whose rate is remembered: some hundred bytes each. */
const RATE_BUCKETS = 100_000;

export interface SharedParts {
  readonly broker: Broker;
  readonly cache: ChannelCache;
  readonly limiter: RateLimiter;
  readonly grantStore: GrantStore;
  readonly grantRelay: GrantRelay;
  readonly ids: Ids;
  stop(): void;
}

export function memoryParts(config: Pick<Config, 'cache'>, clock: Clock): SharedParts {
  const broker = new MemoryBroker();
  return {
    broker,
    cache: new MemoryChannelCache(config.cache, broker, clock),
    limiter: new MemoryRateLimiter(RATE_BUCKETS, clock),
    grantStore: new MemoryGrantStore(),
    grantRelay: NO_RELAY,
    ids: randomIds(),
    stop: () => undefined,
  };
}
