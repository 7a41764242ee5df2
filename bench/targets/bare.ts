/** The bare uWebSockets.js server: what a scenario costs when nothing but its minimum is done. */
import { fileURLToPath } from 'node:url';
import { running, startNode } from './child.ts';
import type { RunningTarget, Target } from './target.ts';

/** `name` differs from "bare" only when the bench compares the bare server with itself, to see its own noise. */
export function bareTarget(name: string): Target {
  return { name, start };
}

async function start(): Promise<RunningTarget> {
  const script = fileURLToPath(new URL('../bare-server.js', import.meta.url));
  const child = startNode([script], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.process.once('message', (message: { port: number }) => resolve(message.port));
    child.process.once('exit', () =>
      reject(new Error(`the bare server ended; it printed:\n${child.output()}`)),
    );
  });
  return running(child, { host: '127.0.0.1', port });
}
