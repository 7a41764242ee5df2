/**
 * Measures the slopes of the cost model that a cluster has: what a publish, a message from Redis, a delivery, a join
 * cost a node and Redis. Each comes from a load that differs from another in one thing.
 *
 *     node dist/bench/scaling/measure.js > slopes.json      three minutes; for simulate.js and check.js
 */
import { median } from '../statistics.ts';
import type { Slopes } from './cost-model.ts';
import type { ChannelClass, Deployment } from './deployment.ts';
import { type Cluster, type LiveLoad, runLive, startCluster } from './live-run.ts';
import { MEASURED } from './slopes.ts';

const NODES = 2;
const ROUNDS = 3;
const SECONDS = 3;
const PER_SECOND = 500;
const JOINS_PER_SECOND = 100;
/** Of the small and the large event. */
const [BYTES, MANY_BYTES] = [100, 8192];

const QUIET: ChannelClass = {
  name: 'channels',
  channels: 200,
  subscribers: 0,
  publishesPerSecond: 0,
  bytes: BYTES,
  presence: false,
  joinsPerSecond: 0,
};
const PUBLISHED: ChannelClass = { ...QUIET, publishesPerSecond: PER_SECOND / QUIET.channels };

const LOADS = {
  idle: QUIET,
  publish: PUBLISHED,
  toOne: { ...PUBLISHED, subscribers: 1 },
  toTen: { ...PUBLISHED, subscribers: 10 },
  toOneLarge: { ...PUBLISHED, subscribers: 1, bytes: MANY_BYTES },
  toTenLarge: { ...PUBLISHED, subscribers: 10, bytes: MANY_BYTES },
  visits: { ...QUIET, joinsPerSecond: JOINS_PER_SECOND / QUIET.channels },
  visitsToSome: { ...QUIET, subscribers: NODES, joinsPerSecond: JOINS_PER_SECOND / QUIET.channels },
  members: {
    ...QUIET,
    channels: 50,
    subscribers: NODES,
    presence: true,
    joinsPerSecond: JOINS_PER_SECOND / 50,
  },
} satisfies Record<string, ChannelClass>;

/** Microseconds a second: of the nodes together, and of Redis. */
interface Used {
  readonly nodes: number;
  readonly redis: number;
}

const cluster = await startCluster(NODES);
try {
  // Until what a start leaves behind is done with.
  await runLive(cluster, deploymentOf(LOADS.members), SECONDS);
  await runLive(cluster, deploymentOf(LOADS.toTen), 2 * SECONDS);
  const used = await measureAll(cluster);
  process.stdout.write(`${JSON.stringify(slopesFrom(used), null, 2)}\n`);
} finally {
  await cluster.stop();
}
process.exit(0);

async function measureAll(running: Cluster): Promise<Record<keyof typeof LOADS, Used>> {
  const entries: [string, Used][] = [];
  for (const [name, one] of Object.entries(LOADS)) {
    const rounds: LiveLoad[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(await runLive(running, deploymentOf(one), SECONDS));
    }
    const nodes = median(rounds.map((load) => 1e6 * load.nodes.reduce((sum, share) => sum + share, 0)));
    const redis = median(rounds.map((load) => 1e6 * load.redis));
    entries.push([name, { nodes, redis }]);
    process.stderr.write(`${name}: nodes ${Math.round(nodes)} µs/s, Redis ${Math.round(redis)} µs/s\n`);
  }
  return Object.fromEntries(entries) as Record<keyof typeof LOADS, Used>;
}

function slopesFrom(used: Record<keyof typeof LOADS, Used>): Slopes {
  const { idle, publish, toOne, toTen, toOneLarge, toTenLarge, visits, visitsToSome, members } = used;
  const each = (more: Used, less: Used, times: number): Used => ({
    nodes: Math.max(0, (more.nodes - less.nodes) / times),
    redis: Math.max(0, (more.redis - less.redis) / times),
  });
  const more = (MANY_BYTES - BYTES) / 1024;
  const published = each(publish, idle, PER_SECOND);
  const first = each(toOne, publish, PER_SECOND);
  // Ten subscribers are on both nodes: a second message, and nine deliveries more.
  const further = each(toTen, toOne, PER_SECOND);
  const redisReceiver = (first.redis + further.redis) / NODES;
  const delivery = (further.nodes - first.nodes) / 8;
  const receive = Math.max(0, first.nodes - delivery);
  const large = each(toOneLarge, toOne, PER_SECOND * more);
  const tenLarge = each(toTenLarge, toTen, PER_SECOND * more);
  const deliveryPerKb = Math.max(0, (tenLarge.nodes - large.nodes) / 9);
  // A visit to a channel that its node follows anyway, and one to a channel that nobody else is in.
  const visit = each(visitsToSome, idle, JOINS_PER_SECOND);
  const lonely = each(visits, idle, JOINS_PER_SECOND);
  const change = each(members, idle, 2 * JOINS_PER_SECOND);
  const told = NODES * (receive + delivery);
  return {
    node: {
      ...MEASURED.node,
      idleNode: idle.nodes / NODES,
      trigger: published.nodes,
      publishPerKb: Math.max(0, large.nodes - deliveryPerKb),
      receive,
      delivery,
      deliveryPerKb,
      visit: visit.nodes / 2,
      edge: Math.max(0, (lonely.nodes - visit.nodes) / 2),
      presenceStep: Math.max(0, change.nodes - told),
    },
    redis: {
      idleNode: idle.redis / NODES,
      publish: published.redis,
      receiver: redisReceiver,
      receiverPerKb: (large.redis + tenLarge.redis) / (1 + NODES),
      visit: visit.redis / 2,
      edge: Math.max(0, (lonely.redis - visit.redis) / 2),
      presenceStep: Math.max(0, change.redis - NODES * redisReceiver),
    },
  };
}

function deploymentOf(one: ChannelClass): Deployment {
  const connections = one.channels * one.subscribers;
  return { name: one.name, connections, connectsPerSecond: 0, classes: [one], nodes: NODES, redisShards: 1 };
}
