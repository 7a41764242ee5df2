/**
 * What a cluster costs: a delivery to another node's clients, a publication to nodes that nobody subscribes at, an idle
 * node, and the commands that Redis does for each thing. `node dist/bench/cluster/main.js [fan-out] [idle] [commands] [--smoke]`; all three take two minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_APP } from '../app.ts';
import { closeCrowd, each, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { channelAuth, triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { cpuMicros } from '../measure.ts';
import { bareTarget } from '../targets/bare.ts';
import { carillonTarget } from '../targets/carillon.ts';
import type { RunningTarget } from '../targets/target.ts';
import { type BenchRedis, startRedis } from './redis.ts';

const smoke = process.argv.includes('--smoke');
const SUBSCRIBERS = 100;
const PER_SECOND = 100;
const PUBLISHES = smoke ? 20 : 1000;
const LANES = 4;
const IDLE_MS = smoke ? 500 : 5000;
const BYTES = 100;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const rounded = (value: number): string => value.toFixed(2);

/** CPU time of each process while `work` is done and shortly after, in µs. */
async function costs(pids: readonly number[], work: () => Promise<void>): Promise<number[]> {
  const before = pids.map(cpuMicros);
  await work();
  await sleep(100);
  return pids.map((pid, at) => cpuMicros(pid) - (before[at] ?? 0));
}

/** Publishes by one server to subscribers of the same or another. */
async function fanOut(from: RunningTarget, to: RunningTarget, pids: readonly number[]): Promise<number[]> {
  const tally = new Tally();
  const clients = await openCrowd({ address: to.address, appKey: BENCH_APP.key, tally }, SUBSCRIBERS);
  await subscribeCrowd(clients, () => 'fan-out');
  const feed = new Feed('tick', 'fan-out', BYTES);
  for (const client of clients) client.receiver = new Receiver(feed, tally, LANES);
  const lanes = Array.from({ length: LANES }, (_, stream) =>
    Array.from({ length: PUBLISHES / LANES }, (__, i) =>
      triggerRequest(BENCH_APP, 'tick', 'fan-out', payload(stream, i, BYTES)),
    ),
  );
  const onFailure = (error: Error): void => tally.fail(error);
  const publisher = new Publisher({ address: from.address, lanes, depth: 1, onFailure });
  await publisher.connect();
  const used = await costs(pids, async () => {
    await paced(PUBLISHES, PER_SECOND, (i) => publisher.release(i));
    await publisher.answered();
    await tally.until(PUBLISHES * SUBSCRIBERS);
  });
  tally.finish(PUBLISHES * SUBSCRIBERS);
  publisher.close();
  for (const client of clients) client.receiver = undefined;
  await closeCrowd(clients);
  return used;
}

async function startNodes(redis: BenchRedis, count: number): Promise<RunningTarget[]> {
  const target = carillonTarget({ CARILLON_REDIS_URL: redis.url, CARILLON_DRAIN_SECONDS: '0' });
  const nodes: RunningTarget[] = [];
  for (let n = 0; n < count; n += 1) nodes.push(await target.start());
  return nodes;
}

async function measureFanOut(): Promise<void> {
  const bare = await bareTarget('bare').start();
  await fanOut(bare, bare, [bare.pid]);
  const [bareMicros = 0] = await fanOut(bare, bare, [bare.pid]);
  await bare.stop();
  const deliveries = PUBLISHES * SUBSCRIBERS;
  print(`Fan-out to ${SUBSCRIBERS}, ${BYTES} B, ${PER_SECOND} publishes a second; CPU in µs per delivery`);
  print(`bare server: ${rounded(bareMicros / deliveries)}`);
  for (const size of smoke ? [2] : [2, 4, 8]) {
    const redis = await startRedis();
    const nodes = await startNodes(redis, size);
    const [publisher, subscriber, ...others] = nodes as [RunningTarget, RunningTarget, ...RunningTarget[]];
    const pids = [publisher.pid, subscriber.pid, redis.pid, ...others.map(({ pid }) => pid)];
    await fanOut(publisher, subscriber, pids);
    const idle = (await costs(pids, () => sleep(IDLE_MS))).map((used) => (used * 1000) / IDLE_MS);
    const start = Date.now();
    const used = await fanOut(publisher, subscriber, pids);
    const seconds = (Date.now() - start) / 1000;
    const [sending = 0, receiving = 0, between = 0, ...beside] = used;
    const sum = sending + receiving + between;
    print(
      `${size} nodes: publisher ${rounded(sending / deliveries)}, subscribers' node ${rounded(receiving / deliveries)}, ` +
        `Redis ${rounded(between / deliveries)}; together ${rounded(sum / deliveries)}, ${rounded(sum / bareMicros)} of bare`,
    );
    print(`  idle, µs a second: ${idle.map((one) => one.toFixed(0)).join(', ')} (the third is Redis)`);
    for (const [at, cost] of beside.entries()) {
      const own = cost - (idle[at + 3] ?? 0) * seconds;
      print(`  uninterested node: ${rounded(own / PUBLISHES)} µs per publish elsewhere`);
    }
    for (const node of nodes) await node.stop();
    await redis.stop();
  }
}

