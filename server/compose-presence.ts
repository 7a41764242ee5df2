/** Puts the presence of a cluster together. */
import type { AppRegistry } from './apps/app-registry.ts';
import { type LeasePorts, Leases } from './cluster/leases.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { Contributions } from './presence/contributions.ts';
import { MissedNews } from './presence/missed-news.ts';
import { PresenceRecovery } from './presence/presence-recovery.ts';
import { PresenceSteps } from './presence/presence-steps.ts';
import type { PresenceStore } from './presence/presence-store.ts';
import { RedisPresenceReads } from './presence/redis-presence-reads.ts';
import { RedisPresenceStore } from './presence/redis-presence-store.ts';
import { RosterReplicas } from './presence/roster-replicas.ts';
import { StepRunner } from './presence/step-runner.ts';
import type { RedisBroker } from './redis/redis-broker.ts';
import type { RedisConnections } from './redis/redis-connections.ts';
import type { WebhookLuaSettings } from './redis/webhook-lua.ts';
import type { WebhookSink } from './webhooks/webhook-queue.ts';

export interface ClusterPresencePorts {
  readonly redis: RedisConnections;
  readonly broker: RedisBroker;
  readonly leases: Leases;
  readonly registry: Pick<AppRegistry, 'byId'>;
  readonly webhooks: Pick<WebhookSink, 'wants'>;
  readonly webhookLua: WebhookLuaSettings;
  /** Milliseconds that whoever joins waits for Redis to come back. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** A node's part in a cluster. */
export interface ClusterPresence {
  readonly presence: PresenceStore;
  /** Takes this node's lease; from then on others reckon with it. */
  start(): Promise<void>;
  /** Clients are being sent to other nodes: what they leave is kept a while, so that who arrives there was never gone. */
  handOver(): void;
  /** Takes away what this node has contributed, and its lease, once clients have had the time to arrive elsewhere. */
  withdraw(): Promise<void>;
  /** Stops without a word, as a crash would. */
  stop(): void;
}

/** Milliseconds that a client has to arrive on another node. */
const HANDOVER_MS = 2000;
/** The node is swept in a shard for so many seconds: longer than any node sleeps and wakes up again. */
const GONE_SECONDS = 86_400;

export function clusterPresence(ports: ClusterPresencePorts): ClusterPresence {
  const { redis, broker, leases, clock, log, logger } = ports;
  const { keys } = redis;
  const run = redis.run.bind(redis);
  const steps = new PresenceSteps({ ...ports, run, keys });
  const contributions = new Contributions();
  const runner = new StepRunner({
    steps,
    contributions,
    membership: leases,
    clock,
    log,
    waitMs: ports.waitMs,
    // What Redis has forgotten is known before anything begins that may be none.
    whenReady: () => redis.whenReady(ports.waitMs)?.then(() => leases.whenChecked()) ?? leases.whenChecked(),
    onSwept: () => leases.beat(),
    onLost: () => {
      recovery.doubt();
      leases.check();
    },
  });
  const reads = new RedisPresenceReads(redis);
  const replicas = new RosterReplicas({
    read: (appId, channel) => reads.roster(appId, channel),
    // While nodes put back what Redis has lost, nobody is gone because Redis doesn't have him.
    isOwn: (appId, channel, userId, by) =>
      (by === undefined && !recovery.isComplete) ||
      (by !== leases.nodeId && contributions.wantsMember(appId, channel, userId)),
    deliver: (publication) => broker.publishLocally(publication),
    clock,
    log,
  });
  const news = new MissedNews({
    online: (appId, userIds) => reads.online(appId, userIds),
    subscriptions: async (appId, channel) => (await reads.channel(appId, channel)).subscriptions,
    tellsCount: (appId, channel) => steps.tellsCount(appId, channel),
    lookOut: () => broker.lookOut(),
    deliver: (publication) => broker.publishLocally(publication),
    log,
  });
  const recovery = new PresenceRecovery({
    steps,
    reads,
    replicas,
    runner,
    contributions,
    news,
    membership: leases,
    close: async (shard, nodeId, how) => {
      await redis.command((client) => client.set(keys.gone(shard, nodeId), how, 'EX', GONE_SECONDS));
    },
    forget: async (shard, nodeId) => {
      await redis.command((client) => client.del(keys.node(shard, nodeId)));
    },
    clock,
    log,
    logger,
  });
  const presence = new RedisPresenceStore({ steps, reads, replicas, runner, contributions, clock });
  broker.onRoster((change, deliver) => {
    const replica = replicas.find(change.appId, change.channel);
    if (replica === undefined) deliver();
    else replica.receive(change, deliver);
  });
  broker.onGap((topics) => {
    news.missed(topics);
    recovery.doubt();
  });
  broker.onNode(() => leases.beat());
  redis.onReady(() => {
    recovery.doubt();
    leases.check();
  });
  return {
    presence,
    start: () => leases.start(recovery),
    handOver: () => presence.handOver(HANDOVER_MS),
    async withdraw() {
      if (presence.isHandingOver) await clock.pause(HANDOVER_MS);
      await leases.withdraw();
    },
    stop: () => leases.stop(),
  };
}

/** The lease that everything a node contributes hangs on. */
export function leasesOf(redis: RedisConnections, ports: Omit<LeasePorts, 'run' | 'keys'>): Leases {
  const { keys } = redis;
  return new Leases({
    ...ports,
    run: redis.run.bind(redis),
    keys: {
      leases: keys.leases(),
      swept: keys.swept(),
      sweeping: keys.sweeping(),
      restoring: keys.restoring(),
    },
  });
}
