/** VAPID (RFC 8292): pairs of keys, and what push services check of a sender. */
import { createECDH, createPublicKey, verify } from 'node:crypto';

const DAY_SECONDS = 86_400;

export interface VapidPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

export function vapidPair(): VapidPair {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const digits = ecdh.getPrivateKey();
  const scalar = Buffer.concat([Buffer.alloc(32 - digits.length), digits]);
  return { publicKey: ecdh.getPublicKey('base64url'), privateKey: scalar.toString('base64url') };
}

export interface VapidRefusal {
  readonly status: 401 | 403;
  readonly body: string;
}

export class VapidCheck {
  readonly #now: () => number;
  /** Tokens whose signature was found right; senders use them again. */
  readonly #verified = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param expectedKey the key the subscription was made with; undefined for any */
  problem(
    authorization: string | undefined,
    origin: string,
    expectedKey: string | undefined,
  ): VapidRefusal | undefined {
    if (authorization === undefined) return { status: 401, body: 'no Authorization' };
    const [, token = '', key = ''] =
      /^vapid t=([\w-]+\.[\w-]+\.[\w-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
    if (token === '') return { status: 401, body: 'Authorization is not vapid t=…, k=…' };
    const words = this.#tokenProblem(token, key, origin);
    if (words !== undefined) return { status: 403, body: words };
    if (expectedKey !== undefined && key !== expectedKey) return { status: 403, body: 'VapidPkHashMismatch' };
    return undefined;
  }

  #tokenProblem(token: string, key: string, origin: string): string | undefined {
    const [head = '', body = '', signature = ''] = token.split('.');
    const { alg } = decoded(head);
    if (alg !== 'ES256') return `alg ${String(alg)}`;
    const { aud, exp, sub } = decoded(body);
    if (aud !== origin) return `aud ${String(aud)} at ${origin}`;
    const now = this.#now() / 1000;
    if (typeof exp !== 'number' || exp <= now || exp > now + DAY_SECONDS) return `exp ${String(exp)}`;
    if (typeof sub !== 'string' || !/^(mailto:|https:)/.test(sub)) return `sub ${String(sub)}`;
    if (this.#verified.has(`${token} ${key}`)) return undefined;
    if (!isSigned(`${head}.${body}`, signature, key)) return 'the signature is wrong';
    this.#verified.add(`${token} ${key}`);
    return undefined;
  }
}

function isSigned(text: string, signature: string, key: string): boolean {
  const point = Buffer.from(key, 'base64url');
  if (point.length !== 65 || point[0] !== 4) return false;
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const raw = Buffer.from(signature, 'base64url');
  return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw);
}

function decoded(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}
