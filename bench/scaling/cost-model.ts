/**
 * From measured slopes and a deployment to the load of each node and each Redis shard. Pure arithmetic; docs/scaling.md
 * says where each term comes from and what it leaves out.
 */
import type { ChannelClass, Deployment } from './deployment.ts';

/** Measured costs, all of CPU time in microseconds unless named otherwise. */
export interface Slopes {
  readonly node: {
    /** A second of a node that does nothing. */
    readonly idleNode: number;
    /** Beyond what is done: something that arrives while the loop sleeps wakes it, caches are cold. */
    readonly wake: number;
    /** A signed trigger that goes through Redis, without its deliveries; and per kilobyte of data, on both nodes. */
    readonly trigger: number;
    readonly publishPerKb: number;
    /** The same of a node that is alone. */
    readonly triggerAlone: number;
    /** A message that comes from Redis for a channel with subscribers here, without its deliveries. */
    readonly receive: number;
    /** One delivery: fixed part, and per kilobyte of data. */
    readonly delivery: number;
    readonly deliveryPerKb: number;
    readonly handshake: number;
    readonly subscribe: number;
    readonly close: number;
    /** Subscribing to a channel, or leaving it, that this node follows anyway; more of it for the first or last one. */
    readonly visit: number;
    readonly edge: number;
    /** A presence join or leave, without telling the others. */
    readonly presenceStep: number;
    /** A second of an idle connection. */
    readonly idle: number;
    /** KiB of memory: a connection with one channel, a further subscription, a channel on a node. */
    readonly connectionKib: number;
    readonly subscriptionKib: number;
    readonly channelKib: number;
    /** KiB of a node without connections. */
    readonly baseKib: number;
  };
  readonly redis: {
    readonly wake: number;
    /** A publish, without those who receive it. */
    readonly publish: number;
    /** One node that receives it: fixed part, and per kilobyte. */
    readonly receiver: number;
    readonly receiverPerKb: number;
    /** As for a node: what Redis does for a visit (it counts), beyond that for an edge, and for a join or leave. */
    readonly visit: number;
    readonly edge: number;
    readonly presenceStep: number;
    /** A second of a node that does nothing. */
    readonly idleNode: number;
  };
}

export interface Load {
  /** Of one core. */
  readonly cpu: number;
  /** Bytes a second that go out. */
  readonly bytesOut: number;
}

export interface NodeLoad extends Load {
  readonly memoryMib: number;
  readonly publishes: number;
  readonly received: number;
  readonly deliveries: number;
}

export interface RedisLoad extends Load {
  readonly commands: number;
  readonly messages: number;
}

export interface Loads {
  readonly node: NodeLoad;
  /** Undefined for a node that is alone. */
  readonly redis: RedisLoad | undefined;
  /** What reaches its core first, and how many times today's load it can carry before. */
  readonly first: 'nodes' | 'redis';
  readonly headroom: number;
}

/** A frame is its data, once more escaped, and its envelope; a WebSocket header. */
const ENVELOPE_BYTES = 70;
const TCP_BYTES = 40;

/** Nodes that have a subscriber of a channel, when its subscribers are spread at random. */
function nodesReached(subscribers: number, nodes: number): number {
  return nodes * (1 - (1 - 1 / nodes) ** subscribers);
}

