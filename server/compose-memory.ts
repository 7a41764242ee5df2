/** The parts of a node that is alone: in this process. Part of the composition root. */
import { NO_RELAY } from './auth/grant-relay.ts';
import { MemoryGrantStore } from './auth/memory-grant-store.ts';
import { MemoryBroker } from './broker/memory-broker.ts';
import { MemoryChannelCache } from './cache/memory-channel-cache.ts';
import type { PartsPorts, SharedParts } from './compose-parts.ts';
import { randomIds } from './lib/random-ids.ts';
import { MemoryDepartures } from './presence/memory-departures.ts';
import { MemoryPresenceStore } from './presence/memory-presence-store.ts';
import { MemoryDeadLetters } from './webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from './webhooks/memory-webhook-queue.ts';

/** Users' departures that are remembered: some hundred bytes each. */
export const DEPARTURES = 100_000;
/** Callers of the auth endpoints whose rate is remembered: some hundred bytes each. */
export const RATE_BUCKETS = 100_000;

export function memoryParts(given: PartsPorts): SharedParts {
  const ids = randomIds();
  const { config } = given;
  const ports = { ...given, ids };
  const broker = new MemoryBroker();
  const deadLetters = new MemoryDeadLetters(config.webhooks, ports);
  const webhooks = new MemoryWebhookQueue(config.webhooks, { ...ports, deadLetters });
  return {
    broker,
    cache: new MemoryChannelCache(config.cache, broker, ports.clock),
    limiter: ports.limiterAlone,
    grantStore: new MemoryGrantStore(),
    grantRelay: NO_RELAY,
    ids,
    presence: new MemoryPresenceStore({ ...ports, broker, webhooks }),
    departures: new MemoryDepartures(DEPARTURES, ports.clock),
    webhooks,
    deadLetters,
    start: () => Promise.resolve(),
    handOver: () => undefined,
    withdraw: () => Promise.resolve(),
    stop: () => undefined,
  };
}
