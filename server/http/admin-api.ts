/**
 * The admin API: for operators, on the node's own port, opened by a bearer token. Without a token configured there is
 * none. docs/operating.md.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { QueryParameters } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { CallerDetails, Headers, HttpRequest, HttpResponse } from './message.ts';
import { parseQuery, segmentDecoded } from './query.ts';

export const ADMIN_PREFIX = '/admin/';

/** A request whose token is right. */
export interface AdminCall {
  readonly body: Buffer;
  readonly parameters: QueryParameters;
  /** What stands in the path where its pattern has a `*`, decoded. */
  readonly names: readonly string[];
  readonly caller: CallerDetails;
}

export type AdminEndpoint = (call: AdminCall) => Eventual<HttpResponse>;

/** Endpoints by path, where a segment that is `*` stands for any, then by method. */
export type AdminRoutes = ReadonlyMap<string, ReadonlyMap<string, AdminEndpoint>>;

/** No CORS: no web page has business here. */
export const ADMIN_HEADERS: Headers = [
  ['Content-Type', 'application/json'],
  ['Cache-Control', 'no-store'],
];
const UNAUTHORIZED: Headers = [...ADMIN_HEADERS, ['WWW-Authenticate', 'Bearer']];
const BEARER = /^Bearer +(\S+) *$/i;

export function adminJson(status: number, value: object, headers: Headers = ADMIN_HEADERS): HttpResponse {
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
    const { caller } = request;
    const given = BEARER.exec(caller?.headers.get('authorization') ?? '')?.[1];
    if (caller === undefined || given === undefined || !timingSafeEqual(digest(given), this.#tokenDigest)) {
      return adminJson(401, { error: 'The admin token is missing or wrong' }, UNAUTHORIZED);
    }
    const match = this.#match(request.path);
    if (match === undefined) return adminJson(404, { error: 'Not found' });
    const { methods, names } = match;
    const endpoint = methods.get(request.method);
    if (endpoint === undefined) {
      const allowed = [...methods.keys()].join(', ');
      return adminJson(405, { error: `Method not allowed: use ${allowed}` }, [
        ...ADMIN_HEADERS,
        ['Allow', allowed],
      ]);
    }
    try {
      const parameters = parseQuery(request.query);
      const response = endpoint({ body: request.body, parameters, names, caller });
      return response instanceof Promise
        ? response.catch((error: unknown) => this.#failed(request, error))
        : response;
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  #match(
    path: string,
  ): { methods: ReadonlyMap<string, AdminEndpoint>; names: readonly string[] } | undefined {
    const exact = path.includes('*') ? undefined : this.#routes.get(path);
    if (exact !== undefined) return { methods: exact, names: [] };
    const segments = path.split('/');
    for (const [pattern, methods] of this.#routes) {
      const parts = pattern.split('/');
      if (parts.length !== segments.length) continue;
      if (!parts.every((part, at) => part === segments[at] || (part === '*' && segments[at] !== '')))
        continue;
      return { methods, names: segments.filter((_, at) => parts[at] === '*').map(segmentDecoded) };
    }
    return undefined;
  }

  #failed({ method, path }: HttpRequest, error: unknown): HttpResponse {
    if (error instanceof Unavailable) {
      this.#logger.warn({ err: error, method, path }, 'admin request refused');
      return adminJson(503, {
        error: `Service unavailable: ${error.what} can't be reached. Please try again`,
      });
    }
    this.#logger.error({ err: error, method, path }, 'admin request failed');
    return adminJson(500, { error: 'Internal error' });
  }
}

function digest(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
