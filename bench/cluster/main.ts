/**
 * What a cluster costs: clusters of several sizes, nodes that nobody subscribes at among them, an idle node, and the commands that Redis does for each thing. `node dist/bench/cluster/main.js [sizes] [idle] [commands] [--smoke]`; all three take two minutes.
 * Cross-node fan-out beside bare servers is a scenario of bench/main.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_APP } from '../app.ts';
import { closeCrowd, each, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { channelAuth, triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { cpuMicros } from '../measure.ts';
import { carillonTarget } from '../targets/carillon.ts';
import type { RunningTarget } from '../targets/target.ts';
import { type BenchRedis, startRedis } from './redis.ts';
import { costOfSize } from './sizes.ts';

const smoke = process.argv.includes('--smoke');
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

async function startNodes(redis: BenchRedis, count: number): Promise<RunningTarget[]> {
  const target = carillonTarget({ CARILLON_REDIS_URL: redis.url, CARILLON_DRAIN_SECONDS: '0' });
  const nodes: RunningTarget[] = [];
  for (let n = 0; n < count; n += 1) nodes.push(await target.start());
  return nodes;
}

async function measureSizes(): Promise<void> {
  print('Published at one node to 100 subscribers at another, 500 a second of 100 B: CPU in µs per publish');
  for (const nodes of smoke ? [2] : [2, 4, 8]) {
    const { publisher, subscribers, redis, beside, redisBytes } = await costOfSize(nodes, smoke);
    const rest = nodes - 2;
    print(
      `${nodes} nodes: publisher ${rounded(publisher)}, subscribers' node ${rounded(subscribers)}, Redis ${rounded(redis)}; ` +
        `each of ${rest} beside ${rest === 0 ? '–' : rounded(beside / rest)}; Redis sent ${redisBytes.toFixed(0)} bytes`,
    );
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

const PARTS = { sizes: measureSizes, idle: measureIdle, commands: measureCommands };
const asked = process.argv.slice(2).filter((name) => !name.startsWith('--'));
for (const [name, measure] of Object.entries(PARTS)) {
  if (asked.length === 0 || asked.includes(name)) await measure();
}
process.exit(0);
