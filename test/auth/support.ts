/** Tokens as an application makes them, and requests as browsers send them to the auth endpoints. */
import { type JWTPayload, SignJWT } from 'jose';
import { type ApiResponse, sendHttp } from '../support/api.ts';
import { DEFAULT_APP, type TestServer } from '../support/server.ts';

export const TOKEN_SECRET = 'a-token-secret-of-at-least-32-bytes!';
/** Base64 of 32 bytes. */
export const MASTER_KEY = Buffer.alloc(32, 'a').toString('base64');

export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A token of an hour for user 7, signed with HS256. Claims given as undefined are left out. */
export function token(claims: JWTPayload = {}, secret = TOKEN_SECRET): Promise<string> {
  const payload = { sub: '7', iat: seconds(), exp: seconds() + 3600, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret));
}

const RULES = [
  { channels: ['private-user-{sub}', 'private-encrypted-user-{sub}', 'presence-lobby'] },
  { channels: ['presence-team-{teams}', 'private-team-{teams}'] },
];

/** The default app with auth endpoints on. */
export function authApp(auth: object = {}, app: object = {}) {
  return {
    ...DEFAULT_APP,
    ...app,
    auth: {
      token: { secret: TOKEN_SECRET, cookie: 'session', field: 'token' },
      rules: RULES,
      encryptionMasterKey: MASTER_KEY,
      userInfo: { name: '{name}' },
      ...auth,
    },
  };
}

export interface AuthCall {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly path?: string;
  /** Sent as JSON when true. */
  readonly json?: boolean;
}

/** One request; `fields` go into the body of a POST and into the query of a GET. */
export function ask(
  server: TestServer,
  fields: Record<string, string>,
  { token: bearer, headers = {}, method = 'POST', path = '/pusher/auth', json = false }: AuthCall = {},
): Promise<ApiResponse> {
  const inQuery = method === 'GET';
  const body = json ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
  const type = json ? 'application/json' : 'application/x-www-form-urlencoded';
  return sendHttp(server, {
    method,
    path,
    params: inQuery ? Object.entries(fields) : [],
    body: inQuery || method === 'OPTIONS' ? undefined : Buffer.from(body),
    headers: {
      ...(inQuery ? {} : { 'content-type': type }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
  });
}

export const SOCKET = '1234.1234';
