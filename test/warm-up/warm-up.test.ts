import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
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
async function listening(hangsUp: boolean): Promise<RunningServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (hangsUp) socket.destroy();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { host: '127.0.0.1', port, stop: () => Promise.resolve() };
}

describe('a warm-up', () => {
  it('does what clients and backends do, is refused nothing, and leaves nothing open', async () => {
    const pages: string[] = [];
    const stopped: Array<Promise<void>> = [];
    const ports: number[] = [];
    const logger = recordingLogger();
    await warmUp({
      clock: systemClock,
      logger,
      async startServer(config, silent) {
        const node = await startServer(config, silent);
        ports.push(node.port);
        const stop = async (): Promise<void> => {
          pages.push(await (await fetch(`http://${node.host}:${node.port}/metrics`)).text());
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
    for (const port of ports) {
      await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    }
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
    await warmUp({ clock: hurried, logger, startServer: () => listening(hangsUp) });
    expect(logger.lines).toEqual(['warm-up given up']);
  });
});
