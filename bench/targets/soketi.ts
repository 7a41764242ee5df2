/** soketi, when the caller has it installed: the peer whose users we would like to serve, in the same run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_APP } from '../app.ts';
import { freePort, startNode, untilReady } from './child.ts';
import { startNodes } from './nodes.ts';
import type { RunningTarget, Target } from './target.ts';

/** `directory` is where `@soketi/soketi` was installed. */
export function soketiTarget(directory: string): Target {
  const script = join(directory, 'node_modules/@soketi/soketi/bin/server.js');
  if (!existsSync(script)) throw new Error(`--soketi: ${script} does not exist`);
  const one = (redisUrl: string | undefined): Promise<RunningTarget> => start(directory, script, redisUrl);
  return { name: 'soketi', start: (nodes) => startNodes(one, nodes) };
}

async function start(
  directory: string,
  script: string,
  redisUrl: string | undefined,
): Promise<RunningTarget> {
  const host = '127.0.0.1';
  const port = await freePort();
  const child = startNode([script, 'start'], {
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
      SOKETI_PRESENCE_MAX_MEMBERS: '1000',
      // Its default too: a metrics registry is not what we compare.
      SOKETI_METRICS_ENABLED: 'false',
      SOKETI_SHUTDOWN_GRACE_PERIOD: '0',
      ...(redisUrl === undefined ? {} : redisSettings(redisUrl)),
    },
  });
  return untilReady(child, { host, port });
}

function redisSettings(url: string): Record<string, string> {
  const { hostname, port } = new URL(url);
  return { SOKETI_ADAPTER_DRIVER: 'redis', SOKETI_DB_REDIS_HOST: hostname, SOKETI_DB_REDIS_PORT: port };
}
