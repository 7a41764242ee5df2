/** What nodes of a cluster share, over Redis. Part of the composition root. */
import { readFileSync } from 'node:fs';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import { memoryParts, type SharedParts } from './compose-parts.ts';
import type { Config, RedisSettings, RedisTlsSettings } from './config/config.ts';
import { randomIds, randomNodeNumber } from './lib/random-ids.ts';
import type { TlsMaterial } from './redis/connection-options.ts';
import { NodeInbox } from './redis/node-inbox.ts';
import { RedisBroker } from './redis/redis-broker.ts';
import { RedisChannelCache } from './redis/redis-channel-cache.ts';
import { RedisConnections, type RedisPorts } from './redis/redis-connections.ts';
import { RedisGrantRelay } from './redis/redis-grant-relay.ts';
import { RedisGrantStore } from './redis/redis-grant-store.ts';
import { RedisRateLimiter } from './redis/redis-rate-limiter.ts';

export interface RedisParts extends SharedParts {
  readonly connections: RedisConnections;
  readonly broker: RedisBroker;
}

/** Rejects with a sentence for the operator when Redis can't be used. */
export async function redisParts(
  settings: RedisSettings,
  config: Pick<Config, 'cache'>,
  ports: RedisPorts,
): Promise<RedisParts> {
  const tls = settings.tls === undefined ? undefined : materialOf(settings.tls);
  const connections = await RedisConnections.open(settings, tls, ports);
  const number = randomNodeNumber();
  const broker = new RedisBroker(connections, ports);
  const grantStore = new RedisGrantStore(connections, new MemoryGrantStore(), number, ports);
  await grantStore.start().catch((error: unknown) => {
    connections.close();
    throw error;
  });
  const alone = memoryParts(config, ports.clock);
  return {
    connections,
    broker,
    cache: new RedisChannelCache(connections, broker),
    limiter: new RedisRateLimiter(connections, alone.limiter),
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
