/**
 * The admin API: for operators, on the node's own port, opened by a bearer token. Without a token configured there is
 * none. docs/operating.md.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { QueryParameters } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { Headers, HttpRequest, HttpResponse } from './message.ts';
import { parseQuery } from './query.ts';

export const ADMIN_PREFIX = '/admin/';

/** A request whose token is right. */
export interface AdminCall {
  readonly body: Buffer;
  readonly parameters: QueryParameters;
}

export type AdminEndpoint = (call: AdminCall) => Eventual<HttpResponse>;

/** Endpoints by path, then by method. */
export type AdminRoutes = ReadonlyMap<string, ReadonlyMap<string, AdminEndpoint>>;

/** No CORS: no web page has business here. */
const HEADERS: Headers = [
  ['Content-Type', 'application/json'],
  ['Cache-Control', 'no-store'],
];
const UNAUTHORIZED: Headers = [...HEADERS, ['WWW-Authenticate', 'Bearer']];
const BEARER = /^Bearer +(\S+) *$/i;

export function adminJson(status: number, value: object, headers: Headers = HEADERS): HttpResponse {
  return { status, headers, body: JSON.stringify(value) };
}

export class AdminApi {
  /** Digests are compared, because they are of one length whatever was sent. */
  readonly #tokenDigest: Buffer;
  readonly #routes: AdminRoutes;
  readonly #logger: Logger;

  constructor(token: string, routes: AdminRoutes, logger: Logger) {
    this.#tokenDigest = digest(token);
    this.#routes = routes;
    this.#logger = logger;
  }

  /** Answers every request below `ADMIN_PREFIX`. */
  handle(request: HttpRequest): Eventual<HttpResponse> {
    const given = BEARER.exec(request.caller?.headers.get('authorization') ?? '')?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), this.#tokenDigest)) {
      return adminJson(401, { error: 'The admin token is missing or wrong' }, UNAUTHORIZED);
    }
    const methods = this.#routes.get(request.path);
    if (methods === undefined) return adminJson(404, { error: 'Not found' });
    const endpoint = methods.get(request.method);
    if (endpoint === undefined) {
      const allowed = [...methods.keys()].join(', ');
      return adminJson(405, { error: `Method not allowed: use ${allowed}` }, [
        ...HEADERS,
        ['Allow', allowed],
      ]);
    }
    try {
      const response = endpoint({ body: request.body, parameters: parseQuery(request.query) });
      return response instanceof Promise
        ? response.catch((error: unknown) => this.#failed(request, error))
        : response;
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  #failed({ method, path }: HttpRequest, error: unknown): HttpResponse {
    this.#logger.error({ err: error, method, path }, 'admin request failed');
    return adminJson(500, { error: 'Internal error' });
  }
}

function digest(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
