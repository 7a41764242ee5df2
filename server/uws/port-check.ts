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
export function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`Cannot listen on ${host}:${port}: ${REASONS[error.code ?? ''] ?? error.message}`));
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}
