/** Callers known by the application's own JWT. */
import { type CryptoKey, errors, type JWTPayload, jwtVerify } from 'jose';
import type { TokenSettings } from '../apps/auth-settings.ts';
import type { Clock } from '../lib/clock.ts';
import { tokenOf } from './credentials-of-request.ts';
import type { Asked, Identifier, Identity } from './identity.ts';
import { KeysUnavailable } from './jwks-keys.ts';
import { algorithmsFor, type TokenKey } from './token-keys.ts';

/** Longer than any token that fits into a header. */
const LONGEST_TOKEN = 16_384;

export class TokenVerifier implements Identifier {
  readonly #settings: TokenSettings;
  readonly #key: TokenKey;
  readonly #clock: Clock;

  constructor(settings: TokenSettings, key: TokenKey, clock: Clock) {
    this.#settings = settings;
    this.#key = key;
    this.#clock = clock;
  }

  async identify(asked: Asked): Promise<Identity> {
    const token = tokenOf(asked, this.#settings);
    if (token === undefined || token === '') return { denied: 'there is no token' };
    if (token.length > LONGEST_TOKEN) return { denied: `the token exceeds ${LONGEST_TOKEN} characters` };
    try {
      return this.#identified(await this.#verify(token));
    } catch (error) {
      if (error instanceof KeysUnavailable) return { unavailable: error.message };
      // What jose throws is about the token, or (TypeError) about a key that can't serve for it.
      if (error instanceof errors.JOSEError || error instanceof TypeError) {
        return { denied: `the token is refused: ${error.message}` };
      }
      throw error;
    }
  }

  #identified(claims: JWTPayload): Identity {
    const { exp, iat } = claims;
    const { clockSkewSeconds } = this.#settings;
    // Else a token could be made today that outlives every revocation to come.
    if (iat !== undefined && (iat - clockSkewSeconds) * 1000 > this.#clock.now()) {
      return { denied: 'the token is refused: "iat" is in the future' };
    }
    return {
      claims,
      // The issuer's clock may be ahead: then this is when it was really issued.
      issuedAt: iat === undefined ? 0 : (iat - clockSkewSeconds) * 1000,
      expiresAt: exp === undefined ? undefined : (exp + clockSkewSeconds) * 1000,
    };
  }

  async #verify(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.#key, this.#options())).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.#tryEach(token, error);
      throw error;
    }
  }

  /** A token that names no key, and a set with several that would fit. */
  async #tryEach(token: string, keys: AsyncIterable<CryptoKey>): Promise<JWTPayload> {
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, this.#options())).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  #options() {
    const { algorithms, issuer, audience, clockSkewSeconds, requireExpiry } = this.#settings;
    return {
      algorithms: [...(algorithms ?? algorithmsFor(this.#settings) ?? [])],
      ...(issuer === undefined ? {} : { issuer: listOf(issuer) }),
      ...(audience === undefined ? {} : { audience: listOf(audience) }),
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(this.#clock.now()),
      requiredClaims: requireExpiry ? ['exp'] : [],
    };
  }
}

const listOf = (value: string | readonly string[]): string[] =>
  typeof value === 'string' ? [value] : [...value];
