/** What an app's rules allow a caller: channels, an identity, a watchlist. Claims in, decisions out; pure. */

import { exceedsBytes } from '../../protocol/index.ts';
import type { AppLimits } from '../apps/app.ts';
import type { AuthSettings, ChannelRule } from '../apps/auth-settings.ts';
import { ChannelPattern } from './channel-pattern.ts';
import { type Claims, claimAt, idText, valuesOf } from './claims.ts';
import { fill } from './template.ts';

/** A refusal; the reason is for the operator alone. */
export interface Denied {
  readonly denied: string;
}

export function isDenied(value: unknown): value is Denied {
  return typeof value === 'object' && value !== null && 'denied' in value;
}

export class ClaimRules {
  readonly #settings: AuthSettings;
  readonly #limits: AppLimits;
  readonly #rules: ReadonlyArray<{
    readonly patterns: readonly ChannelPattern[];
    readonly when: ChannelRule['when'];
  }>;

  constructor(settings: AuthSettings, limits: AppLimits) {
    this.#settings = settings;
    this.#limits = limits;
    this.#rules = settings.rules.map(({ channels, when }) => ({
      patterns: channels.map((text) => new ChannelPattern(text)),
      when,
    }));
  }

  /** Who the caller is: the id that presence, sign-in, limits and revocation go by. */
  userId(claims: Claims): string | Denied {
    const { userId: template } = this.#settings;
    const id = idText(fill(template, claims));
    if (id === undefined || id === '') return { denied: `the claims give no user id (${template})` };
    if (id.length > this.#limits.userIdLength) {
      return { denied: `the user id exceeds ${this.#limits.userIdLength} characters` };
    }
    return id;
  }

  /** Whether some rule gives the caller this channel. */
  allows(channel: string, claims: Claims): boolean {
    return this.#rules.some(
      ({ patterns, when }) =>
        meets(claims, when) && patterns.some((pattern) => pattern.matches(channel, claims)),
    );
  }

  /** `channel_data` of a presence channel. */
  channelData(userId: string, claims: Claims): string | Denied {
    const text = JSON.stringify({ user_id: userId, user_info: this.#userInfo(claims) });
    const { presenceUserBytes } = this.#limits;
    return exceedsBytes(text, presenceUserBytes)
      ? { denied: `channel_data exceeds ${presenceUserBytes} bytes; let userInfo hold less` }
      : text;
  }

  /** `user_data` of a sign-in. */
  userData(userId: string, claims: Claims): string {
    return JSON.stringify({
      id: userId,
      user_info: this.#userInfo(claims),
      watchlist: this.#watchlist(claims),
    });
  }

  #userInfo(claims: Claims): unknown {
    const { userInfo } = this.#settings;
    return userInfo === undefined ? undefined : fill(userInfo, claims);
  }

  /** Ids that are none are left out: one of them would cost the user the whole sign-in. */
  #watchlist(claims: Claims): string[] | undefined {
    const { watchlist } = this.#settings;
    if (watchlist === undefined) return undefined;
    const ids = valuesOf(fill(watchlist, claims)).map(idText);
    return ids.filter(
      (id): id is string => id !== undefined && id !== '' && id.length <= this.#limits.userIdLength,
    );
  }
}

/** Every condition: the claim, or an element of it, is the value, or one of the values. */
function meets(claims: Claims, when: ChannelRule['when']): boolean {
  return Object.entries(when ?? {}).every(([path, wanted]) =>
    valuesOf(claimAt(claims, path)).some((value) => valuesOf(wanted).includes(value)),
  );
}
