/** Presence over a real Redis without sockets: stores as several nodes have them, and what they announce and report. */
import type { WebhookEvent } from '../../protocol/index.ts';
import { ConfigAppRegistry } from '../../server/apps/config-app-registry.ts';
import type { Publication } from '../../server/broker/broker.ts';
import { type ClusterPresence, clusterPresence, leasesOf } from '../../server/compose-presence.ts';
import { configFrom } from '../../server/config/parse.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { systemChance } from '../../server/lib/system-chance.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { RedisBroker } from '../../server/redis/redis-broker.ts';
import { RedisConnections } from '../../server/redis/redis-connections.ts';
import { parseStored } from '../../server/webhooks/stored-event.ts';
import { frameText } from './publications.ts';
import { inboxOf } from './redis-node.ts';
import { silentLogger } from './silent-logger.ts';

const COUNTING_APP = 'counting-app';

export interface PresenceNode extends ClusterPresence {
  readonly redis: RedisConnections;
  readonly broker: RedisBroker;
  /** What reached this node's sockets, in order. */
  readonly delivered: Array<{ topic: string; frame: string; except: string | undefined }>;
  /** Ends without a word: the lease lapses. */
  crash(): void;
}

const registry = new ConfigAppRegistry(
  configFrom({ apps: [{ id: COUNTING_APP, key: 'key', secret: 'secret' }] }).apps,
);

/** A node over the Redis at `url`; it has its lease. */
export async function presenceNode(url: string): Promise<PresenceNode> {
  const log = new OccasionalLog(systemClock, silentLogger);
  const { redis: settings } = configFrom({ redis: { url }, apps: [] });
  if (settings === undefined) throw new Error('a URL makes settings');
  const ports = { clock: systemClock, chance: systemChance, log, logger: silentLogger };
  const redis = await RedisConnections.open(settings, undefined, ports);
  const broker = new RedisBroker(redis, { ...ports, inbox: inboxOf(redis) });
  const delivered: PresenceNode['delivered'] = [];
  await broker.start({
    deliver: (publication: Publication) =>
      delivered.push({
        topic: publication.topic,
        frame: frameText(publication),
        except: publication.exceptSocketId,
      }),
    terminate: () => undefined,
  });
  const ids = randomIds();
  const leases = leasesOf(redis, { ...ports, ids, tellNode: () => broker.tellNode() });
  const cluster = clusterPresence({
    ...ports,
    redis,
    leases,
    broker,
    registry,
    webhooks: { wants: () => true },
    waitMs: 5000,
    webhookLua: { graceMs: 0, queueLimit: 100_000, sharded: redis.sharded },
    ids,
  });
  await cluster.start();
  return {
    ...cluster,
    redis,
    broker,
    delivered,
    crash() {
      cluster.stop();
      broker.stop();
      redis.close();
    },
  };
}

/** Webhook events in Redis, of all shards: in order for each channel. */
export async function webhooksIn({
  redis,
}: PresenceNode): Promise<Array<WebhookEvent & { readonly appId: string }>> {
  const events: Array<WebhookEvent & { readonly appId: string }> = [];
  for (let shard = 0; shard < 64; shard += 1) {
    const entries = await redis.command((client) => client.xrange(redis.keys.webhooks(shard), '-', '+'));
    for (const [entry, fields] of entries) {
      const stored = parseStored(entry, fields, [], 0);
      if (stored === undefined) throw new Error(`not understood: ${fields.join()}`);
      events.push({ appId: stored.appId, ...webhookOf(JSON.parse(stored.event.json)) });
    }
  }
  return events;
}

/** The event that stands in a body. */
function webhookOf(body: Record<string, unknown>): WebhookEvent {
  const { name, channel, user_id: userId, subscription_count: subscriptionCount } = body;
  const more =
    userId !== undefined ? { userId } : subscriptionCount !== undefined ? { subscriptionCount } : {};
  return { name, channel, ...more } as WebhookEvent;
}
