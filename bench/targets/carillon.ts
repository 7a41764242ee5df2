/** Carillon as a user starts it: `carillon start`, one app by environment, all features at their defaults. */
import { fileURLToPath } from 'node:url';
import { BENCH_APP } from '../app.ts';
import { freePort, nodeOptions, startNode, untilReady } from './child.ts';
import { startNodes } from './nodes.ts';
import type { RunningTarget, Target, Wishes } from './target.ts';

/** `env` is laid over the settings below, to measure a setting's cost. */
export function carillonTarget(env: Readonly<Record<string, string>>, name = 'carillon'): Target {
  return {
    name,
    start: (nodes, wishes = {}) =>
      startNodes((redisUrl) => start({ ...settingsFor(redisUrl, wishes), ...env }, wishes), nodes),
  };
}

function settingsFor(redisUrl: string | undefined, { webhooksTo }: Wishes): Record<string, string> {
  return {
    // A cluster stops node by node, so nothing is gained by spreading what clients there are.
    ...(redisUrl === undefined ? {} : { CARILLON_REDIS_URL: redisUrl, CARILLON_DRAIN_SECONDS: '0' }),
    ...(webhooksTo === undefined
      ? {}
      : {
          CARILLON_WEBHOOK_URL: webhooksTo,
          CARILLON_ALLOW_PRIVATE_ADDRESSES: 'true',
          // Whoever receives them is gone by then.
          CARILLON_WEBHOOKS_DRAIN_SECONDS: '0',
        }),
  };
}

async function start(env: Readonly<Record<string, string>>, wishes: Wishes): Promise<RunningTarget> {
  // Compiled, this file is dist/bench/targets/carillon.js.
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const host = '127.0.0.1';
  const port = await freePort();
  const child = startNode([...nodeOptions(wishes), 'bin/carillon.js', 'start'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutCarillonSettings(process.env),
      CARILLON_HOST: host,
      CARILLON_PORT: String(port),
      CARILLON_APP_ID: BENCH_APP.id,
      CARILLON_APP_KEY: BENCH_APP.key,
      CARILLON_APP_SECRET: BENCH_APP.secret,
      CARILLON_LOG_LEVEL: 'warn',
      // The scenarios go past these two published limits on purpose.
      CARILLON_PRESENCE_MAX_MEMBERS: '0',
      CARILLON_CLIENT_EVENTS_PER_SECOND: '0',
      ...env,
    },
  });
  return untilReady(child, { host, port });
}

/** A setting in the caller's shell must not change what is measured. */
function withoutCarillonSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CARILLON_')));
}
