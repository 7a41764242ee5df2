/**
 * Tells a channel's subscribers how many they are, and the application's backend at the same times: on each change
 * while they are few, at intervals when they are many. PROTOCOL.md, "Subscription counts".
 */
import { subscriptionCount } from '../../protocol/index.ts';
import type { Broker } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import type { Clock } from '../lib/clock.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';

/** Up to so many subscribers every change is told. */
export const FEW_SUBSCRIBERS = 100;
/** Above, changes are told so many milliseconds apart at least. */
export const COUNT_INTERVAL_MS = 5000;

interface Throttled {
  /** The latest count not told yet; undefined when nothing changed since the last frame. */
  untold: number | undefined;
  readonly cancel: () => void;
}

export class CountAnnouncements {
  readonly #broker: Pick<Broker, 'publish'>;
  readonly #webhooks: WebhookSink;
  readonly #clock: Clock;
  /** Large channels within their interval, by app and name. */
  readonly #throttled = new Map<string, Throttled>();

  constructor(broker: Pick<Broker, 'publish'>, webhooks: WebhookSink, clock: Clock) {
    this.#broker = broker;
    this.#webhooks = webhooks;
    this.#clock = clock;
  }

  /**
   * A channel's subscriptions rose or fell to `count`.
   * @param joiner a socket that is not to be told
   * @returns whether the others were told at once
   */
  changed(appId: string, channel: string, count: number, joiner: string | undefined): boolean {
    if (count > FEW_SUBSCRIBERS) return this.#throttle(keyOf(appId, channel), appId, channel, count, joiner);
    if (this.#throttled.size > 0) this.#forget(keyOf(appId, channel));
    this.#tell(appId, channel, count, joiner);
    return true;
  }

  #throttle(key: string, appId: string, channel: string, count: number, joiner?: string): boolean {
    const waiting = this.#throttled.get(key);
    if (waiting !== undefined) {
      waiting.untold = count;
      return false;
    }
    this.#tell(appId, channel, count, joiner);
    const cancel = this.#clock.after(COUNT_INTERVAL_MS, () => this.#intervalOver(key, appId, channel));
    this.#throttled.set(key, { untold: undefined, cancel });
    return true;
  }

  #intervalOver(key: string, appId: string, channel: string): void {
    const count = this.#throttled.get(key)?.untold;
    this.#throttled.delete(key);
    if (count !== undefined) this.#throttle(key, appId, channel, count);
  }

  #forget(key: string): void {
    this.#throttled.get(key)?.cancel();
    this.#throttled.delete(key);
  }

  /** Unlike subscribers, the backend hears of a zero too: it is not gone itself. */
  #tell(appId: string, channel: string, count: number, joiner: string | undefined): void {
    if (this.#webhooks.wants(appId, 'subscription_count')) {
      this.#webhooks.add(appId, { name: 'subscription_count', channel, subscriptionCount: count });
    }
    // A joiner that is alone is told by itself.
    if (count === 0 || (count === 1 && joiner !== undefined)) return;
    this.#broker.publish(new FramePublication(appId, channel, subscriptionCount(channel, count), joiner));
  }
}

const keyOf = (appId: string, channel: string): string => `${appId}/${channel}`;
