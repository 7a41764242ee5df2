/** A TCP connection that can fall silent without closing, as when a machine on the way goes. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class FrozenProxy {
  readonly origin: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.origin = origin;
  }

  /** @param target an origin whose scheme the proxy's has too */
  static async start(target: string): Promise<FrozenProxy> {
    const { hostname, port, protocol } = new URL(target);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new FrozenProxy(server, `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (inner) => {
      const outer = connect(Number(port), hostname);
      inner.pipe(outer).pipe(inner);
      for (const socket of [inner, outer]) {
        proxy.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
    });
    return proxy;
  }

  /** Nothing gets through on the connections there are; new ones work. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
