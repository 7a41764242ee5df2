/** The HTTP API as a server SDK calls it, signed here and not by the code under test. */

import type { IncomingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { hmac, md5 } from './auth.ts';
import type { TestApp, TestServer } from './server.ts';

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
}

/** What is about to be sent, signature included; `tamper` may change any of it. */
export interface SignedRequest {
  method: string;
  path: string;
  /** In the order they go on the wire, unescaped. */
  params: [string, string][];
  body: Buffer | undefined;
  headers: Record<string, string>;
  /** Sent instead of the escaped `params` when set. */
  rawQuery?: string;
}

export interface ApiOptions {
  /** A list is sent as repeated `key[]`. */
  readonly query?: Record<string, string | readonly string[]>;
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object;
  readonly app?: TestApp;
  /** Unix seconds of the signature; the clock's by default. */
  readonly now?: number;
  readonly headers?: Record<string, string>;
  /** Takes `path` as it is, without `/apps/{id}` before it. */
  readonly absolute?: boolean;
  /** Changes the request after it was signed. */
  readonly tamper?: (request: SignedRequest) => void;
}

/** One signed request. `path` is below `/apps/{id}` unless it starts with `/apps/` or `absolute` is set. */
export function api(
  server: TestServer,
  method: string,
  path: string,
  options: ApiOptions = {},
): Promise<ApiResponse> {
  const request = signedRequest(options.app ?? server.app, method, path, options);
  options.tamper?.(request);
  return sendHttp(server, request);
}

/** Publishes one event. Objects are JSON-encoded, as the SDKs do; strings go as they are. */
export function trigger(
  server: TestServer,
  channels: string | readonly string[],
  event: string,
  data: unknown,
  extra: object = {},
  options: ApiOptions = {},
): Promise<ApiResponse> {
  const body = {
    name: event,
    channels: typeof channels === 'string' ? [channels] : channels,
    data: typeof data === 'string' ? data : JSON.stringify(data),
    ...extra,
  };
  return api(server, 'POST', '/events', { ...options, body });
}

export function signedRequest(
  app: TestApp,
  method: string,
  path: string,
  options: ApiOptions,
): SignedRequest {
  const fullPath = options.absolute || path.startsWith('/apps/') ? path : `/apps/${app.id}${path}`;
  const body = bodyBytes(options.body);
  const params: [string, string][] = [
    ['auth_key', app.key],
    ['auth_timestamp', String(options.now ?? Math.floor(Date.now() / 1000))],
    ['auth_version', '1.0'],
    ...queryPairs(options.query ?? {}),
  ];
  if (body !== undefined && body.length > 0) params.push(['body_md5', md5(body)]);
  params.push(['auth_signature', hmac(app.secret, stringToSign(method, fullPath, params))]);
  return {
    method,
    path: fullPath,
    params,
    body,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
  };
}

export function stringToSign(
  method: string,
  path: string,
  params: readonly (readonly [string, string])[],
): string {
  const pairs = params.map(([key, value]) => [key.toLowerCase(), value] as const);
  // A stable sort by key alone keeps repeated keys in the order given.
  const sorted = pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [method.toUpperCase(), path, sorted.map(([key, value]) => `${key}=${value}`).join('&')].join('\n');
}

/** Sends a request exactly as described, on a connection of its own. */
export function sendHttp(server: TestServer, request: SignedRequest): Promise<ApiResponse> {
  const query =
    request.rawQuery ??
    request.params.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: server.host,
        port: server.port,
        method: request.method,
        path: query === '' ? request.path : `${request.path}?${query}`,
        headers: {
          ...request.headers,
          ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
        },
        agent: false,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            json: () => JSON.parse(text),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

function bodyBytes(body: ApiOptions['body']): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
}

function queryPairs(query: NonNullable<ApiOptions['query']>): [string, string][] {
  return Object.entries(query).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[key, value]] : value.map((item) => [`${key}[]`, item]),
  );
}
