/**
 * Holds the cost model against clusters that really run on this machine: what it predicts for each node and for Redis,
 * and what the operating system counted.
 *
 *     node dist/bench/scaling/check.js [SLOPES]      two minutes
 */
import { readFileSync } from 'node:fs';
import { median } from '../statistics.ts';
import { loadsOf, type Slopes } from './cost-model.ts';
import type { ChannelClass, Deployment } from './deployment.ts';
import { runLive, startCluster } from './live-run.ts';
import { MEASURED } from './slopes.ts';

const ROUNDS = 3;
const SECONDS = 4;

const ROOMS: ChannelClass = {
  name: 'rooms',
  channels: 200,
  subscribers: 10,
  publishesPerSecond: 2.5,
  bytes: 200,
  presence: false,
  joinsPerSecond: 0,
};

const CHECKED: readonly Deployment[] = [
  {
    name: '2 nodes, 2,000 connections in 200 channels, 500 publishes a second',
    connections: 2000,
    connectsPerSecond: 0,
    nodes: 2,
    redisShards: 1,
    classes: [ROOMS],
  },
  {
    name: '3 nodes, presence rooms of 12 with 60 joins and 60 leaves a second, and 150 publishes a second',
    connections: 360,
    connectsPerSecond: 0,
    nodes: 3,
    redisShards: 1,
    classes: [
      { ...ROOMS, channels: 15, subscribers: 12, publishesPerSecond: 0, presence: true, joinsPerSecond: 4 },
      { ...ROOMS, channels: 15, subscribers: 12, publishesPerSecond: 10, bytes: 300 },
    ],
  },
  {
    name: '4 nodes, 1,000 channels with one subscriber, 800 publishes a second of 1 KB, beside 100 readers of one channel',
    connections: 1100,
    connectsPerSecond: 0,
    nodes: 4,
    redisShards: 1,
    classes: [
      { ...ROOMS, channels: 1000, subscribers: 1, publishesPerSecond: 0.8, bytes: 1024 },
      { ...ROOMS, channels: 1, subscribers: 100, publishesPerSecond: 10, bytes: 300 },
    ],
  },
];

const [file] = process.argv.slice(2);
const slopes = file === undefined ? MEASURED : (JSON.parse(readFileSync(file, 'utf8')) as Slopes);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

process.stdout.write(
  '| deployment | | predicted | measured (range) | of predicted |\n| --- | --- | ---: | ---: | ---: |\n',
);
for (const deployment of CHECKED) {
  const cluster = await startCluster(deployment.nodes);
  // Code that runs for the first time, and the collector of garbage, are no part of the model.
  await runLive(cluster, deployment, SECONDS);
  const nodes: number[] = [];
  const redis: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const live = await runLive(cluster, deployment, SECONDS);
    nodes.push(live.nodes.reduce((sum, share) => sum + share, 0) / live.nodes.length);
    redis.push(live.redis);
  }
  await cluster.stop();
  const predicted = loadsOf(deployment, slopes);
  row(deployment.name, 'a node', predicted.node.cpu, nodes);
  row('', 'Redis', predicted.redis?.cpu ?? 0, redis);
}
process.exit(0);

function row(name: string, who: string, predicted: number, measured: readonly number[]): void {
  const range = `${percent(Math.min(...measured))} – ${percent(Math.max(...measured))}`;
  const ratio = median(measured) / predicted;
  process.stdout.write(
    `| ${name} | ${who} | ${percent(predicted)} | ${percent(median(measured))} (${range}) | ${ratio.toFixed(2)} |\n`,
  );
}
