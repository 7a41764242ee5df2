/** Stands between a client and a server, and can behave like a bad network: cut, stall, resume. */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

type State = 'passing' | 'stalled' | 'refusing';

export class TcpProxy {
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: State = 'passing';

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port and passes every connection on. */
  static async start(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.#accept(client, targetPort, targetHost));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, proxy.host, resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is stopped');
    return address.port;
  }

  /** Connections that are up. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Ends every connection; new ones pass, unless `refuse` is on. */
  cut(): void {
    for (const pair of [...this.#pairs]) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Cuts, and lets nobody in until `resume`. */
  refuse(): void {
    this.#state = 'refusing';
    this.cut();
  }

  /** Connections stay up, and new ones come up, but nothing passes in either direction until `resume`. */
  stall(): void {
    this.#state = 'stalled';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** All is well again; what was held back goes on its way. */
  resume(): void {
    this.#state = 'passing';
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket, port: number, host: string): void {
    if (this.#state === 'refusing') {
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ port, host });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (data) => {
        if (!to.write(data)) {
          from.pause();
          to.once('drain', () => this.#state === 'passing' && from.resume());
        }
      });
      from.on('error', end);
      from.on('close', end);
    }
    if (this.#state === 'stalled') server.pause();
    else client.resume();
  }
}
