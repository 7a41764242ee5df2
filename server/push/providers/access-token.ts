/** An access token that is fetched once for all who need it, and anew before it expires. */
import type { Clock } from '../../lib/clock.ts';
import type { Eventual } from '../../lib/eventual.ts';
import { type GrantedToken, NoAccessToken } from './token-endpoint.ts';

/** A token with less than this left is replaced, and serves on meanwhile; of short-lived ones, the last tenth. */
const AHEAD_MS = 300_000;
/** After a failure nobody asks the service again for so long. */
const COOLDOWN_MS = 1000;

interface Held {
  readonly token: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

export class AccessToken {
  readonly #fetch: () => Promise<GrantedToken>;
  readonly #clock: Clock;
  #held: Held | undefined;
  #fetching: Promise<string> | undefined;
  #failure: { readonly error: NoAccessToken; readonly until: number } | undefined;

  constructor(fetch: () => Promise<GrantedToken>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** A token that is good now. Rejects with `NoAccessToken`. */
  current(): Eventual<string> {
    const now = this.#clock.now();
    const held = this.#held;
    if (held !== undefined && now < held.renewAt) return held.token;
    if (held === undefined || now >= held.expiresAt) return this.#renew(now);
    // A failure is of no interest while the old one serves.
    this.#renew(now).catch(() => undefined);
    return held.token;
  }

  /** Forgets a token that the service no longer takes. Another one fetched meanwhile stays. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  #renew(now: number): Promise<string> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#failure !== undefined && now < this.#failure.until) return Promise.reject(this.#failure.error);
    const fetching = this.#fetch()
      .then((granted) => this.#keep(granted))
      .catch((error: unknown) => {
        const known =
          error instanceof NoAccessToken ? error : new NoAccessToken('retry', 'TOKEN', String(error));
        this.#failure = { error: known, until: this.#clock.now() + COOLDOWN_MS };
        throw known;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    this.#fetching = fetching;
    return fetching;
  }

  #keep({ token, lifetimeMs }: GrantedToken): string {
    const now = this.#clock.now();
    const ahead = Math.min(AHEAD_MS, lifetimeMs / 10);
    this.#held = { token, renewAt: now + lifetimeMs - ahead, expiresAt: now + lifetimeMs };
    this.#failure = undefined;
    return token;
  }
}
