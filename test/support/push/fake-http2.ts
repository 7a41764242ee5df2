/** The HTTP/2 side of fake push services: connections and streams counted, and every way to fail. */
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  /** An object goes out as JSON. */
  readonly body?: object | string;
}

/** What goes wrong with a request that arrived whole. */
export type Fault =
  | FakeAnswer
  /** The answer comes late. */
  | { readonly slowMs: number }
  /** No answer, ever. */
  | { readonly hang: true }
  /** The stream is reset with this code of HTTP/2. */
  | { readonly reset: number }
  /** The connection is cut. */
  | { readonly cut: true }
  /** GOAWAY: neither this request nor those after it on its connection are worked on. */
  | { readonly goAway: object };

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly session: ServerHttp2Session;
}

export interface FakeHttp2Options {
  /** PEM; otherwise HTTP/2 without TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** PEM of the authority whose client certificates are asked for. */
  readonly clientCa?: string;
  readonly maxConcurrentStreams?: number;
}

/** May answer with a fault as well: one that belongs to a token. */
export type Handler = (request: FakeRequest) => Fault;

interface Connection {
  /** Requests under way. */
  streams: number;
  mostAtOnce: number;
  /** After GOAWAY: nothing more is worked on. */
  retired: boolean;
  /** The highest stream that was worked on. */
  lastStream: number;
}

export class FakeHttp2 {
  readonly origin: string;
  /** Connections there have been, and their requests. */
  readonly connections: Connection[] = [];
  #faults: Fault[] = [];
  readonly #server: Http2Server;
  readonly #open = new Map<Http2Session, Connection>();
  readonly #handler: Handler;

  private constructor(server: Http2Server, origin: string, handler: Handler) {
    this.#server = server;
    this.origin = origin;
    this.#handler = handler;
    server.on('session', (session) => this.#connected(session));
    server.on('stream', (stream, headers) => this.#streamed(stream, headers));
  }

  static async start(handler: Handler, options: FakeHttp2Options = {}): Promise<FakeHttp2> {
    const { maxConcurrentStreams = 1000, clientCa } = options;
    const settings = { maxConcurrentStreams };
    const server =
      options.tls !== undefined
        ? createSecureServer({
            ...options.tls,
            settings,
            ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: clientCa }),
          })
        : createServer({ settings });
    server.on('sessionError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const scheme = options.tls !== undefined ? 'https' : 'http';
    return new FakeHttp2(server, `${scheme}://127.0.0.1:${port}`, handler);
  }

  /** The next requests meet these, one each, before anything else is looked at. */
  failNext(...faults: Fault[]): void {
    this.#faults.push(...faults);
  }

  /** The most requests at once on one connection. */
  get mostAtOnce(): number {
    return Math.max(...this.connections.map(({ mostAtOnce }) => mostAtOnce));
  }

  /** Connections there are. */
  get open(): number {
    return this.#open.size;
  }

  /** Tells all connections to go, after what they have sent so far. */
  goAwayAll(code = 0): void {
    for (const [session, connection] of this.#open)
      session.goaway(code, connection.lastStream, Buffer.from('{"reason":"Shutdown"}'));
  }

  /** Changes how many streams a connection may have. */
  allowStreams(maxConcurrentStreams: number): void {
    for (const session of this.#open.keys()) session.settings({ maxConcurrentStreams });
  }

  async close(): Promise<void> {
    for (const session of this.#open.keys()) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connected(session: Http2Session): void {
    const connection: Connection = { streams: 0, mostAtOnce: 0, retired: false, lastStream: 0 };
    this.connections.push(connection);
    this.#open.set(session, connection);
    session.on('error', () => undefined);
    session.on('close', () => this.#open.delete(session));
  }

  #streamed(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => undefined);
    const session = stream.session as ServerHttp2Session | undefined;
    const connection = session === undefined ? undefined : this.#open.get(session);
    if (session === undefined || connection === undefined || connection.retired) return;
    connection.streams += 1;
    connection.mostAtOnce = Math.max(connection.mostAtOnce, connection.streams);
    stream.on('close', () => {
      connection.streams -= 1;
    });
    let chunks: Buffer[] | undefined;
    let first: Buffer | undefined;
    stream.on('data', (chunk: Buffer) => {
      if (first === undefined) first = chunk;
      else {
        chunks ??= [first];
        chunks.push(chunk);
      }
    });
    stream.on('end', () => {
      const body = chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks);
      const { ':method': method = '', ':path': path = '' } = headers;
      this.#serve(stream, connection, { method, path, headers, body, session });
    });
  }

  #serve(stream: ServerHttp2Stream, connection: Connection, request: FakeRequest): void {
    if (stream.destroyed || connection.retired) return;
    const fault = this.#faults.shift();
    if (fault === undefined) this.#process(stream, connection, request);
    else this.#meet(fault, stream, connection, request);
  }

  #process(stream: ServerHttp2Stream, connection: Connection, request: FakeRequest): void {
    this.#meet(this.#handler(request), stream, connection, request);
  }

  /** Does to a stream what a fault says; an answer is the mildest one. */
  #meet(fault: Fault, stream: ServerHttp2Stream, connection: Connection, request: FakeRequest): void {
    if (!('goAway' in fault)) connection.lastStream = Math.max(connection.lastStream, stream.id ?? 0);
    if ('status' in fault) {
      answer(stream, fault);
    } else if ('goAway' in fault) {
      connection.retired = true;
      request.session.goaway(0, connection.lastStream, Buffer.from(JSON.stringify(fault.goAway)));
    } else if ('slowMs' in fault) {
      setTimeout(() => this.#process(stream, connection, request), fault.slowMs);
    } else if ('reset' in fault) {
      stream.close(fault.reset);
    } else if ('cut' in fault) {
      request.session.destroy();
    }
  }
}

export const REFUSED_STREAM = constants.NGHTTP2_REFUSED_STREAM;
export const INTERNAL_ERROR = constants.NGHTTP2_INTERNAL_ERROR;

function answer(stream: ServerHttp2Stream, { status, headers, body }: FakeAnswer): void {
  if (stream.destroyed || stream.closed) return;
  if (body === undefined) {
    stream.respond({ ':status': status, ...headers }, { endStream: true });
    return;
  }
  const json = typeof body === 'object';
  stream.respond({ ':status': status, ...(json ? { 'content-type': 'application/json' } : {}), ...headers });
  stream.end(json ? JSON.stringify(body) : body);
}
