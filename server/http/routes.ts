/** Which endpoint a request is for. PROTOCOL.md, "HTTP API". */
import type { Endpoint } from './endpoints/endpoint.ts';
import { segmentDecoded } from './query.ts';

/** Endpoints of one path by method. */
export type Methods = ReadonlyMap<string, Endpoint>;

/** The endpoints of the HTTP API, by what follows the app in the path; `*` stands for a channel or a user. */
export type Routes = ReadonlyMap<string, Methods>;

export interface RouteMatch {
  /** The part of the path that is signed: from `/apps` on, without what a proxy put before it. */
  readonly path: string;
  /** Undefined where the path names no app: its key tells. */
  readonly appId: string | undefined;
  /** The channel or user in the path, decoded; '' where there is none. */
  readonly name: string;
  readonly methods: Methods;
}

/** What an API path begins with, where no proxy put anything before it. */
export const APPS = '/apps/';
const USERS = '/users/';

/** Paths whose routes are remembered, and the longest that is worth it. */
const REMEMBERED = 1000;
const REMEMBERED_LENGTH = 300;

/** Finds what a path leads to. Most requests ask for one of few paths, which are taken apart once. */
export class Router<Found> {
  readonly #routes: Routes;
  readonly #make: (match: RouteMatch) => Found;
  readonly #found = new Map<string, Found>();

  /** @param make what is found, of the route that a path has */
  constructor(routes: Routes, make: (match: RouteMatch) => Found) {
    this.#routes = routes;
    this.#make = make;
  }

  find(path: string): Found | undefined {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    const match = matchRoute(this.#routes, path);
    if (match === undefined) return undefined;
    const found = this.#make(match);
    if (path.length > REMEMBERED_LENGTH) return found;
    if (this.#found.size === REMEMBERED) this.#found.clear();
    this.#found.set(path, found);
    return found;
  }
}

/** The route of a path, or undefined if the API has none for it. */
export function matchRoute(routes: Routes, path: string): RouteMatch | undefined {
  // What a proxy put before it may look the same, so the first place that leads somewhere is taken.
  for (let start = path.indexOf(APPS); start !== -1; start = path.indexOf(APPS, start + 1)) {
    const found = matchFrom(routes, path, start);
    if (found !== undefined) return found;
  }
  return matchAlias(routes, path);
}

function matchFrom(routes: Routes, path: string, start: number): RouteMatch | undefined {
  const idStart = start + APPS.length;
  const idEnd = path.indexOf('/', idStart);
  if (idEnd === -1) return undefined;
  const found = matchRest(routes, path.slice(idEnd + 1));
  if (found === undefined) return undefined;
  const appId = segmentDecoded(path.slice(idStart, idEnd));
  return { path: start === 0 ? path : path.slice(start), appId, name: found.name, methods: found.methods };
}

/** The Python SDK terminates users under `/users`, without the app. */
function matchAlias(routes: Routes, path: string): RouteMatch | undefined {
  const start = path.indexOf(USERS);
  const found = start === -1 ? undefined : matchRest(routes, path.slice(start + 1));
  return found === undefined
    ? undefined
    : { path: path.slice(start), appId: undefined, name: found.name, methods: found.methods };
}

function matchRest(routes: Routes, rest: string): Pick<RouteMatch, 'name' | 'methods'> | undefined {
  const nameStart = rest.indexOf('/') + 1;
  if (nameStart === 0) {
    const methods = routes.get(rest);
    return methods === undefined ? undefined : { name: '', methods };
  }
  const slash = rest.indexOf('/', nameStart);
  const nameEnd = slash === -1 ? rest.length : slash;
  const methods = routes.get(`${rest.slice(0, nameStart)}*${rest.slice(nameEnd)}`);
  return methods === undefined
    ? undefined
    : { name: segmentDecoded(rest.slice(nameStart, nameEnd)), methods };
}
