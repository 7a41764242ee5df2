/**
 * A browsers' push service: gives out subscriptions, checks what real services check of a request, and decrypts what
 * arrives as the browser would. Can be told to fail. Real sockets, HTTP/2 or HTTP/1.1, with TLS or without.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createH2c,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type BrowserKeys, browserKeys, decryptPush, subscriptionText } from './fake-browser.ts';
import { VapidCheck } from './fake-vapid.ts';

export type PushServiceProtocol = 'h2' | 'h2c' | 'https/1.1' | 'http/1.1';

/** Instead of taking a message. */
export type PushFailure =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** The stream, or the connection of HTTP/1.1, is cut. */
  | 'reset'
  /** Nothing happens, ever. */
  | 'hang';

export interface PushedMessage {
  readonly path: string;
  readonly plaintext: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly httpVersion: string;
}

export interface FakePushServiceOptions {
  readonly protocol?: PushServiceProtocol;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Of so many messages one is decrypted, and kept unless that is not wanted: for measurements. */
  readonly decryptOneOf?: number;
  readonly keep?: boolean;
  /** PEM; the tests' certificate otherwise. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

interface Subscribed {
  readonly keys: BrowserKeys;
  /** The only VAPID key that may send; undefined for any. */
  readonly applicationServerKey: string | undefined;
  readonly failures: PushFailure[];
}

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

const MAX_BODY_BYTES = 4096;

type Tls = NonNullable<FakePushServiceOptions['tls']>;

const tlsFile = (name: string): string => readFileSync(new URL(`../tls/${name}`, import.meta.url), 'utf8');
const testTls = (): Tls => ({ cert: tlsFile('cert.pem'), key: tlsFile('key.pem') });

export class FakePushService {
  readonly messages: PushedMessage[] = [];
  /** Why requests were not taken, in words. */
  readonly complaints: string[] = [];
  readonly #decryptOneOf: number;
  readonly #keep: boolean;
  readonly #secure: boolean;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscriptions = new Map<string, Subscribed>();
  readonly #failures: PushFailure[] = [];
  readonly #vapid: VapidCheck;
  /** Connections accepted, and requests that came in, since the start. */
  connections = 0;
  requests = 0;

  private constructor(options: FakePushServiceOptions) {
    const { protocol = 'h2c', now = Date.now, decryptOneOf = 1, keep = true, tls = testTls() } = options;
    this.#decryptOneOf = decryptOneOf;
    this.#keep = keep;
    this.#secure = protocol === 'h2' || protocol === 'https/1.1';
    this.#vapid = new VapidCheck(now);
    const serve = (request: Incoming, response: Outgoing): void => void this.#serve(request, response);
    this.#server = serverFor(protocol, tls, serve);
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: FakePushServiceOptions = {}): Promise<FakePushService> {
    const service = new FakePushService(options);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  /** `localhost` where there is TLS, because that is what the tests' certificate is for. */
  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return this.#secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  }

  /** What the sender trusts. */
  static get ca(): string {
    return tlsFile('cert.pem');
  }

  /** A new subscription, as its JSON. */
  subscribe(applicationServerKey?: string): string {
    const keys = browserKeys();
    const path = `/wp/${randomUUID()}`;
    this.#subscriptions.set(path, { keys, applicationServerKey, failures: [] });
    return subscriptionText(`${this.origin}${path}`, keys);
  }

  /** The next messages fail, of one subscription if it is given. */
  failNext(failures: readonly PushFailure[], subscription?: string): void {
    if (subscription === undefined) this.#failures.push(...failures);
    else this.#subscriptionOf(subscription)?.failures.push(...failures);
  }

  /** From now on as if it had never been. */
  forget(subscription: string): void {
    this.#subscriptions.delete(pathOf(subscription));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #subscriptionOf(subscription: string): Subscribed | undefined {
    return this.#subscriptions.get(pathOf(subscription));
  }

  async #serve(request: Incoming, response: Outgoing): Promise<void> {
    this.requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    const known = this.#subscriptions.get(path);
    const failure = known?.failures.shift() ?? this.#failures.shift();
    if (failure === 'hang') return;
    if (failure === 'reset') {
      if ('stream' in response) response.stream.close(2);
      else response.socket?.destroy();
      return;
    }
    if (failure !== undefined) {
      answer(response, failure.status, failure.headers, failure.body);
      return;
    }
    const refusal = this.#refusal(request, known, Buffer.concat(chunks));
    if (refusal !== undefined) {
      this.complaints.push(refusal.body);
      answer(response, refusal.status, {}, refusal.body);
      return;
    }
    answer(response, 201, {
      location: `${this.origin}/m/${randomUUID()}`,
      ttl: String(request.headers['ttl']),
    });
  }

  /** Why a message is not taken; takes it otherwise. */
  #refusal(
    { method, url: path = '', headers, httpVersion }: Incoming,
    known: Subscribed | undefined,
    body: Buffer,
  ): { readonly status: number; readonly body: string } | undefined {
    const bad = (words: string) => ({ status: 400, body: words });
    if (method !== 'POST') return { status: 405, body: `method ${method}` };
    if (known === undefined) return { status: 410, body: 'no such subscription' };
    const vapid = this.#vapid.problem(headers['authorization'], this.origin, known.applicationServerKey);
    if (vapid !== undefined) return vapid;
    if (!/^\d+$/.test(String(headers['ttl']))) return bad(`TTL ${headers['ttl']}`);
    const urgency = headers['urgency'];
    if (urgency !== undefined && !/^(very-low|low|normal|high)$/.test(String(urgency))) return bad('Urgency');
    const topic = headers['topic'];
    if (topic !== undefined && !/^[\w-]{1,32}$/.test(String(topic))) return bad('Topic');
    if (headers['content-encoding'] !== 'aes128gcm') return bad('Content-Encoding');
    if (headers['content-type'] !== 'application/octet-stream') return bad('Content-Type');
    if (body.length > MAX_BODY_BYTES) return { status: 413, body: `${body.length} bytes` };
    if (this.requests % this.#decryptOneOf !== 0) return undefined;
    try {
      const plaintext = decryptPush(body, known.keys).toString();
      if (this.#keep) this.messages.push({ path, plaintext, headers, httpVersion });
      return undefined;
    } catch (error) {
      return bad(String(error));
    }
  }
}

function pathOf(subscription: string): string {
  const { endpoint } = JSON.parse(subscription) as { readonly endpoint: string };
  return new URL(endpoint).pathname;
}

function answer(
  response: Outgoing,
  status: number,
  headers: Record<string, string> = {},
  body: string = '',
): void {
  // The two kinds differ in types only.
  const both = response as ServerResponse;
  both.writeHead(status, headers);
  both.end(body);
}

function serverFor(
  protocol: PushServiceProtocol,
  tls: Tls,
  serve: (request: Incoming, response: Outgoing) => void,
): Server {
  switch (protocol) {
    case 'h2':
      return createSecureServer({ ...tls, allowHTTP1: true }, serve) as unknown as Server;
    case 'h2c':
      return createH2c(serve) as unknown as Server;
    case 'https/1.1':
      return createHttps(tls, serve);
    case 'http/1.1':
      return createServer(serve);
  }
}
