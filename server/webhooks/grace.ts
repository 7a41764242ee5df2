/**
 * Holds back events that end a stay, so that one who comes back in time is not reported at all: neither as gone nor
 * as come. Deadlines are in the order of arrival, because the grace is the same for all, so one timer serves them.
 */
import type { WebhookEvent } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';

export type Release = (appId: string, event: WebhookEvent) => void;

/** The timer fires at most so often, whatever the number of events. */
const TICK_MS = 10;

interface Held {
  readonly appId: string;
  readonly event: WebhookEvent;
  readonly until: number;
}

export class Grace {
  readonly #clock: Clock;
  readonly #release: Release;
  readonly #limit: number;
  #graceMs: number;
  /** By what they end; a Map keeps the order they came in, and gives them up from anywhere. */
  readonly #held = new Map<string, Held>();
  #timed = false;

  /**
   * @param limit events held at once; past that the oldest loses the rest of its grace
   * @param release gets the events that are to be sent, at once or when their grace is over
   */
  constructor(graceMs: number, limit: number, clock: Clock, release: Release) {
    this.#graceMs = graceMs;
    this.#limit = limit;
    this.#clock = clock;
    this.#release = release;
  }

  add(appId: string, event: WebhookEvent): void {
    switch (event.name) {
      case 'channel_vacated':
        this.#hold(`${appId}\n${event.channel}`, appId, event);
        break;
      case 'member_removed':
        this.#hold(`${appId}\n${event.channel}\n${event.userId}`, appId, event);
        break;
      case 'channel_occupied':
        if (!this.#held.delete(`${appId}\n${event.channel}`)) this.#release(appId, event);
        break;
      case 'member_added':
        if (!this.#held.delete(`${appId}\n${event.channel}\n${event.userId}`)) this.#release(appId, event);
        break;
      default:
        this.#release(appId, event);
    }
  }

  /** Ends all graces now, and gives none from here on. */
  close(): void {
    this.#graceMs = 0;
    this.#sweep(Number.POSITIVE_INFINITY);
  }

  #hold(key: string, appId: string, event: WebhookEvent): void {
    if (this.#graceMs === 0) {
      this.#release(appId, event);
      return;
    }
    this.#held.set(key, { appId, event, until: this.#clock.now() + this.#graceMs });
    if (this.#held.size > this.#limit) this.#releaseOldest();
    this.#arm();
  }

  #releaseOldest(): void {
    for (const [key, { appId, event }] of this.#held) {
      this.#held.delete(key);
      this.#release(appId, event);
      return;
    }
  }

  #arm(): void {
    if (this.#timed) return;
    const [first] = this.#held.values();
    if (first === undefined) return;
    this.#timed = true;
    this.#clock.after(Math.max(TICK_MS, first.until - this.#clock.now()), () => {
      this.#timed = false;
      this.#sweep(this.#clock.now());
      this.#arm();
    });
  }

  #sweep(now: number): void {
    for (const [key, { appId, event, until }] of this.#held) {
      if (until > now) return;
      this.#held.delete(key);
      this.#release(appId, event);
    }
  }
}