async function measureIdle(): Promise<void> {
  const redis = await startRedis();
  const [node, other] = (await startNodes(redis, 2)) as [RunningTarget, RunningTarget];
  const tally = new Tally();
  const count = smoke ? 50 : 5000;
  const clients = await openCrowd({ address: node.address, appKey: BENCH_APP.key, tally }, count);
  await subscribeCrowd(clients, (i) => `own-${i % 1000}`);
  await sleep(6000);
  const before = await redis.commands();
  const used = await costs([node.pid, other.pid, redis.pid], () => sleep(IDLE_MS * 2));
  const after = await redis.commands();
  const perSecond = used.map((one) => rounded((one / (IDLE_MS * 2)) * 1));
  print(
    `\nIdle node with ${count} connections in ${Math.min(count, 1000)} channels: ${perSecond[0]} ms of CPU a second`,
  );
  print(`Idle node without: ${perSecond[1]} ms a second; Redis for both: ${perSecond[2]}`);
  const commands = [...after].map(([name, calls]) => `${name} ${calls - (before.get(name) ?? 0)}`);
  print(
    `Redis in ${(IDLE_MS * 2) / 1000} s for two idle nodes: ${commands.filter((one) => !one.endsWith(' 0')).join(', ')}`,
  );
  await closeCrowd(clients);
  for (const one of [node, other]) await one.stop();
  await redis.stop();
}

async function measureCommands(): Promise<void> {
  const redis = await startRedis();
  const nodes = await startNodes(redis, 1);
  const { address } = nodes[0] as RunningTarget;
  const tally = new Tally();
  const count = smoke ? 20 : 500;
  const crowd = (size: number) => openCrowd({ address, appKey: BENCH_APP.key, tally }, size);
  print('\nCommands of Redis per operation, those within scripts as well (without webhooks)');
  const idleBefore = await redis.commands();
  await sleep(4000);
  const idleAfter = await redis.commands();
  const perMs = new Map(
    [...idleAfter].map(([name, calls]) => [name, (calls - (idleBefore.get(name) ?? 0)) / 4000]),
  );
  const counted = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const before = await redis.commands();
    const start = Date.now();
    await work();
    await sleep(300);
    const passed = Date.now() - start;
    const after = await redis.commands();
    const calls_ = [...after]
      .map(
        ([name, calls]) =>
          [name, (calls - (before.get(name) ?? 0) - (perMs.get(name) ?? 0) * passed) / count] as const,
      )
      .filter(([, calls]) => calls > 0.05);
    const all = calls_.reduce((sum, [, calls]) => sum + calls, 0);
    print(
      `${what}: ${calls_.map(([name, calls]) => `${name} ${calls.toFixed(1)}`).join(', ') || 'nothing'} | ${all.toFixed(1)}`,
    );
  };
  const clients = await crowd(count);
  const presence = (client: { readonly socketId: string }, i: number): [string, string, string] => {
    const data = JSON.stringify({ user_id: `u${i}` });
    return ['presence-room', channelAuth(BENCH_APP, client.socketId, 'presence-room', data), data];
  };
  await counted('first subscription of a channel on a node', () =>
    subscribeCrowd(clients, (i) => `own-${i}`),
  );
  const more = await crowd(count);
  await counted('further subscription', () => subscribeCrowd(more, (i) => `own-${i}`));
  await counted('leave that is not the last', () => closeCrowd(more));
  await counted('presence join', () =>
    each(clients, 'joins', (client, i) => client.subscribe(...presence(client, i)), 8),
  );
  const requests = Array.from({ length: count }, (_, i) =>
    triggerRequest(BENCH_APP, 'tick', 'own-1', payload(0, i, BYTES)),
  );
  const publisher = new Publisher({
    address,
    lanes: [requests],
    depth: 1,
    onFailure: (error) => tally.fail(error),
  });
  await publisher.connect();
  await counted('publish', async () => {
    for (let i = 0; i < count; i += 1) publisher.release(i);
    await publisher.answered();
  });
  publisher.close();
  await counted('end of a connection: presence leave and last of a channel', () => closeCrowd(clients));
  for (const node of nodes) await node.stop();
  await redis.stop();
}

const PARTS = { 'fan-out': measureFanOut, idle: measureIdle, commands: measureCommands };
const asked = process.argv.slice(2).filter((name) => !name.startsWith('--'));
for (const [name, measure] of Object.entries(PARTS)) {
  if (asked.length === 0 || asked.includes(name)) await measure();
}
process.exit(0);
