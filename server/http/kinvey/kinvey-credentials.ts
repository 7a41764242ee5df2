/** Who makes a request: the application's backend, the application, or one of its users. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { KinveySettings } from '../../apps/push-settings.ts';
import type { KinveySessions } from '../../push/kinvey/kinvey-sessions.ts';
import type { KinveyUser } from '../../push/kinvey/kinvey-users.ts';
import { KinveyError } from './kinvey-replies.ts';

export type Caller =
  /** Whoever knows the master secret, or the app secret. */
  | { readonly kind: 'master' | 'app' }
  /** @property session the token, where it was not the password that was given */
  | { readonly kind: 'user'; readonly user: KinveyUser; readonly session: string | undefined };

/** What a request says of who makes it. Whether it is true is known of `master` and `app` only. */
export type Credentials =
  | { readonly kind: 'master' | 'app' | 'nothing' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'session'; readonly token: string };

const NOTHING: Credentials = { kind: 'nothing' };

/** Without asking anybody. What can be no credentials, and wrong secrets, are `nothing`. */
export function credentialsIn(kinvey: KinveySettings, authorization: string | undefined): Credentials {
  const [scheme = '', credentials = '', ...more] = (authorization ?? '').split(' ').filter(Boolean);
  if (credentials === '' || more.length > 0) return NOTHING;
  switch (scheme.toLowerCase()) {
    case 'basic': {
      const pair = pairIn(credentials);
      if (pair === undefined) return NOTHING;
      if (pair.name !== kinvey.appKey)
        return { kind: 'password', username: pair.name, password: pair.secret };
      if (isSame(pair.secret, kinvey.masterSecret)) return { kind: 'master' };
      return isSame(pair.secret, kinvey.appSecret) ? { kind: 'app' } : NOTHING;
    }
    case 'kinvey':
      return { kind: 'session', token: credentials };
    default:
      return NOTHING;
  }
}

/**
 * @param sessions undefined without a database: then there are no users
 * @throws KinveyError, by rejecting
 */
export async function callerOf(
  appId: string,
  credentials: Credentials,
  sessions: KinveySessions | undefined,
): Promise<Caller> {
  switch (credentials.kind) {
    case 'nothing':
      throw new KinveyError('InvalidCredentials');
    case 'password': {
      const { username, password } = credentials;
      const user = await loggedIn(needed(sessions), appId, username, password);
      return { kind: 'user', user, session: undefined };
    }
    case 'session': {
      const user = await needed(sessions).userOf(appId, credentials.token);
      if (user === undefined) throw new KinveyError('InvalidCredentials');
      return { kind: 'user', user, session: credentials.token };
    }
    default:
      return { kind: credentials.kind };
  }
}

/** @throws KinveyError, by rejecting */
export async function loggedIn(
  sessions: KinveySessions,
  appId: string,
  username: string,
  password: string,
): Promise<KinveyUser> {
  const user = await sessions.userByPassword(appId, username, password);
  if (user === 'too often') throw new KinveyError('TooManyRequests', 'too many logins with this username');
  if (user === undefined) throw new KinveyError('InvalidCredentials');
  return user;
}

/** Users, devices: what there is with a database only. */
export function needed<T>(part: T | undefined): T {
  if (part !== undefined) return part;
  throw new KinveyError(
    'MissingConfiguration',
    'users and devices need a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL',
  );
}

interface Pair {
  readonly name: string;
  readonly secret: string;
}

function pairIn(base64: string): Pair | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** Digests are compared, because they are of one length whatever was sent. */
function isSame(given: string, secret: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(secret));
}

function digestOf(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
