/** A TCP relay that asks for each connection where it goes: an address that outlives the nodes behind it, as a load balancer's does. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RelayAddress {
  readonly host: string;
  readonly port: number;
}

export interface Relay extends RelayAddress {
  /** Ends all connections; nobody is let in any more. */
  close(): Promise<void>;
}

/** @param choose where the next connection goes; undefined turns it away */
export async function openRelay(choose: () => RelayAddress | undefined): Promise<Relay> {
  const sockets = new Set<Socket>();
  const relay = createServer((incoming) => {
    const destination = choose();
    if (destination === undefined) {
      incoming.destroy();
      return;
    }
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
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => relay.close(() => resolve()));
    },
  };
}
