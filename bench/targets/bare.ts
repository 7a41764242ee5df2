/** The bare uWebSockets.js server: what a scenario costs when nothing but its minimum is done. */
import { fileURLToPath } from 'node:url';
import { nodeOptions, running, startNode } from './child.ts';
import { startNodes } from './nodes.ts';
import type { RunningTarget, Target, Wishes } from './target.ts';

/** How a bare server talks to Redis: as anybody would, or with nothing that could be left out. */
export type BareRelayKind = 'ioredis' | 'raw';

/** `name` differs from "bare" only when the bench compares the bare server with itself, to see its own noise. */
export function bareTarget(name: string, relay: BareRelayKind = 'ioredis'): Target {
  return { name, start: (nodes, wishes) => startNodes((redisUrl) => start(redisUrl, relay, wishes), nodes) };
}

async function start(
  redisUrl: string | undefined,
  relay: BareRelayKind,
  wishes: Wishes = {},
): Promise<RunningTarget> {
  const script = fileURLToPath(new URL('../bare-server.js', import.meta.url));
  const child = startNode([...nodeOptions(wishes), script], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      ...(wishes.webhooksTo === undefined ? {} : { BARE_WEBHOOK_URL: wishes.webhooksTo }),
      ...(redisUrl === undefined ? {} : { BARE_REDIS_URL: redisUrl, BARE_RELAY: relay }),
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.process.once('message', (message: { port: number }) => resolve(message.port));
    child.process.once('exit', () =>
      reject(new Error(`the bare server ended; it printed:\n${child.output()}`)),
    );
  });
  return running(child, { host: '127.0.0.1', port });
}
