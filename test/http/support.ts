/** What the HTTP tests share: a server per file, subscribers that are closed after each test, requests as bytes. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { ApiResponse } from '../support/api.ts';
import {
  type ApiOptions,
  type SignedRequest,
  sendHttp,
  signedRequest,
  stringToSign,
} from '../support/api.ts';
import { channelAuth, hmac, md5, userAuth } from '../support/auth.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';

export interface ServerUnderTest {
  readonly server: TestServer;
  /** A connection, closed after the test. */
  connect(app?: TestApp): Promise<RawClient>;
  /** A connection subscribed to the channel, signed where the name asks for it. */
  subscriber(channel: string, app?: TestApp): Promise<RawClient>;
  /** A connection that is a member of the presence channel. */
  member(channel: string, userId: string, userInfo?: object): Promise<RawClient>;
  /** A connection signed in as the user. */
  user(userId: string): Promise<RawClient>;
}

/**
 * Starts a server for the tests of one file; the file fails if the server logged an error.
 * @param start `startOneNode` where a test is about what one process has or does by itself
 */
export function useServer(settings: object = {}, start = startServer): ServerUnderTest {
  let running: TestServer | undefined;
  const clients: RawClient[] = [];
  const server = (): TestServer => {
    if (running === undefined) throw new Error('the server is not started yet');
    return running;
  };
  beforeAll(async () => {
    running = await start(settings);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.destroy()));
  });
  afterAll(async () => {
    await server().stop();
    expect(server().errors).toEqual([]);
  });

  const connect = async (app?: TestApp): Promise<RawClient> => {
    const client = await RawClient.connect(server(), { key: (app ?? server().app).key });
    clients.push(client);
    return client;
  };
  const subscriber = async (channel: string, app: TestApp = server().app): Promise<RawClient> => {
    const client = await connect(app);
    const fields = channel.startsWith('private-') ? { auth: channelAuth(app, client.socketId, channel) } : {};
    await client.subscribe(channel, fields);
    return client;
  };
  const member = async (channel: string, userId: string, userInfo?: object): Promise<RawClient> => {
    const client = await connect();
    const data = JSON.stringify({ user_id: userId, user_info: userInfo });
    const auth = channelAuth(server().app, client.socketId, channel, data);
    await client.subscribe(channel, { auth, channel_data: data });
    return client;
  };
  const user = async (userId: string): Promise<RawClient> => {
    const client = await connect();
    const data = JSON.stringify({ id: userId });
    client.send({
      event: 'pusher:signin',
      data: { auth: userAuth(server().app, client.socketId, data), user_data: data },
    });
    await client.next('pusher:signin_success');
    return client;
  };
  return {
    get server() {
      return server();
    },
    connect,
    subscriber,
    member,
    user,
  };
}

export interface ExactRequest {
  readonly method: string;
  /** The path that goes on the wire. */
  readonly path: string;
  /** The path that is signed; the same by default. */
  readonly signedPath?: string;
  /** Every parameter but the signature, unescaped, in the order of the wire; `body_md5` only if listed. */
  readonly params: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
  readonly app?: TestApp;
  readonly headers?: Record<string, string>;
}

/** Signs exactly what it is given, right or wrong, and sends it. */
export function sendExactly(server: TestServer, request: ExactRequest): Promise<ApiResponse> {
  const { method, path, params } = request;
  const app = request.app ?? server.app;
  const signature = hmac(app.secret, stringToSign(method, request.signedPath ?? path, params));
  return sendHttp(server, {
    method,
    path,
    params: [...params.map(([key, value]): [string, string] => [key, value]), ['auth_signature', signature]],
    body: request.body === undefined ? undefined : Buffer.from(request.body),
    headers: { ...request.headers },
  });
}

/** The three parameters that every request carries. */
export function authParams(app: TestApp, timestamp = Math.floor(Date.now() / 1000)): [string, string][] {
  return [
    ['auth_key', app.key],
    ['auth_timestamp', String(timestamp)],
    ['auth_version', '1.0'],
  ];
}

export function withBodyMd5(params: [string, string][], body: string | Buffer): [string, string][] {
  return [...params, ['body_md5', md5(body)]];
}

/** Path and query of a signed request, as it stands in a request line. */
export function target(request: SignedRequest): string {
  const query = request.params
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
  return `${request.path}?${query}`;
}

/** A whole signed request as bytes, for tests that write to a socket by hand. */
export function requestBytes(
  server: TestServer,
  method: string,
  path: string,
  options: ApiOptions = {},
): Buffer {
  const request = signedRequest(server.app, method, path, options);
  const body = request.body ?? Buffer.alloc(0);
  const lines = [`${method} ${target(request)} HTTP/1.1`, 'Host: test', `Content-Length: ${body.length}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** The head of a signed chunked POST, and the frames of a body cut into the given chunks. */
export function chunkedBytes(server: TestServer, path: string, chunks: readonly Buffer[]): Buffer[] {
  const request = signedRequest(server.app, 'POST', path, { body: Buffer.concat(chunks) });
  const head = `POST ${target(request)} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const framed = chunks.map((chunk) =>
    Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
  );
  return [Buffer.from(head), ...framed, Buffer.from('0\r\n\r\n')];
}

/** An error answer: the status, and its reason as plain text. */
export function expectTextError(response: ApiResponse, status: number): void {
  expect([response.status, response.text]).toEqual([status, expect.stringMatching(/\S/)]);
  expect(response.headers['content-type']).toMatch(/^text\/plain/);
}
