/** HMS Push Kit with its token endpoint: checks what Huawei checks, and fails as told. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeAnswer, FakeHttp2, type FakeHttp2Options, type FakeRequest } from './fake-http2.ts';

export const HMS_APP = { appId: '100200300', appSecret: 'the-app-secret' } as const;

const MAX_MESSAGE_BYTES = 4096;
const MAX_TOKENS = 1000;
const TARGETS = ['token', 'topic', 'condition'];

export interface HmsSent {
  readonly authorization: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export interface FakeHmsOptions extends FakeHttp2Options {
  /** Speak nothing newer than HTTP/1.1. */
  readonly http1?: boolean;
}

type Request = Pick<FakeRequest, 'method' | 'path' | 'headers' | 'body'>;

/** As HMS answers: what happened is in `code`, mostly with a status of 200. */
export function hmsAnswer(code: string, msg: string | object = 'Success', status = 200): FakeAnswer {
  const text = typeof msg === 'string' ? msg : JSON.stringify(msg);
  return { status, body: { code, msg: text, requestId: `request-${randomUUID()}` } };
}

export class FakeHms {
  /** Messages that were taken, whole or in part. */
  readonly taken: HmsSent[] = [];
  tokenRequests = 0;
  /** Answers to the next requests for an access token. */
  readonly tokenFaults: FakeAnswer[] = [];
  /** Answers to the next messages. */
  readonly faults: FakeAnswer[] = [];
  /** Tokens of devices that are no more. */
  readonly illegal = new Set<string>();
  expiresIn = 3600;
  /** Keep what was taken; a benchmark does not. */
  keep = true;
  readonly #granted = new Set<string>();
  #http2: FakeHttp2 | undefined;
  #http1: Server | undefined;

  static async start({ http1 = false, ...options }: FakeHmsOptions = {}): Promise<FakeHms> {
    const fake = new FakeHms();
    if (http1) fake.#http1 = await fake.#startHttp1();
    else fake.#http2 = await FakeHttp2.start((request) => fake.#serve(request), options);
    return fake;
  }

  get endpoint(): string {
    if (this.#http1 === undefined) return this.#http2?.origin ?? '';
    return `http://127.0.0.1:${(this.#http1.address() as AddressInfo).port}`;
  }

  get tokenEndpoint(): string {
    return `${this.endpoint}/oauth2/v3/token`;
  }

  /** Access tokens granted so far are not accepted any more. */
  revoke(): void {
    this.#granted.clear();
  }

  async stop(): Promise<void> {
    await this.#http2?.close();
    this.#http1?.closeAllConnections();
    await new Promise((resolve) => (this.#http1 === undefined ? resolve(0) : this.#http1.close(resolve)));
  }

  #serve(request: Request): FakeAnswer {
    if (request.path === '/oauth2/v3/token') return this.#grant(request);
    if (request.path !== `/v1/${HMS_APP.appId}/messages:send`)
      return hmsAnswer('80000404', 'no such path', 404);
    return this.faults.shift() ?? this.#take(request);
  }

  #grant({ method, headers, body }: Request): FakeAnswer {
    this.tokenRequests += 1;
    const fault = this.tokenFaults.shift();
    if (fault !== undefined) return fault;
    const form = new URLSearchParams(body.toString());
    const refused = {
      status: 400,
      body: { error: 1101, sub_error: 20001, error_description: 'invalid request' },
    };
    if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded') return refused;
    if (form.get('grant_type') !== 'client_credentials' || form.get('client_id') !== HMS_APP.appId)
      return refused;
    if (form.get('client_secret') !== HMS_APP.appSecret) return refused;
    const token = `${randomUUID()}/+=`;
    this.#granted.add(token);
    return { status: 200, body: { access_token: token, expires_in: this.expiresIn, token_type: 'Bearer' } };
  }

  #take({ method, headers, body }: Request): FakeAnswer {
    const { authorization = '' } = headers;
    if (method !== 'POST') return hmsAnswer('80100003', `method ${method}`, 405);
    if (!this.#granted.has(authorization.replace('Bearer ', '')))
      return hmsAnswer('80200003', 'OAuth token expired', 401);
    if (!headers['content-type']?.startsWith('application/json'))
      return hmsAnswer('80100003', 'content type');
    const {
      message,
      validate_only: only,
      ...others
    } = JSON.parse(body.toString()) as {
      readonly message: Record<string, unknown>;
      readonly validate_only: boolean;
    };
    if (only !== false || Object.keys(others).length > 0) return hmsAnswer('80100003', 'unknown parameters');
    const targets = TARGETS.filter((name) => message[name] !== undefined);
    if (targets.length !== 1) return hmsAnswer('80100001', `targets: ${targets.join()}`);
    const { token, ...rest } = message;
    if (Buffer.byteLength(JSON.stringify(rest)) > MAX_MESSAGE_BYTES)
      return hmsAnswer('80300008', 'too large');
    const tokens = (token ?? ['of a group']) as string[];
    if (tokens.length > MAX_TOKENS) return hmsAnswer('80300010', 'too many tokens');
    if (tokens.length === 0 || new Set(tokens).size < tokens.length) return hmsAnswer('80100001', 'tokens');
    if (this.keep) this.taken.push({ authorization, message });
    const illegal = tokens.filter((one) => this.illegal.has(one));
    if (illegal.length === tokens.length) return hmsAnswer('80300007', 'Invalid token');
    if (illegal.length === 0) return hmsAnswer('80000000');
    const [success, failure] = [tokens.length - illegal.length, illegal.length];
    return hmsAnswer('80100000', { success, failure, illegal_tokens: illegal });
  }

  #startHttp1(): Promise<Server> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = '', url: path = '', headers } = request;
      const {
        status,
        headers: more = {},
        body,
      } = this.#serve({ method, path, headers, body: Buffer.concat(chunks) });
      response.writeHead(status, more as Record<string, string>);
      response.end(typeof body === 'object' ? JSON.stringify(body) : body);
    });
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
  }
}
