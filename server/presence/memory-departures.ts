/** Departures from a node that is alone, in memory. See the port. */
import type { Clock } from '../lib/clock.ts';
import { type Departures, REMEMBERED_MS } from './departures.ts';

export class MemoryDepartures implements Departures {
  /** The longest ago first. */
  readonly #times = new Map<string, number>();
  readonly #most: number;
  readonly #clock: Clock;

  /** @param most departures that are remembered; those longest ago go first */
  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  left(appId: string, userId: string): void {
    const now = this.#clock.now();
    const key = keyOf(appId, userId);
    this.#times.delete(key);
    this.#times.set(key, now);
    for (const [oldest, at] of this.#times) {
      if (this.#times.size <= this.#most && at > now - REMEMBERED_MS) return;
      this.#times.delete(oldest);
    }
  }

  leftSince(appId: string, userIds: readonly string[], since: number): string[] {
    return userIds.filter((userId) => (this.#times.get(keyOf(appId, userId)) ?? 0) > since);
  }
}

const keyOf = (appId: string, userId: string): string => `${appId}\n${userId}`;
