/**
 * Subscriptions whose service says that our key is not theirs. Either the subscription was made with another key, then
 * it is of no use to us any more; or our key is refused altogether, then no subscription may be given up for it.
 * A subscription refused again, in another call, is dead; unless the service has refused so many different ones in a
 * row that it must be our key.
 */
import { hash } from 'node:crypto';
import type { Verdict } from '../push-provider.ts';
import type { Suspect } from './web-push-verdict.ts';

/** Different subscriptions refused in a row by one service, from which on it is our key. */
const TOO_MANY = 20;
const MAX_REMEMBERED = 10_000;

export class WebPushSuspects {
  /** Refused once, by the digest of their tokens; the oldest first. */
  readonly #refused = new Set<string>();
  /** Digests refused since a service took something last, by its origin; a few of each. */
  readonly #inARow = new Map<string, Set<string>>();

  /** The service took a notification: our key is in order there. */
  cleared(origin: string): void {
    this.#inARow.delete(origin);
  }

  judge(origin: string, token: string, { code, reason }: Suspect): Verdict {
    const digest = hash('sha256', token, 'base64url');
    const row = this.#inARow.get(origin) ?? new Set();
    this.#inARow.set(origin, row);
    forgetOldest(this.#inARow);
    if (row.size < TOO_MANY) row.add(digest);
    if (row.size >= TOO_MANY) return { kind: 'misconfigured', code, reason };
    if (this.#refused.delete(digest)) return { kind: 'dead', code, reason };
    this.#refused.add(digest);
    forgetOldest(this.#refused);
    return { kind: 'refused', code, reason };
  }
}

function forgetOldest(kept: Set<string> | Map<string, unknown>): void {
  const [oldest] = kept.keys();
  if (kept.size > MAX_REMEMBERED && oldest !== undefined) kept.delete(oldest);
}
