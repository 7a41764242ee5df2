/** What nodes of a cluster share, over Redis. Part of the composition root. */
import { readFileSync } from 'node:fs';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import type { PartsPorts, SharedParts } from './compose-parts.ts';
import { clusterPresence, leasesOf } from './compose-presence.ts';
import { redisWebhooks } from './compose-redis-webhooks.ts';
import type { RedisSettings, RedisTlsSettings } from './config/config.ts';
import { randomIds, randomNodeNumber } from './lib/random-ids.ts';
import { RedisDepartures } from './presence/redis-departures.ts';
import type { TlsMaterial } from './redis/connection-options.ts';
import { NodeInbox } from './redis/node-inbox.ts';
import { RedisBroker } from './redis/redis-broker.ts';
import { RedisChannelCache } from './redis/redis-channel-cache.ts';
import { RedisConnections } from './redis/redis-connections.ts';
import { RedisGrantRelay } from './redis/redis-grant-relay.ts';
import { RedisGrantStore } from './redis/redis-grant-store.ts';
import { RedisRateLimiter } from './redis/redis-rate-limiter.ts';

/** Rejects with a sentence for the operator when Redis can't be used. */
export async function redisParts(settings: RedisSettings, ports: PartsPorts): Promise<SharedParts> {
  const tls = settings.tls === undefined ? undefined : materialOf(settings.tls);
  const connections = await RedisConnections.open(settings, tls, ports);
  const number = randomNodeNumber();
  const ids = randomIds(number);
  const inbox = new NodeInbox(connections, number, ports);
  const broker = new RedisBroker(connections, { ...ports, inbox });
  const grantStore = new RedisGrantStore(connections, new MemoryGrantStore(), number, ports);
  await grantStore.start().catch((error: unknown) => {
    connections.close();
    throw error;
  });
  const leases = leasesOf(connections, { ...ports, ids, tellNode: () => broker.tellNode() });
  const shared = { ...ports, ids, redis: connections, broker, leases, membership: leases };
  const { queue, deadLetters, lua } = redisWebhooks(ports.config.webhooks, shared);
  const cluster = clusterPresence({
    ...shared,
    webhooks: queue,
    webhookLua: lua,
    waitMs: settings.followTimeoutMs,
  });
  return {
    presence: cluster.presence,
    departures: new RedisDepartures(shared),
    webhooks: queue,
    deadLetters,
    start: cluster.start,
    handOver: cluster.handOver,
    withdraw: cluster.withdraw,
    broker,
    cache: new RedisChannelCache(connections, broker),
    limiter: new RedisRateLimiter(connections, ports.limiterAlone),
    grantStore,
    grantRelay: new RedisGrantRelay(inbox, number),
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
