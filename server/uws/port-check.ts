/**
 * Whether a port is free. uWebSockets shares a port with whoever listens on it, silently, each getting part of the
 * traffic; its way of not sharing refuses the port for a minute after a restart. Node's listener does neither.
 */
import { createServer } from 'node:net';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; choose another with --port or CARILLON_PORT',
  EADDRNOTAVAIL: "the address is not this machine's",
  EACCES: 'this user may not use the port (those below 1024 are reserved)',
  ENOTFOUND: 'the host name is unknown',
};

/** @throws Error in the operator's words when nothing can listen there */
export async function checkPort(host: string, port: number): Promise<void> {
  await portUsed(host, port);
}

/** A port that is free now; for those who can't all ask for any and get the same. */
export function freePort(host: string): Promise<number> {
  return portUsed(host, 0);
}

function portUsed(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`Cannot listen on ${host}:${port}: ${REASONS[error.code ?? ''] ?? error.message}`));
    });
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address();
      const used = typeof address === 'object' && address !== null ? address.port : port;
      probe.close(() => resolve(used));
    });
  });
}