export function loadsOf(deployment: Deployment, slopes: Slopes): Loads {
  const { nodes, redisShards } = deployment;
  const alone = redisShards === 0;
  let publishes = 0;
  let received = 0;
  let deliveries = 0;
  let nodeMicros = slopes.node.idleNode + (deployment.connections / nodes) * slopes.node.idle;
  let bytesOut = 0;
  let redisMicros = nodes * slopes.redis.idleNode;
  let commands = nodes;
  let messages = 0;
  let redisBytes = 0;
  let subscriptions = 0;
  let channelsHere = 0;

  // What arrives a second: a request and the answer of Redis, a message, a frame and the answer of Redis.
  let arrivals = 0;
  let redisArrivals = 0;
  const { handshake, subscribe, close } = slopes.node;
  nodeMicros += (deployment.connectsPerSecond / nodes) * (handshake + subscribe + close);

  for (const one of deployment.classes) {
    const reached = alone ? 1 : nodesReached(one.subscribers, nodes);
    const told = changesTold(one);
    const events = one.channels * one.publishesPerSecond;
    const changes = one.channels * told.changes;
    const kb = one.bytes / 1024;
    const perDelivery = slopes.node.delivery + kb * slopes.node.deliveryPerKb;

    publishes += events / nodes;
    received += ((events + changes) * reached) / nodes;
    deliveries += ((events + changes) * one.subscribers) / nodes;
    nodeMicros += (events / nodes) * (alone ? slopes.node.triggerAlone : slopes.node.trigger);
    nodeMicros += alone ? 0 : (events / nodes) * kb * slopes.node.publishPerKb;
    nodeMicros +=
      (visits(one) * slopes.node.visit + (alone ? 0 : edges(one, nodes) * slopes.node.edge)) / nodes;
    nodeMicros += (((events + changes) * reached) / nodes) * (alone ? 0 : slopes.node.receive);
    nodeMicros += (((events + changes) * one.subscribers) / nodes) * perDelivery;
    nodeMicros += (changes / nodes) * slopes.node.presenceStep;
    bytesOut += ((events * one.subscribers) / nodes) * (one.bytes + ENVELOPE_BYTES + TCP_BYTES);

    const steps = changes + visits(one);
    arrivals += (events * (alone ? 1 : 2) + (alone ? 0 : (events + changes) * reached) + steps * 2) / nodes;
    redisArrivals += events + steps;
    redisMicros += events * slopes.redis.publish + changes * slopes.redis.presenceStep;
    redisMicros += (events + changes) * reached * (slopes.redis.receiver + kb * slopes.redis.receiverPerKb);
    redisMicros += visits(one) * slopes.redis.visit + edges(one, nodes) * slopes.redis.edge;
    commands += events + changes + visits(one) + edges(one, nodes);
    messages += (events + changes) * reached;
    redisBytes += events * reached * (one.bytes + ENVELOPE_BYTES);
    subscriptions += (one.channels * one.subscribers) / nodes;
    channelsHere += (one.channels * reached) / nodes;
  }

  const { connectionKib, subscriptionKib, channelKib, baseKib } = slopes.node;
  const further = Math.max(0, subscriptions - deployment.connections / nodes);
  const kib =
    baseKib +
    (deployment.connections / nodes) * connectionKib +
    further * subscriptionKib +
    channelsHere * channelKib;
  const nodeWork = nodeMicros / 1e6;
  const cpu = withWaking(nodeWork, (arrivals * slopes.node.wake) / 1e6);
  const node = { cpu, bytesOut, memoryMib: kib / 1024, publishes, received, deliveries };
  if (alone) return { node, redis: undefined, first: 'nodes', headroom: 1 / nodeWork };
  const redisWork = redisMicros / 1e6 / redisShards;
  const redis = {
    cpu: withWaking(redisWork, (redisArrivals * slopes.redis.wake) / 1e6 / redisShards),
    bytesOut: redisBytes / redisShards,
    commands: commands / redisShards,
    messages: messages / redisShards,
  };
  const first = nodeWork >= redisWork ? 'nodes' : 'redis';
  return { node, redis, first, headroom: 1 / Math.max(nodeWork, redisWork) };
}

/**
 * Arrivals at random find a process busy as often as it is, and wake it else: u = work + waking · (1 − u). A process that
 * is full wakes for nothing, so its work alone says when it will be.
 */
function withWaking(work: number, waking: number): number {
  return Math.max(work, (work + waking) / (1 + waking));
}

/** Joins and leaves of a presence channel, each of which all its members hear of. */
function changesTold({ presence, joinsPerSecond }: ChannelClass): { readonly changes: number } {
  return { changes: presence ? 2 * joinsPerSecond : 0 };
}

/** Subscriptions and ends of subscriptions a second of channels that have no members. */
function visits({ channels, presence, joinsPerSecond }: ChannelClass): number {
  return presence ? 0 : 2 * channels * joinsPerSecond;
}

/** First and last subscribers of a node a second: a join is one when nobody else is there on the node. */
function edges({ channels, subscribers, joinsPerSecond }: ChannelClass, nodes: number): number {
  const nobodyElse = (1 - 1 / nodes) ** Math.max(0, subscribers - 1);
  return 2 * channels * joinsPerSecond * nobodyElse;
}
