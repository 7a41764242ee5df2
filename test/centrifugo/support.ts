/** Calls of the Centrifugo door as its clients make them. */
import { expect } from 'vitest';
import type { ApiResponse } from '../support/api.ts';
import { type Asked, ask } from '../support/push/push-node.ts';
import type { TestServer } from '../support/server.ts';

export const API_KEY = 'cent-api-key';
export const NEWER = { 'x-api-key': API_KEY };
export const OLDER = { authorization: `apikey ${API_KEY}` };

/** One method on its own route, as cent.js calls it. */
export function call(
  server: TestServer,
  method: string,
  body: Asked['body'],
  headers: Record<string, string> = NEWER,
): Promise<ApiResponse> {
  return ask(server, 'POST', `/api/${method}`, { body: body ?? {}, headers });
}

/** The result of a method that must succeed. */
export async function resultOf<T = object>(server: TestServer, method: string, body: object): Promise<T> {
  const answer = await call(server, method, body);
  expect([answer.status, answer.json()]).toEqual([200, { result: expect.anything() }]);
  return (answer.json() as { result: T }).result;
}

/** Registers an Android device; its id. */
export async function device(server: TestServer, token: string, changes: object = {}): Promise<string> {
  const body = { provider: 'fcm', token, platform: 'android', ...changes };
  return (await resultOf<{ id: string }>(server, 'device_register', body)).id;
}

export interface Listed {
  readonly id: string;
  readonly user?: string;
  readonly channels?: readonly string[];
}

interface ListPage {
  readonly items: readonly Listed[];
  readonly has_more: boolean;
}

export function list(server: TestServer, params: object): Promise<ListPage> {
  return resultOf<ListPage>(server, 'device_list', { include_channels: true, ...params });
}

/** An error as an object in a 200. */
export function expectError(answer: ApiResponse, code: number, message: string, detail: string): void {
  expect([answer.status, answer.text]).toEqual([200, JSON.stringify({ error: { code, message, detail } })]);
}

export const expectBad = (answer: ApiResponse, detail: string): void =>
  expectError(answer, 107, 'bad request', detail);
