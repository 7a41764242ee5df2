/** How we tell push services who we are (RFC 8292): a signed token for each service, used again until half its life is over. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { WebPushSettings } from '../../apps/push-settings.ts';
import type { Clock } from '../../lib/clock.ts';

/** The RFC allows a day. */
const LIFETIME_MS = 43_200_000;
const RENEW_MS = LIFETIME_MS / 2;
/** Services whose tokens are kept. There are few, unless somebody allows many. */
const MAX_ORIGINS = 1000;

const HEADER = encoded({ typ: 'JWT', alg: 'ES256' });

interface Kept {
  readonly authorization: string;
  readonly renewAt: number;
}

export class Vapid {
  readonly #settings: WebPushSettings;
  readonly #clock: Clock;
  readonly #key: KeyObject;
  readonly #kept = new Map<string, Kept>();

  constructor(settings: WebPushSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#key = signingKey(settings);
  }

  /** The `Authorization` for requests to an origin. */
  authorization(origin: string): string {
    const kept = this.#kept.get(origin);
    const now = this.#clock.now();
    if (kept !== undefined && now < kept.renewAt) return kept.authorization;
    const authorization = `vapid t=${this.#token(origin, now)}, k=${this.#settings.publicKey}`;
    this.#kept.delete(origin);
    this.#kept.set(origin, { authorization, renewAt: now + RENEW_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_ORIGINS && oldest !== undefined) this.#kept.delete(oldest);
    return authorization;
  }

  #token(origin: string, now: number): string {
    const exp = Math.floor((now + LIFETIME_MS) / 1000);
    const signed = `${HEADER}.${encoded({ aud: origin, exp, sub: this.#settings.subject })}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signingKey({ publicKey, privateKey }: WebPushSettings): KeyObject {
  const point = Buffer.from(publicKey, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const key = { kty: 'EC', crv: 'P-256', x, y, d: privateKey };
  return createPrivateKey({ key, format: 'jwk' });
}
