/**
 * A key set that is read somewhere, kept for a while, and read again when a token names a key it hasn't: that is how
 * keys are rotated without anybody telling us.
 */
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from 'jose';
import { asObject, parseObject } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { failureText } from './fetch-backend-client.ts';

/** No key set could be read, now or before. */
export class KeysUnavailable extends Error {}

export interface JwksTimes {
  /** Age at which the set is read again, while the old one serves. */
  readonly cacheMs: number;
  /** Least time between two readings, however many unknown keys are named or readings fail. */
  readonly cooldownMs: number;
}

export class JwksKeys {
  readonly #read: () => Promise<string>;
  readonly #times: JwksTimes;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: LocalJWKSet | undefined;
  /** When the set was read last, and when that was tried last. */
  #readAt = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** @param read the set's JSON text */
  constructor(read: () => Promise<string>, times: JwksTimes, clock: Clock, logger: Logger) {
    this.#read = read;
    this.#times = times;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The key of a token; throws errors of jose, or `KeysUnavailable`. */
  async keyOf(header: JWSHeaderParameters, token: FlattenedJWSInput) {
    if (this.#keys === undefined) await this.#refresh();
    // Read beside the request: an address that hangs must not hold up callers whose key is known. It never rejects.
    else if (this.#clock.now() - this.#readAt >= this.#times.cacheMs) void this.#refresh();
    const known = this.#keys;
    if (known === undefined) throw new KeysUnavailable('the key set could not be read');
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      if (this.#keys === known || this.#keys === undefined) throw error;
      return this.#keys(header, token);
    }
  }

  /** Reads the set unless that was done a moment ago; keeps the old one when it can't be read. */
  #refresh(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    const now = this.#clock.now();
    if (now - this.#triedAt < this.#times.cooldownMs) return Promise.resolve();
    this.#triedAt = now;
    this.#reading = this.#load().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    try {
      this.#keys = keySetOf(await this.#read());
      this.#readAt = this.#clock.now();
    } catch (error) {
      const kept = this.#keys === undefined ? 'there is none' : 'the old one stays in use';
      this.#logger.error({ reason: failureText(error) }, `key set not read; ${kept}`);
    }
  }
}

/** Throws when the text is no key set. */
export function keySetOf(json: string): LocalJWKSet {
  const keys = parseObject(json)?.['keys'];
  if (!Array.isArray(keys)) throw new Error('it is not a JSON object with a list of keys');
  // One kind of key that we don't know must not spoil the others.
  return createLocalJWKSet({ keys: keys.filter((key) => typeof asObject(key)?.['kty'] === 'string') });
}
