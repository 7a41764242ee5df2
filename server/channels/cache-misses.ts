/**
 * Tells the application's backend that somebody found a cache channel empty: once per channel for a while, because
 * many clients tend to find that out together. A publication ends the while.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';

/** A channel that stays empty is told of so many milliseconds apart. */
const INTERVAL_MS = 10_000;
/** Channels remembered; past it the oldest may be told of again too soon. */
const MAX_CHANNELS = 100_000;

export class CacheMisses {
  readonly #webhooks: WebhookSink;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** When each channel was told of last, the oldest first. */
  readonly #told = new Map<string, number>();

  constructor(webhooks: WebhookSink, clock: Clock, logger: Logger) {
    this.#webhooks = webhooks;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A subscriber found the channel empty. */
  missed(appId: string, channel: string): void {
    if (!this.#webhooks.wants(appId, 'cache_miss')) return;
    const key = `${appId}/${channel}`;
    const now = this.#clock.now();
    const told = this.#told.get(key);
    if (told !== undefined && now - told < INTERVAL_MS) return;
    this.#told.delete(key);
    this.#told.set(key, now);
    this.#forgetOld(now);
    const added = this.#webhooks.add(appId, { name: 'cache_miss', channel });
    if (added instanceof Promise) {
      added.catch((error) =>
        this.#logger.error({ err: error, channel }, 'cache miss not queued for webhooks'),
      );
    }
  }

  /** The channel has an event now: the next time it is found empty is news. */
  filled(appId: string, channel: string): void {
    if (this.#told.size > 0) this.#told.delete(`${appId}/${channel}`);
  }

  #forgetOld(now: number): void {
    for (const [key, at] of this.#told) {
      if (now - at < INTERVAL_MS && this.#told.size <= MAX_CHANNELS) return;
      this.#told.delete(key);
    }
  }
}
