/** APNs' provider token: a JWT that Apple wants renewed at least once an hour and at most once in twenty minutes. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';

const RENEW_MS = 45 * 60_000;
/** Apple refuses a key whose token changes more often. */
const HOLD_MS = 20 * 60_000;

export interface ApnsKey {
  /** PKCS#8, PEM: the text of a .p8 file. */
  readonly key: string;
  readonly keyId: string;
  readonly teamId: string;
}

export class ApnsToken {
  readonly #key: KeyObject;
  readonly #names: { readonly keyId: string; readonly teamId: string };
  readonly #clock: Clock;
  #token: string | undefined;
  #signedAt = 0;
  #forcedAt = Number.NEGATIVE_INFINITY;
  #holdUntil = 0;

  /** Throws with a sentence when the key is none that APNs takes. */
  constructor({ key, keyId, teamId }: ApnsKey, clock: Clock) {
    this.#key = es256Key(key);
    this.#names = { keyId, teamId };
    this.#clock = clock;
  }

  /** As the header `authorization` has it. */
  current(): string {
    const now = this.#clock.now();
    const due = now - this.#signedAt >= RENEW_MS && now >= this.#holdUntil;
    if (this.#token === undefined || due) this.#token = this.#sign(now);
    return this.#token;
  }

  /**
   * After APNs called a token expired (`used`, as `current` gave it): whether there is another one now. Signs a new one at most once in twenty minutes;
   * a new token that is expired as well means that our clock is wrong.
   */
  renew(used: string): boolean {
    if (this.#token !== used) return true;
    const now = this.#clock.now();
    if (now < this.#holdUntil || now - this.#forcedAt < HOLD_MS) return false;
    this.#forcedAt = now;
    this.#token = this.#sign(now);
    return true;
  }

  /** APNs has seen too many tokens: this one stays for twenty minutes. */
  hold(): void {
    this.#holdUntil = this.#clock.now() + HOLD_MS;
  }

  #sign(now: number): string {
    this.#signedAt = now;
    const { keyId, teamId } = this.#names;
    const text = `${part({ alg: 'ES256', kid: keyId })}.${part({ iss: teamId, iat: Math.floor(now / 1000) })}`;
    // A JWT has the two numbers of a signature side by side (RFC 7518, 3.4), where Node's default is DER.
    const signature = sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `bearer ${text}.${signature.toString('base64url')}`;
  }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function es256Key(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error("the APNs key is no private key in PEM, as Apple's .p8 files are");
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('the APNs key is no key on the curve P-256');
  return key;
}
