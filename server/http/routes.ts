/** Which endpoint a request is for. PROTOCOL.md, "HTTP API". */
import type { Endpoint } from './endpoints/endpoint.ts';
import { segmentDecoded } from './query.ts';

/** The endpoints of the HTTP API, by what follows the app in the path; `*` stands for a channel or a user. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<string, Endpoint>>>>>;

export interface RouteMatch {
  /** The part of the path that is signed: from `/apps` on, without what a proxy put before it. */
  readonly path: string;
  /** Undefined where the path names no app: its key tells. */
  readonly appId: string | undefined;
  readonly name: string;
  /** Endpoints by method. */
  readonly methods: Readonly<Partial<Record<string, Endpoint>>>;
}

/** The route of a path, or undefined if the API has none for it. */
export function matchRoute(routes: Routes, path: string): RouteMatch | undefined {
  const apps = path.startsWith('/apps/') ? 0 : path.indexOf('/apps/');
  if (apps === -1) return matchAlias(routes, path);
  const signed = apps === 0 ? path : path.slice(apps);
  const [appId = '', ...rest] = signed.slice('/apps/'.length).split('/');
  const found = matchSegments(routes, rest);
  return found === undefined ? undefined : { path: signed, appId: segmentDecoded(appId), ...found };
}

/** The Python SDK terminates users under `/users`, without the app. */
function matchAlias(routes: Routes, path: string): RouteMatch | undefined {
  const users = path.indexOf('/users/');
  if (users === -1) return undefined;
  const signed = path.slice(users);
  const found = matchSegments(routes, signed.slice(1).split('/'));
  return found === undefined ? undefined : { path: signed, appId: undefined, ...found };
}

function matchSegments(routes: Routes, segments: string[]): Pick<RouteMatch, 'name' | 'methods'> | undefined {
  const [resource, name, action] = segments;
  if (resource === undefined || segments.length > 3) return undefined;
  const pattern = name === undefined ? resource : action === undefined ? `${resource}/*` : `${resource}/*/${action}`;
  const methods = Object.hasOwn(routes, pattern) ? routes[pattern] : undefined;
  return methods === undefined ? undefined : { name: name === undefined ? '' : segmentDecoded(name), methods };
}
