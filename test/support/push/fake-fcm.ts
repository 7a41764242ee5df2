/** FCM HTTP v1 with its token endpoint: checks what Google checks, and fails as told. */
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type FakeAnswer,
  FakeHttp2,
  type FakeHttp2Options,
  type FakeRequest,
  type Fault,
} from './fake-http2.ts';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const MESSAGE_FIELDS = [
  'token',
  'fid',
  'topic',
  'condition',
  'name',
  'data',
  'notification',
  'android',
  'webpush',
  'apns',
  'fcm_options',
];

/** Made once: it takes a while. */
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface FcmSent {
  readonly authorization: string;
  readonly body: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export interface FakeFcmOptions extends FakeHttp2Options {
  /** Serve the token endpoint beside the messages; otherwise over HTTP/1.1, as a server of its own. */
  readonly tokenOverHttp2?: boolean;
}

export class FakeFcm {
  /** Messages that were taken. */
  readonly taken: FcmSent[] = [];
  /** Requests for access tokens, granted or not. */
  tokenRequests = 0;
  /** Answers to the next requests for an access token. */
  readonly tokenFaults: FakeAnswer[] = [];
  /** What becomes of messages to a token, each time until taken out. */
  readonly byToken = new Map<string, Fault>();
  expiresIn = 3599;
  /** Keep what was taken; a benchmark does not. */
  keep = true;
  readonly #granted = new Map<string, number>();
  #http2: FakeHttp2 | undefined;
  #tokenServer: Server | undefined;
  #names = 0;
  #tokenUri = '';

  static async start(options: FakeFcmOptions = {}): Promise<FakeFcm> {
    const fake = new FakeFcm();
    fake.#http2 = await FakeHttp2.start((request) => fake.#serve(request), {
      maxConcurrentStreams: 100,
      ...options,
    });
    fake.#tokenUri = `${fake.endpoint}/token`;
    if (options.tokenOverHttp2 !== true) await fake.#startTokenServer();
    return fake;
  }

  get http2(): FakeHttp2 {
    if (this.#http2 === undefined) throw new Error('not started');
    return this.#http2;
  }

  get endpoint(): string {
    return this.http2.origin;
  }

  /** A service account that this fake knows. */
  credentials(changes: Readonly<Record<string, unknown>> = {}): string {
    return JSON.stringify({
      type: 'service_account',
      project_id: 'test-project',
      private_key_id: 'key-1',
      private_key: KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'sender@test-project.iam.gserviceaccount.com',
      token_uri: this.#tokenUri,
      ...changes,
    });
  }

  /** Takes an access token that it never granted. */
  accept(accessToken: string): void {
    this.#granted.set(accessToken, Date.now() + this.expiresIn * 1000);
  }

  /** No access token is good any more. */
  revokeTokens(): void {
    this.#granted.clear();
  }

  async close(): Promise<void> {
    await this.http2.close();
    const server = this.#tokenServer;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #startTokenServer(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const type = request.headers['content-type'] ?? '';
        const { status, body } = this.#grant(type, Buffer.concat(chunks).toString());
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#tokenServer = server;
    this.#tokenUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  }

  #serve(request: FakeRequest): Fault {
    if (request.path === '/token')
      return this.#grant(request.headers['content-type'] ?? '', request.body.toString());
    return this.#send(request);
  }

  #grant(contentType: string, form: string): FakeAnswer {
    this.tokenRequests += 1;
    const fault = this.tokenFaults.shift();
    if (fault !== undefined) return fault;
    const refusal = contentType.startsWith('application/x-www-form-urlencoded')
      ? grantRefusal(new URLSearchParams(form), KEYS.publicKey, this.#tokenUri)
      : 'not a form';
    if (refusal !== undefined)
      return { status: 400, body: { error: 'invalid_grant', error_description: refusal } };
    const token = `ya29.fake-${this.tokenRequests}-${'x'.repeat(180)}`;
    this.#granted.set(token, Date.now() + this.expiresIn * 1000);
    return {
      status: 200,
      body: { access_token: token, expires_in: this.expiresIn, token_type: 'Bearer' },
    };
  }

  #send({ method, path, headers, body }: FakeRequest): Fault {
    if (method !== 'POST' || path !== '/v1/projects/test-project/messages:send')
      return error(404, 'NOT_FOUND', 'Requested entity was not found.');
    const { authorization = '' } = headers;
    const expires = this.#granted.get(authorization.replace(/^Bearer /, ''));
    if (expires === undefined || expires <= Date.now())
      return error(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    if (!/^application\/json(;|$)/.test(headers['content-type'] ?? ''))
      return invalid('content-type', 'only JSON is understood');
    const text = body.toString();
    const checked = readMessage(text);
    if ('status' in checked) return checked;
    const { message } = checked;
    const fault = this.byToken.get(String(message['token']));
    if (fault !== undefined) return fault;
    if (this.keep) this.taken.push({ authorization, body: text, message });
    this.#names += 1;
    return { status: 200, body: { name: `projects/test-project/messages/0:${this.#names}` } };
  }
}

