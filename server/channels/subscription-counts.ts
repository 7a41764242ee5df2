/**
 * Tells subscribers how many they are, and the application's backend at the same times: on each change while they are
 * few, at intervals when they are many.
 * PROTOCOL.md, "Subscription counts".
 */
import { subscriptionCount } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { Broker } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';

/** Up to so many subscribers every change is told. */
const FEW = 100;
/** Above, changes are told so many milliseconds apart at least. */
const INTERVAL_MS = 5000;

interface Throttled {
  /** The latest count not told yet; undefined when nothing changed since the last frame. */
  untold: number | undefined;
  readonly cancel: () => void;
}

export class SubscriptionCounts {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #webhooks: WebhookSink;
  /** Large channels within their interval, by topic. */
  readonly #throttled = new Map<string, Throttled>();

  constructor(broker: Broker, webhooks: WebhookSink, clock: Clock, logger: Logger) {
    this.#broker = broker;
    this.#webhooks = webhooks;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * A channel's subscriptions rose or fell to `count`.
   * @param joiner the connection that has just subscribed: told directly, in the same write as its success
   */
  changed(app: App, channel: Channel, count: number, joiner?: Connection): void {
    if (!app.features.subscriptionCounts) return;
    if (channel.type.kind === 'presence' || channel.type.kind === 'user') return;
    if (count > FEW) this.#throttle(app, channel, count);
    else {
      this.#forget(channel);
      this.#tell(app, channel, count, joiner);
    }
  }

  #throttle(app: App, channel: Channel, count: number): void {
    const waiting = this.#throttled.get(channel.topic);
    if (waiting !== undefined) {
      waiting.untold = count;
      return;
    }
    this.#tell(app, channel, count);
    const cancel = this.#clock.after(INTERVAL_MS, () => this.#intervalOver(app, channel));
    this.#throttled.set(channel.topic, { untold: undefined, cancel });
  }

  #intervalOver(app: App, channel: Channel): void {
    const count = this.#throttled.get(channel.topic)?.untold;
    this.#throttled.delete(channel.topic);
    if (count !== undefined) this.#throttle(app, channel, count);
  }

  #forget(channel: Channel): void {
    if (this.#throttled.size === 0) return;
    this.#throttled.get(channel.topic)?.cancel();
    this.#throttled.delete(channel.topic);
  }

  #tell(app: App, channel: Channel, count: number, joiner?: Connection): void {
    this.#tellBackend(app.id, channel.name, count);
    if (count === 0) return;
    const frame = subscriptionCount(channel.name, count);
    if (joiner !== undefined) {
      joiner.send(frame);
      if (count === 1) return;
    }
    const published = this.#broker.publish(new FramePublication(app.id, channel.name, frame, joiner?.id));
    if (published instanceof Promise) {
      published.catch((error) =>
        this.#logger.warn({ err: error, channel: channel.name }, 'count not announced'),
      );
    }
  }

  /** Unlike subscribers, the backend hears of a zero too: it is not gone itself. */
  #tellBackend(appId: string, channel: string, count: number): void {
    if (!this.#webhooks.wants(appId, 'subscription_count')) return;
    const added = this.#webhooks.add(appId, {
      name: 'subscription_count',
      channel,
      subscriptionCount: count,
    });
    if (added instanceof Promise) {
      added.catch((error) => this.#logger.error({ err: error, channel }, 'count not queued for webhooks'));
    }
  }
}
