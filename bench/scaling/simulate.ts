/**
 * Prints what a deployment asks of each node and each Redis shard, and what is full first.
 *
 *     node dist/bench/scaling/simulate.js                 the worked examples
 *     node dist/bench/scaling/simulate.js FILE            a deployment of your own, as JSON
 *     node dist/bench/scaling/simulate.js FILE SLOPES     with slopes measured on your machine; `-`: the worked examples
 */
import { readFileSync } from 'node:fs';
import { type Loads, loadsOf, type Slopes } from './cost-model.ts';
import { type Deployment, readDeployment } from './deployment.ts';
import { EXAMPLES } from './examples.ts';
import { MEASURED } from './slopes.ts';

const [file, slopesFile] = process.argv.slice(2);
const parsed = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const slopes = slopesFile === undefined ? MEASURED : (parsed(slopesFile) as Slopes);
const deployments = file === undefined || file === '-' ? EXAMPLES : [readDeployment(parsed(file))];

for (const deployment of deployments) {
  process.stdout.write(`${described(deployment, loadsOf(deployment, slopes))}\n\n`);
}

function described(deployment: Deployment, { node, redis, first, headroom }: Loads): string {
  const lines = [
    deployment.name,
    `  ${count(deployment.connections)} connections, ${deployment.nodes} nodes, ${deployment.redisShards} Redis shards`,
    `  a node: ${percent(node.cpu)} of a core, ${node.memoryMib.toFixed(0)} MiB, ${megabits(node.bytesOut)} out; ` +
      `${count(node.publishes)} publishes, ${count(node.received)} messages, ${count(node.deliveries)} deliveries a second`,
  ];
  if (redis !== undefined) {
    lines.push(
      `  a Redis shard: ${percent(redis.cpu)} of a core, ${megabits(redis.bytesOut)} out; ` +
        `${count(redis.commands)} commands, ${count(redis.messages)} messages a second`,
    );
  }
  const who = first === 'nodes' ? 'the nodes' : 'Redis';
  lines.push(
    headroom >= 1
      ? `  full first: ${who}, at ${headroom.toFixed(1)} times this load`
      : `  too much: ${who} would need ${(1 / headroom).toFixed(1)} times as many`,
  );
  return lines.join('\n');
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function percent(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}

function megabits(bytes: number): string {
  return `${((bytes * 8) / 1e6).toFixed(1)} Mbit/s`;
}
