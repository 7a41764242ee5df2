/** The HTTP API: finds the endpoint, checks the signature, runs it. Every failure becomes an answer. */
import type { AppRegistry } from '../apps/app-registry.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { authorizeRequest } from './authorize-request.ts';
import { failure, type HttpRequest, type HttpResponse, text } from './message.ts';
import type { Resource } from './resource.ts';
import { type RouteMatch, Router, type Routes } from './routes.ts';
import { readSignedQuery } from './signed-query.ts';

export interface ApiPorts {
  readonly registry: AppRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: OccasionalLog;
}

const PREFLIGHT_HEADERS = [
  [
    'Access-Control-Allow-Headers',
    'Content-Type, X-Pusher-Library, Pusher-Library-Name, Pusher-Library-Version',
  ],
  ['Access-Control-Max-Age', '86400'],
] as const;

export class SignedApi {
  readonly #router: Router<Resource>;

  constructor(ports: ApiPorts, routes: Routes) {
    this.#router = new Router(routes, (match) => new SignedResource(ports, match));
  }

  /** What answers requests for a path of the API; undefined if the path is none of its. */
  find(path: string): Resource | undefined {
    return this.#router.find(path);
  }
}

class SignedResource implements Resource {
  readonly needsCaller = false;
  readonly #ports: ApiPorts;
  readonly #route: RouteMatch;

  constructor(ports: ApiPorts, route: RouteMatch) {
    this.#ports = ports;
    this.#route = route;
  }

  handle(request: HttpRequest): Eventual<HttpResponse> {
    const route = this.#route;
    const endpoint = route.methods.get(request.method === 'HEAD' ? 'GET' : request.method);
    if (endpoint === undefined) return otherMethod(request, route);
    const { registry, clock } = this.#ports;
    if (route.appId !== undefined && registry.byId(route.appId) === undefined) {
      return failure(request, 404, `Unknown app: '${route.appId.slice(0, 100)}'`);
    }
    const query = readSignedQuery(request.query);
    const key = authorizeRequest(registry, request, route.path, query, clock.now(), route.appId);
    if (typeof key === 'string') return failure(request, 401, key);
    if (!key.app.enabled) return failure(request, 403, 'App is disabled');
    try {
      const response = endpoint({ app: key.app, request, parameters: query.others, name: route.name });
      return response instanceof Promise
        ? response.catch((error: unknown) => this.#failed(request, error))
        : response;
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  #failed(request: HttpRequest, error: unknown): HttpResponse {
    if (error instanceof Unavailable) {
      const { message: reason, consequence, what } = error;
      this.#ports.log.warn(
        request.method,
        { reason, path: request.path },
        `request refused: ${what} is away`,
      );
      const sentence = `Service unavailable: ${what} can't be reached${consequence === '' ? '' : `; ${consequence}`}`;
      return failure(request, 503, sentence);
    }
    this.#ports.logger.error({ err: error, method: request.method, path: request.path }, 'request failed');
    return failure(request, 500, 'Internal error');
  }
}

/** A preflight, or a method the path does not have. */
function otherMethod(request: HttpRequest, route: RouteMatch): HttpResponse {
  const methods = [...route.methods.keys()].join(', ');
  if (request.method !== 'OPTIONS') {
    return failure(request, 405, `Method not allowed: use ${methods}`, [['Allow', methods]]);
  }
  return text(204, '', [['Access-Control-Allow-Methods', `${methods}, OPTIONS`], ...PREFLIGHT_HEADERS]);
}
