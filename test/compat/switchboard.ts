/** A TCP relay whose destination can change: an address that outlives the node behind it, as a load balancer's does. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Address } from './support.ts';

export interface Switchboard extends Address {
  /** New connections go there. */
  route(to: Address): void;
  close(): Promise<void>;
}

export async function switchboard(first: Address): Promise<Switchboard> {
  let destination = first;
  const sockets = new Set<Socket>();
  const relay = createServer((incoming) => {
    const outgoing = connect(destination.port, destination.host);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      // One side's end, orderly or not, is the other side's.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (relay.address() as AddressInfo).port,
    route: (to) => {
      destination = to;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => relay.close(() => resolve()));
    },
  };
}
