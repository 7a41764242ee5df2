import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../server/compose.ts';
import type { Clock } from '../../server/lib/clock.ts';
import type { Logger } from '../../server/lib/logger.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { warmUp } from '../../server/warm-up/warm-up.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (_fields: unknown, message: string): void => {
    lines.push(message);
  };
  return { lines, debug: add, info: add, warn: add, error: add };
}

/** Something that listens and never answers, or ends connections at once. */
async function listenAt(path: string, hangsUp: boolean): Promise<RunningServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (hangsUp) socket.destroy();
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return { host: path, port: 0, stop: () => Promise.resolve() };
}

/** What a node answers at a Unix socket, over one connection that stays. */
async function page(agent: Agent, socketPath: string, path: string): Promise<string> {
  const sent = request({ agent, socketPath, path }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return text(response);
}

describe('a warm-up', () => {
  it('does what clients and backends do, is refused nothing, and leaves nothing open', async () => {
    const pages: string[] = [];
    const stopped: Array<Promise<void>> = [];
    const paths: string[] = [];
    const logger = recordingLogger();
    const started = systemClock.now();
    await warmUp({
      // All the time in the world: on a slow machine the second node would get no turn.
      clock: { ...systemClock, now: () => started, after: (ms, task) => systemClock.after(100 * ms, task) },
      logger,
      async startServer(config, silent) {
        const node = await startServer(config, silent);
        paths.push(node.host);
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        // The connection lives on when the path is gone.
        await page(agent, node.host, '/health');
        const stop = async (): Promise<void> => {
          pages.push(await page(agent, node.host, '/metrics'));
          agent.destroy();
          await node.stop();
        };
        return {
          ...node,
          stop() {
            const done = stop();
            stopped.push(done);
            return done;
          },
        };
      },
    });
    await Promise.all(stopped);

    expect(logger.lines).toEqual([]);
    expect(pages).toHaveLength(2);
    for (const page of pages) {
      expect(page).toMatch(/^carillon_client_events_total [1-9]/m);
      expect(page).toMatch(/^carillon_events_published_total [1-9]/m);
      expect(page).toMatch(/^carillon_connections_opened_total [1-9]/m);
      expect(page).toMatch(/^carillon_client_events_refused_total 0$/m);
      expect(page).not.toMatch(/^carillon_connections_refused_total\{/m);
      expect(page).not.toMatch(/^carillon_http_responses_total\{status="[345]/m);
    }
    expect(paths.filter((path) => existsSync(dirname(path)))).toEqual([]);
  });

  it('that finds no place to listen is given up, and says so', async () => {
    const logger = recordingLogger();
    const startServer = () => Promise.reject(new Error('no loopback here'));
    await warmUp({ clock: systemClock, logger, startServer });
    expect(logger.lines).toEqual(['warm-up given up']);
  });

  it.each([
    ['is not answered', false],
    ['is hung up on', true],
  ])('that %s is given up, and says so', async (_what, hangsUp) => {
    const logger = recordingLogger();
    const hurried: Clock = { ...systemClock, after: (_ms, task) => systemClock.after(50, task) };
    await warmUp({ clock: hurried, logger, startServer: ({ host }) => listenAt(host, hangsUp) });
    expect(logger.lines).toEqual(['warm-up given up']);
  });
});
