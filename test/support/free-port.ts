/** Ports that nobody listens on at the moment. */
import { createServer } from 'node:net';

/**
 * Below this, because the system takes the ports of outgoing connections from further up, and a Redis Cluster's node
 * also listens 10,000 higher.
 */
const HIGHEST = 22_000;
const LOWEST = 12_000;

/** A free port of the loopback address from 12,000 to 22,000, whose 10,000-higher neighbour is free as well. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if ((await isFree(host, port)) && (await isFree(host, port + 10_000))) return port;
  }
  throw new Error('no free port found');
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
