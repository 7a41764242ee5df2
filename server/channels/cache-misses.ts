/**
 * Tells the application's backend that somebody found a cache channel empty: once per channel for a while, because
 * many clients tend to find that out together. A publication ends the while.
 */
import type { ChannelCache } from '../cache/channel-cache.ts';
import { andThen, type Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';

/** A channel that stays empty is told of so many milliseconds apart. */
const INTERVAL_MS = 10_000;

export class CacheMisses {
  readonly #cache: Pick<ChannelCache, 'firstMiss'>;
  readonly #webhooks: WebhookSink;
  readonly #logger: Logger;

  constructor(cache: Pick<ChannelCache, 'firstMiss'>, webhooks: WebhookSink, logger: Logger) {
    this.#cache = cache;
    this.#webhooks = webhooks;
    this.#logger = logger;
  }

  /** A subscriber found the channel empty. */
  missed(appId: string, channel: string): void {
    if (!this.#webhooks.wants(appId, 'cache_miss')) return;
    const told = andThen(
      this.#cache.firstMiss(appId, channel, INTERVAL_MS),
      (first): Eventual<void> =>
        first ? this.#webhooks.add(appId, { name: 'cache_miss', channel }) : undefined,
    );
    if (told instanceof Promise) {
      told.catch((error) =>
        this.#logger.error({ err: error, channel }, 'cache miss not queued for webhooks'),
      );
    }
  }
}
