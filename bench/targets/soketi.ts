/** soketi, when the caller has it installed: the peer whose users we would like to serve, in the same run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_APP } from '../app.ts';
import { freePort, nodeOptions, startNode, untilReady } from './child.ts';
import { startNodes } from './nodes.ts';
import type { RunningTarget, Target, Wishes } from './target.ts';

/** `directory` is where `@soketi/soketi` was installed. */
export function soketiTarget(directory: string): Target {
  const script = join(directory, 'node_modules/@soketi/soketi/bin/server.js');
  if (!existsSync(script)) throw new Error(`--soketi: ${script} does not exist`);
  return {
    name: 'soketi',
    start: (nodes, wishes) => startNodes((redisUrl) => start(directory, script, redisUrl, wishes), nodes),
  };
}

async function start(
  directory: string,
  script: string,
  redisUrl: string | undefined,
  wishes: Wishes = {},
): Promise<RunningTarget> {
  const host = '127.0.0.1';
  const port = await freePort();
  const child = startNode([...nodeOptions(wishes), script, 'start'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SOKETI_HOST: host,
      SOKETI_PORT: String(port),
      SOKETI_DEFAULT_APP_ID: BENCH_APP.id,
      SOKETI_DEFAULT_APP_KEY: BENCH_APP.key,
      SOKETI_DEFAULT_APP_SECRET: BENCH_APP.secret,
      SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES: 'true',
      SOKETI_DEFAULT_APP_USER_AUTHENTICATION: 'true',
      SOKETI_PRESENCE_MAX_MEMBERS: '10000',
      // Its default too: a metrics registry is not what we compare.
      SOKETI_METRICS_ENABLED: 'false',
      SOKETI_SHUTDOWN_GRACE_PERIOD: '0',
      ...(redisUrl === undefined ? {} : redisSettings(redisUrl)),
      ...(wishes.webhooksTo === undefined ? {} : webhookSettings(wishes.webhooksTo)),
    },
  });
  return untilReady(child, { host, port });
}

function webhookSettings(url: string): Record<string, string> {
  const webhook = { url, event_types: ['client_event', 'channel_occupied'] };
  return { SOKETI_DEFAULT_APP_WEBHOOKS: JSON.stringify([webhook]), SOKETI_WEBHOOKS_BATCHING: 'true' };
}

function redisSettings(url: string): Record<string, string> {
  const { hostname, port } = new URL(url);
  return { SOKETI_ADAPTER_DRIVER: 'redis', SOKETI_DB_REDIS_HOST: hostname, SOKETI_DB_REDIS_PORT: port };
}