/** An error in the form that Google answers with. */
export function fcmError(status: number, canonical: string, errorCode: string): FakeAnswer {
  const detail = { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode };
  return error(status, canonical, `an error of kind ${errorCode}`, [detail]);
}

export function error(
  status: number,
  canonical: string,
  message: string,
  details: readonly object[] = [],
): FakeAnswer {
  return { status, body: { error: { code: status, message, status: canonical, details } } };
}

/** A field that Google does not understand. */
export function invalid(field: string, description: string): FakeAnswer {
  return error(400, 'INVALID_ARGUMENT', `Invalid value at '${field}'`, [
    {
      '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError',
      errorCode: 'INVALID_ARGUMENT',
    },
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ]);
}

function grantRefusal(form: URLSearchParams, key: KeyObject, audience: string): string | undefined {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'wrong grant_type';
  const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const header = part(head);
  if (header['alg'] !== 'RS256' || header['typ'] !== 'JWT') return 'wrong header';
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')))
    return 'Invalid JWT Signature.';
  const { iss, aud, iat, exp, scope, sub } = part(claims);
  const now = Date.now() / 1000;
  if (iss !== 'sender@test-project.iam.gserviceaccount.com') return 'unknown account';
  if (aud !== audience) return `wrong audience ${String(aud)}`;
  if (scope !== SCOPE) return 'wrong scope';
  if (sub !== undefined) return 'no delegation';
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'no times';
  if (Math.abs(iat - now) > 300 || exp - iat > 3600 || exp <= now)
    return 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
  return undefined;
}

function readMessage(text: string): { message: Readonly<Record<string, unknown>> } | FakeAnswer {
  let request: Readonly<Record<string, unknown>>;
  try {
    request = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return error(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.');
  }
  const message = request['message'];
  if (typeof message !== 'object' || message === null) return invalid('message', 'missing');
  const fields = message as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((name) => !MESSAGE_FIELDS.includes(name));
  if (unknown !== undefined) return invalid(`message.${unknown}`, 'Cannot find field.');
  const targets = ['token', 'fid', 'topic', 'condition'].filter((name) => fields[name] !== undefined);
  if (targets.length !== 1) return invalid('message', 'Exactly one target is needed.');
  const data = (fields['data'] ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(data)) {
    if (typeof value !== 'string') return invalid(`message.data[${name}]`, 'not a string');
    if (name === 'from' || name.startsWith('google.')) return invalid(`message.data[${name}]`, 'reserved');
  }
  const { ttl } = (fields['android'] ?? {}) as { ttl?: unknown };
  if (ttl !== undefined && !/^\d+(\.\d+)?s$/.test(String(ttl)))
    return invalid('message.android.ttl', 'no duration');
  const bytes = sizeOf(data) + sizeOf((fields['notification'] ?? {}) as object);
  const limit = fields['topic'] === undefined ? 4096 : 2048;
  if (bytes > limit) return invalid('message', `Android message is too big: ${bytes}`);
  return { message: fields };
}

function sizeOf(fields: object): number {
  return Object.entries(fields).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(String(value)),
    0,
  );
}

function part(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
