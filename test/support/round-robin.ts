/** One address before several servers: connections are dealt out in turn, and passed on as they are, ends included. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export class RoundRobin {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on `port`, a free one if 0. */
  static async start(targets: readonly Target[], host: string, port = 0): Promise<RoundRobin> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const front = new RoundRobin(server);
    let turn = 0;
    server.on('connection', (client) => {
      const target = targets[turn % targets.length];
      turn += 1;
      if (target !== undefined) front.#join(client, target);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return front;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the front is stopped');
    return address.port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket, { host, port }: Target): void {
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      // An orderly end is passed on as one, a reset as a reset.
      from.pipe(to);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        if (!from.readableEnded) to.destroy();
      });
    }
  }
}
