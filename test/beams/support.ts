/** A node with a Beams instance, and requests as Beams' SDKs send them. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ApiResponse, sendHttp } from '../support/api.ts';
import { temporaryFolder } from '../support/databases.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { INSTANCE, SECRET } from './vectors.ts';

/** The pair of RFC 8291's example. */
export const VAPID = {
  publicKey: 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8',
  privateKey: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  subject: 'mailto:ops@example.com',
};

/** The default app with a Beams instance that may send to `push.example.com`. */
export function beamsApp(beams: object = {}, push: object = {}) {
  return {
    ...DEFAULT_APP,
    push: {
      beams: { instanceId: INSTANCE, secretKey: SECRET, ...beams },
      webPush: { ...VAPID, allowedOrigins: ['https://push.example.com'] },
      ...push,
    },
  };
}

/** A node for the tests of a file, with a data folder of its own. */
export function useBeams(settings: () => object = () => ({ apps: [beamsApp()] })): () => TestServer {
  let folder = '';
  let server: TestServer | undefined;
  beforeAll(async () => {
    folder = temporaryFolder();
    server = await startServer({ dataDir: folder, ...settings() });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(server?.errors ?? []).toEqual([]);
  });
  return () => {
    if (server === undefined) throw new Error('the server is not started yet');
    return server;
  };
}

export interface BeamsRequest {
  /** An object is sent as JSON, a text or bytes as they are. */
  readonly body?: object | string | Buffer;
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
}

/** One request, with the content type of JSON if it has a body. */
export function request(
  server: TestServer,
  method: string,
  path: string,
  { body, headers = {}, query = {} }: BeamsRequest = {},
): Promise<ApiResponse> {
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(textOf(body));
  return sendHttp(server, {
    method,
    path,
    params: Object.entries(query),
    body: bytes,
    headers: { ...(bytes === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
}

const textOf = (body: object | string): string => (typeof body === 'string' ? body : JSON.stringify(body));

export const BEARER = { authorization: `Bearer ${SECRET}` };
export const PUBLISHES = `/publish_api/v1/instances/${INSTANCE}/publishes`;
export const DEVICES = `/device_api/v1/instances/${INSTANCE}/devices`;
export const EVENTS = `/reporting_api/v2/instances/${INSTANCE}/events`;

/** A publish as a backend makes it. */
export function publish(
  server: TestServer,
  to: 'interests' | 'users',
  body: object | string | Buffer,
  headers: Record<string, string> = {},
): Promise<ApiResponse> {
  return request(server, 'POST', `${PUBLISHES}/${to}`, { body, headers: { ...BEARER, ...headers } });
}

const SUBSCRIPTION = {
  endpoint: 'https://push.example.com/wp/abc123',
  expirationTime: null,
  keys: {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  },
};

/** A browser's subscription as the web SDK sends it. */
export function webToken(changes: object = {}): string {
  return Buffer.from(JSON.stringify({ ...SUBSCRIPTION, ...changes })).toString('base64');
}

/** Registers a browser with an endpoint of its own; its id. */
export async function webDevice(server: TestServer, name: string): Promise<string> {
  const token = webToken({ endpoint: `https://push.example.com/wp/${name}` });
  const answer = await request(server, 'POST', `${DEVICES}/web`, {
    body: { token, metadata: { sdkVersion: '2.1.0' } },
  });
  expect(answer.status).toBe(200);
  return (answer.json() as { id: string }).id;
}

/** Registers a phone; its id. */
export async function fcmDevice(server: TestServer, token: string): Promise<string> {
  const body = { token, knownPreviousClientIds: [], metadata: { sdkVersion: '1.9.2', androidVersion: '14' } };
  const answer = await request(server, 'POST', `${DEVICES}/fcm`, { body });
  expect(answer.status).toBe(200);
  return (answer.json() as { id: string }).id;
}

/** The refusal that Beams sends, byte for byte. */
export function expectRefusal(answer: ApiResponse, status: number, error: string, description: string): void {
  expect([answer.status, answer.text]).toEqual([status, `${JSON.stringify({ error, description })}\n`]);
  expect(answer.headers['content-type']).toBe('application/json');
}
