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
const SECONDS = 2.5;
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
  toTen: { ...PUBLISHED, subscribers: 10 },
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

/** Shares of a core: of a node, and of Redis. */
interface Used {
  readonly nodes: number;
  readonly redis: number;
}

const cluster = await startCluster(NODES);
try {
  const used = await measureAll(cluster);
  process.stdout.write(`${JSON.stringify(slopesFrom(used), null, 2)}\n`);
} finally {
  await cluster.stop();
}
process.exit(0);

async function measureAll(running: Cluster): Promise<Record<keyof typeof LOADS, Used>> {
  const rounds = new Map<string, LiveLoad[]>();
  // One after the other and from the beginning again, so that a slow minute falls on all. The first round makes code hot.
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, one] of Object.entries(LOADS)) {
      const load = await runLive(running, deploymentOf(one), SECONDS);
      if (round >= 0) rounds.set(name, [...(rounds.get(name) ?? []), load]);
    }
  }
  const used = [...rounds].map(([name, loads]): [string, Used] => {
    const nodes = median(loads.map((load) => load.nodes.reduce((sum, share) => sum + share, 0) / NODES));
    const redis = median(loads.map((load) => load.redis));
    process.stderr.write(
      `${name}: a node ${(nodes * 100).toFixed(2)} %, Redis ${(redis * 100).toFixed(2)} %\n`,
    );
    return [name, { nodes, redis }];
  });
  return Object.fromEntries(used) as Record<keyof typeof LOADS, Used>;
}

/**
 * What is done when a process is busy comes from the floods of bench/main.ts (`slopes.ts`). From there on each load
 * gives one slope, by the model's own equation: u (1 + waking) = work + waking.
 */
function slopesFrom(used: Record<keyof typeof LOADS, Used>): Slopes {
  const { idle, publish, toTen, toTenLarge, visits, visitsToSome, members } = used;
  const known = MEASURED;
  const perNode = PER_SECOND / NODES;
  const waking = (u: number, base: number, work: number, arrivals: number): number =>
    Math.max(0, ((u - base - work / 1e6) / (1 - u) / arrivals) * 1e6);
  // Work of one of something, in µs, that arrives so often and wakes so often.
  const workOf = (u: number, base: number, each: number, wakes: number, wake: number): number =>
    Math.max(0, ((u - base) * 1e6 - each * wakes * wake * (1 - u)) / each);

  const wake = waking(publish.nodes, idle.nodes, perNode * known.node.trigger, 2 * perNode);
  const redisWake = waking(publish.redis, idle.redis, PER_SECOND * known.redis.publish, PER_SECOND);
  // Ten subscribers are on both nodes, so each node receives everything.
  const received = workOf(toTen.nodes, publish.nodes, PER_SECOND, 1, wake);
  const receive = Math.max(0, received - 5 * known.node.delivery);
  const receiver = workOf(toTen.redis, publish.redis, PER_SECOND * NODES, 0, 0);
  const more = (MANY_BYTES - BYTES) / 1024;
  const largeNode = Math.max(0, ((toTenLarge.nodes - toTen.nodes) * 1e6) / PER_SECOND / more);
  const largeRedis = Math.max(0, ((toTenLarge.redis - toTen.redis) * 1e6) / PER_SECOND / NODES / more);
  const steps = (2 * JOINS_PER_SECOND) / NODES;
  const visit = workOf(visitsToSome.nodes, idle.nodes, steps, 2, wake);
  const lonely = workOf(visits.nodes, idle.nodes, steps, 2, wake);
  // Both nodes hear of a join, and tell it to one member each.
  const told = NODES * (receive + known.node.delivery);
  const change = workOf(members.nodes, idle.nodes, steps, 2 + NODES, wake);
  const redisSteps = steps * NODES;
  const redisVisit = workOf(visitsToSome.redis, idle.redis, redisSteps, 1, redisWake);
  const redisLonely = workOf(visits.redis, idle.redis, redisSteps, 1, redisWake);
  const redisChange = workOf(members.redis, idle.redis, redisSteps, 1, redisWake);
  return {
    node: {
      ...known.node,
      idleNode: idle.nodes * 1e6,
      wake,
      receive,
      // Five deliveries of each, and half of the publishes.
      deliveryPerKb: largeNode / 5.5,
      publishPerKb: largeNode / 5.5,
      visit,
      edge: Math.max(0, lonely - visit),
      presenceStep: Math.max(0, change - told),
    },
    redis: {
      ...known.redis,
      idleNode: (idle.redis * 1e6) / NODES,
      wake: redisWake,
      receiver,
      receiverPerKb: largeRedis,
      visit: redisVisit,
      edge: Math.max(0, redisLonely - redisVisit),
      presenceStep: Math.max(0, redisChange - NODES * receiver),
    },
  };
}

function deploymentOf(one: ChannelClass): Deployment {
  const connections = one.channels * one.subscribers;
  return { name: one.name, connections, connectsPerSecond: 0, classes: [one], nodes: NODES, redisShards: 1 };
}
