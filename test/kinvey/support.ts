/** Calls of the Kinvey door as its SDKs make them. */
import { expect } from 'vitest';
import type { ApiResponse } from '../support/api.ts';
import { type Asked, ask } from '../support/push/push-node.ts';
import type { TestServer } from '../support/server.ts';

export const APP_KEY = 'kid_test0001';
export const KINVEY = { appKey: APP_KEY, appSecret: 'app-secret-0001', masterSecret: 'master-secret-0001' };

export const basic = (name: string, secret: string): string =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

export const MASTER = 'Basic a2lkX3Rlc3QwMDAxOm1hc3Rlci1zZWNyZXQtMDAwMQ==';
export const APP = 'Basic a2lkX3Rlc3QwMDAxOmFwcC1zZWNyZXQtMDAwMQ==';
export const WRONG = 'Basic a2lkX3Rlc3QwMDAxOndyb25n';
export const NO_DATABASE =
  'users and devices need a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL';

export function post(
  server: TestServer,
  path: string,
  authorization: string | undefined,
  body?: Asked['body'],
): Promise<ApiResponse> {
  const headers = {
    'content-type': 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  };
  return ask(server, 'POST', path, { headers, body: body ?? '' });
}

export const push = (
  server: TestServer,
  what: string,
  authorization: string | undefined,
  body?: Asked['body'],
) => post(server, `/push/${APP_KEY}/${what}`, authorization, body);

export const user = (
  server: TestServer,
  what: string,
  authorization: string | undefined,
  body?: Asked['body'],
) => post(server, `/user/${APP_KEY}/${what}`, authorization, body);

/** What a user's document says. */
export interface Document {
  readonly _id: string;
  readonly username?: string;
  readonly password?: string;
  readonly _kmd: { readonly authtoken: string; readonly lmt: string; readonly ect: string };
  readonly _acl: { readonly creator: string };
  readonly _messaging?: { readonly pushTokens: readonly object[] };
}

/** A new user, logged in. */
export async function signedUp(
  server: TestServer,
  attributes: object = {},
): Promise<{ id: string; session: string; document: Document }> {
  const answer = await user(server, '', APP, attributes);
  expect(answer.status).toBe(201);
  const document = answer.json() as Document;
  return { id: document._id, session: `Kinvey ${document._kmd.authtoken}`, document };
}

export const read = (server: TestServer, id: string, authorization = MASTER): Promise<ApiResponse> =>
  ask(server, 'GET', `/user/${APP_KEY}/${id}`, { headers: { authorization } });

export async function tokensOf(server: TestServer, id: string): Promise<readonly object[]> {
  return ((await read(server, id)).json() as Document)._messaging?.pushTokens ?? [];
}

export const INSUFFICIENT =
  '{"error":"InsufficientCredentials","description":"The credentials used to authenticate this request are not authorized to run this operation. Please retry your request with appropriate credentials","debug":""}';
export const INVALID =
  '{"error":"InvalidCredentials","description":"Invalid credentials. Please retry your request with correct credentials","debug":""}';

/** A refusal by name and with what it says of the case. */
export function expectRefusal(answer: ApiResponse, status: number, error: string, debug = ''): void {
  expect([answer.status, answer.json()]).toEqual([status, { error, description: expect.any(String), debug }]);
}
