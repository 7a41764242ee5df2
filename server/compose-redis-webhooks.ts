/** Webhooks of many nodes over Redis, put together. */
import type { Membership } from './cluster/membership.ts';
import type { WebhookDeliverySettings } from './config/config.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { type RedisKeys, SHARDS } from './redis/keys.ts';
import type { WebhookLuaSettings } from './redis/webhook-lua.ts';
import type { Counters } from './telemetry/counters.ts';
import type { DeadLetters } from './webhooks/dead-letters.ts';
import type { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import { RedisDeadLetters } from './webhooks/redis-dead-letters.ts';
import { RedisShardStore } from './webhooks/redis-shard-store.ts';
import { RedisWebhookSink } from './webhooks/redis-webhook-sink.ts';
import { SharedWebhookQueue } from './webhooks/shared-webhook-queue.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';
import type { WebhookRedis } from './webhooks/webhook-redis.ts';
import { type WebhookScripts, webhookScripts } from './webhooks/webhook-scripts.ts';

export interface RedisWebhookPorts {
  readonly redis: WebhookRedis & { readonly keys: RedisKeys; readonly sharded: boolean };
  readonly membership: Membership;
  readonly endpoints: EndpointDirectory;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

export interface RedisWebhooks {
  readonly queue: WebhookQueue;
  readonly deadLetters: DeadLetters;
  /** For scripts that decide transitions: see `webhook-lua.ts`. */
  readonly lua: WebhookLuaSettings;
}

/**
 * Milliseconds a node's lease of a shard lasts beyond the longest request: it is renewed three times meanwhile, and
 * ends a request and this long after the node's death at the latest.
 */
const LEASE_SPARE_MS = 6000;

/** @param scripts others in tests, with a clock of their own */
export function redisWebhooks(
  settings: WebhookDeliverySettings,
  ports: RedisWebhookPorts,
  scripts: WebhookScripts = webhookScripts(),
): RedisWebhooks {
  const { redis } = ports;
  const { keys, sharded } = redis;
  const { graceMs, queueLimit, queueBytes, timeoutMs } = settings;
  const lua = { graceMs, queueLimit, sharded };
  const shared = { ...ports, keys, scripts };
  const deadLetters = new RedisDeadLetters(settings, shared);
  const leaseMs = timeoutMs + LEASE_SPARE_MS;
  const queue = new SharedWebhookQueue(
    { ...settings, shards: SHARDS },
    {
      ...ports,
      deadLetters,
      sink: new RedisWebhookSink({ ...lua, queueBytes }, shared),
      store: new RedisShardStore({ ...lua, leaseMs }, shared),
    },
  );
  return { queue, deadLetters, lua };
}
