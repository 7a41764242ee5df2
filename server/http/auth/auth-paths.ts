/** Where the auth endpoints are: the defaults of pusher-js, Beams and Laravel Echo, also below an app. Pure. */
import type { Asked } from '../../auth/identity.ts';
import { segmentDecoded } from '../query.ts';

export interface AuthPath {
  readonly kind: Asked['kind'];
  /** Id or key of the app in the path; undefined where it names none. */
  readonly app: string | undefined;
}

const KINDS: ReadonlyMap<string, Asked['kind']> = new Map([
  ['/pusher/auth', 'channel'],
  ['/pusher/user-auth', 'user'],
  ['/pusher/beams-auth', 'beams'],
  ['/broadcasting/auth', 'channel'],
  ['/broadcasting/user-auth', 'user'],
]);

const OF_APP = /^\/apps\/([^/]+)(\/.+)$/;

export function authPathOf(path: string): AuthPath | undefined {
  // Nearly every request is for the API: one comparison tells those apart.
  if (!path.endsWith('auth')) return undefined;
  const kind = KINDS.get(path);
  if (kind !== undefined) return { kind, app: undefined };
  const [, app, rest] = OF_APP.exec(path) ?? [];
  const kindOfApp = rest === undefined ? undefined : KINDS.get(rest);
  return app === undefined || kindOfApp === undefined
    ? undefined
    : { kind: kindOfApp, app: segmentDecoded(app) };
}
