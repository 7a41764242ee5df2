/** Apple's push service: checks what Apple checks, and fails as told. */
import { generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import type { IncomingHttpHeaders, ServerHttp2Session } from 'node:http2';
import {
  type FakeAnswer,
  FakeHttp2,
  type FakeHttp2Options,
  type FakeRequest,
  type Fault,
} from './fake-http2.ts';

const TYPES = [
  'alert',
  'background',
  'location',
  'voip',
  'complication',
  'fileprovider',
  'mdm',
  'liveactivity',
  'pushtotalk',
  'widgets',
  'controls',
];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOUR_MS = 3_600_000;
const TWENTY_MINUTES_MS = 1_200_000;

export interface ApnsTaken {
  readonly token: string;
  readonly headers: IncomingHttpHeaders;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FakeApnsOptions extends FakeHttp2Options {
  /** Streams on a connection after its first good request; until then it is one, as with Apple. */
  readonly streams?: number;
  /** Different provider tokens within twenty minutes that are too many. */
  readonly maxTokens?: number;
}

export class FakeApns {
  /** Notifications that were taken. */
  readonly taken: ApnsTaken[] = [];
  /** Provider tokens that were seen, with the time of their first use. */
  readonly providerTokens = new Map<string, number>();
  /** What becomes of notifications to a device token, each time until taken out. */
  readonly byToken = new Map<string, Fault>();
  /** Keep what was taken; a benchmark does not. */
  keep = true;
  now: () => number = Date.now;
  readonly keyId = 'ABC1234567';
  readonly teamId = 'TEAM123456';
  readonly topic = 'org.example.app';
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #options: FakeApnsOptions;
  readonly #trusted = new WeakSet<ServerHttp2Session>();
  #http2: FakeHttp2 | undefined;

  private constructor(options: FakeApnsOptions) {
    this.#options = options;
  }

  static async start(options: FakeApnsOptions = {}): Promise<FakeApns> {
    const fake = new FakeApns(options);
    // A certificate vouches for the connection, so nothing has to be seen first.
    const maxConcurrentStreams = options.clientCa === undefined ? 1 : (options.streams ?? 1000);
    fake.#http2 = await FakeHttp2.start((request) => fake.#serve(request), {
      maxConcurrentStreams,
      ...options,
    });
    return fake;
  }

  get http2(): FakeHttp2 {
    if (this.#http2 === undefined) throw new Error('not started');
    return this.#http2;
  }

  get endpoint(): string {
    return this.http2.origin;
  }

  /** The .p8 file of the key this fake knows. */
  get key(): string {
    return this.#keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  }

  close(): Promise<void> {
    return this.http2.close();
  }

  #serve(request: FakeRequest): Fault {
    const { headers, session } = request;
    const id = headers['apns-id'];
    const apnsId = typeof id === 'string' ? id : randomUUID();
    const refused = this.#refusal(request);
    if (refused !== undefined) return 'status' in refused ? withId(refused, apnsId) : refused;
    if (!this.#trusted.has(session)) {
      this.#trusted.add(session);
      session.settings({ maxConcurrentStreams: this.#options.streams ?? 1000 });
    }
    const token = request.path.slice('/3/device/'.length);
    const fault = this.byToken.get(token);
    if (fault !== undefined) return 'status' in fault ? withId(fault, apnsId) : fault;
    if (this.keep) {
      const payload = JSON.parse(request.body.toString()) as Readonly<Record<string, unknown>>;
      this.taken.push({ token, headers, payload });
    }
    return withId({ status: 200 }, apnsId);
  }

  #refusal({ method, path, headers, body }: FakeRequest): Fault | undefined {
    if (method !== 'POST') return reason(405, 'MethodNotAllowed');
    const [, token] = /^\/3\/device\/(.*)$/.exec(path) ?? [];
    if (token === undefined) return reason(404, 'BadPath');
    if (token === '') return reason(400, 'MissingDeviceToken');
    const auth = this.#options.clientCa === undefined ? this.#authRefusal(headers) : undefined;
    if (auth !== undefined) return auth;
    const bad = headerRefusal(headers, this.topic);
    if (bad !== undefined) return reason(400, bad);
    if (!/^([0-9a-f]{2}){1,100}$/i.test(token)) return reason(400, 'BadDeviceToken');
    if (body.length === 0) return reason(400, 'PayloadEmpty');
    const limit = headers['apns-push-type'] === 'voip' ? 5120 : 4096;
    return body.length > limit ? reason(413, 'PayloadTooLarge') : undefined;
  }

  #authRefusal({ authorization }: IncomingHttpHeaders): Fault | undefined {
    const token = /^bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return reason(403, 'MissingProviderToken');
    const [head = '', claims = '', signature = ''] = token.split('.');
    const now = this.now();
    if (!this.providerTokens.has(token)) {
      const { alg, kid } = part(head);
      const { iss, iat } = part(claims);
      const raw = Buffer.from(signature, 'base64url');
      const key = { key: this.#keys.publicKey, dsaEncoding: 'ieee-p1363' } as const;
      const good =
        alg === 'ES256' &&
        kid === this.keyId &&
        iss === this.teamId &&
        typeof iat === 'number' &&
        raw.length === 64 &&
        verify('sha256', Buffer.from(`${head}.${claims}`), key, raw);
      if (!good) return reason(403, 'InvalidProviderToken');
      const recent = [...this.providerTokens.values()].filter((at) => now - at < TWENTY_MINUTES_MS);
      if (recent.length >= (this.#options.maxTokens ?? 3)) return reason(429, 'TooManyProviderTokenUpdates');
      this.providerTokens.set(token, now);
    }
    const age = now - Number(part(claims)['iat']) * 1000;
    return age > HOUR_MS || age < -300_000 ? reason(403, 'ExpiredProviderToken') : undefined;
  }
}

/** An error in the form that Apple answers with. */
export function reason(status: number, name: string, more: object = {}): FakeAnswer {
  return { status, body: { reason: name, ...more } };
}

function withId(answer: FakeAnswer, id: string): FakeAnswer {
  return { ...answer, headers: { 'apns-id': id, ...answer.headers } };
}

function headerRefusal(headers: IncomingHttpHeaders, topic: string): string | undefined {
  const {
    'apns-topic': given,
    'apns-push-type': type,
    'apns-priority': priority = '10',
    'apns-expiration': expiration = '0',
    'apns-collapse-id': collapse = '',
    'apns-id': id,
  } = headers;
  if (given === undefined) return 'MissingTopic';
  if (typeof type !== 'string' || !TYPES.includes(type)) return 'InvalidPushType';
  if (given !== topic && !String(given).startsWith(`${topic}.`)) return 'TopicDisallowed';
  if (type === 'voip' && given !== `${topic}.voip`) return 'BadTopic';
  if (!/^(1|5|10)$/.test(String(priority))) return 'BadPriority';
  if (type === 'background' && priority === '10') return 'BadPriority';
  if (!/^\d+$/.test(String(expiration))) return 'BadExpirationDate';
  if (Buffer.byteLength(String(collapse)) > 64) return 'BadCollapseId';
  return id === undefined || UUID.test(String(id)) ? undefined : 'BadMessageId';
}

function part(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
