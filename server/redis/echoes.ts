/**
 * Publications that Redis may have taken without saying so, and that were delivered on this node all the same: should
 * they come back, they must not be delivered twice.
 */
import type { Publication } from '../broker/broker.ts';
import type { Clock } from '../lib/clock.ts';

/** What has not come back by then never will. */
const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;

export class Echoes {
  readonly #clock: Clock;
  readonly #doubtful = new WeakSet<Publication>();
  /** Message → until when it is expected, the oldest first. */
  readonly #expected = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nobody knows whether Redis has it. */
  doubt(publication: Publication): void {
    this.#doubtful.add(publication);
  }

  /** It was delivered here. */
  delivered(publication: Publication, channel: string, message: string | Buffer): void {
    if (!this.#doubtful.has(publication)) return;
    this.#expected.set(keyOf(channel, message), this.#clock.now() + KEPT_MS);
    for (const oldest of this.#expected.keys()) {
      if (this.#expected.size <= MAX_KEPT) return;
      this.#expected.delete(oldest);
    }
  }

  /** Whether the message that came is one that was delivered already. Each is recognised once. */
  has(channel: string, message: Buffer): boolean {
    if (this.#expected.size === 0) return false;
    const now = this.#clock.now();
    for (const [key, until] of this.#expected) {
      if (until > now) break;
      this.#expected.delete(key);
    }
    return this.#expected.delete(keyOf(channel, message));
  }
}

function keyOf(channel: string, message: string | Buffer): string {
  return `${channel}\n\n${typeof message === 'string' ? message : message.toString('utf8')}`;
}
