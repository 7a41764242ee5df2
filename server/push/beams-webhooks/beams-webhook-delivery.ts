/**
 * Carries webhooks of Beams to their receivers, one worker for each lane with something due, so that nobody waits for
 * another's receiver. An attempt that fails is repeated after 10, 30, 120 and 300 seconds, then the webhook is given up.
 */
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import type { Poster, PostRequest, PostResult } from '../../outgoing/poster.ts';
import { signatureOf, webhookIdOf } from './beams-webhook-bodies.ts';
import type { AttemptResult, BeamsWebhook, BeamsWebhookQueue } from './beams-webhook-queue.ts';
import { PUBLISH_WEBHOOK } from './beams-webhooks.ts';

export interface BeamsDeliveryPorts {
  readonly queue: BeamsWebhookQueue;
  readonly apps: Pick<AppRegistry, 'byId'>;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: OccasionalLog;
}

const TIMEOUT_MS = 3000;
const RETRY_MS: readonly number[] = [10_000, 30_000, 120_000, 300_000];
/** Longer than an attempt takes: who holds a webhook longer is dead. */
const HOLD_MS = 6000;
/** Requests to one receiver at a time. */
const AT_ONCE = 8;
/** How often a node looks for what others left behind. */
const LOOK_MS = 5000;
const FORGET_MS = 3_600_000;

export class BeamsWebhookDelivery {
  readonly #keepMs: number;
  readonly #ports: BeamsDeliveryPorts;
  /** Lanes that are being worked on, each with its worker's end. */
  readonly #workers = new Map<string, Promise<void>>();
  #looking: Promise<void> | undefined;
  /** True: something may have become due since the last look. */
  #stale = false;
  #stopped = false;
  #cancelTimers: Array<() => void> = [];
  #cancelNext: () => void = () => undefined;

  /** @param keepMs how long webhooks stay known that were delivered or given up */
  constructor(keepMs: number, ports: BeamsDeliveryPorts) {
    this.#keepMs = keepMs;
    this.#ports = ports;
  }

  start(): void {
    const { clock, queue, logger } = this.#ports;
    const forget = (): void => {
      queue.forget(clock.now() - this.#keepMs).catch((error: unknown) => {
        logger.warn({ err: error }, 'old webhooks of Beams not removed');
      });
    };
    this.#cancelTimers = [clock.every(LOOK_MS, () => this.look()), clock.every(FORGET_MS, forget)];
    this.look();
  }

  /** Looks for what is due, now. */
  look(): void {
    this.#stale = true;
    if (this.#looking !== undefined || this.#stopped) return;
    this.#looking = this.#lookUp();
  }

  /** Waits for the attempts under way; the rest stays where the queue keeps it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelNext();
    for (const cancel of this.#cancelTimers) cancel();
    await this.#looking;
    await Promise.all(this.#workers.values());
    this.#ports.poster.close();
  }

  async #lookUp(): Promise<void> {
    const { queue, clock, log } = this.#ports;
    while (this.#stale && !this.#stopped) {
      this.#stale = false;
      try {
        const { lanes, nextAt } = await queue.due(clock.now());
        for (const lane of lanes) this.#workOn(lane);
        this.#cancelNext();
        if (nextAt !== undefined) {
          this.#cancelNext = clock.after(Math.max(0, nextAt - clock.now()), () => this.look());
        }
      } catch (error) {
        log.warn('beams webhooks', { err: error }, 'webhooks of Beams can not be read');
      }
    }
    // In the same turn as the last glance at `stale`: what comes later begins a new look.
    this.#looking = undefined;
  }

  #workOn(lane: string): void {
    if (this.#stopped || this.#workers.has(lane)) return;
    const worker = this.#work(lane).then(
      () => {
        this.#workers.delete(lane);
        // What came meanwhile was left to this worker.
        this.look();
      },
      (error: unknown) => {
        this.#workers.delete(lane);
        this.#ports.log.warn('beams webhooks', { err: error }, 'webhooks of Beams can not be worked on');
      },
    );
    this.#workers.set(lane, worker);
  }

  async #work(lane: string): Promise<void> {
    const { queue, clock } = this.#ports;
    while (!this.#stopped) {
      const now = clock.now();
      const taken = await queue.take({ lane, now, until: now + HOLD_MS, limit: AT_ONCE });
      if (taken.length === 0) return;
      await Promise.all(
        taken.map(async (webhook) => {
          const result = await this.#attempt(webhook);
          await queue.settle(webhook.id, result, clock.now());
        }),
      );
    }
  }

  async #attempt(webhook: BeamsWebhook): Promise<AttemptResult> {
    const { poster, clock, logger } = this.#ports;
    const request = this.#requestOf(webhook);
    const result: PostResult =
      request === undefined
        ? { ok: false, failure: 'policy', reason: 'the webhook is not configured any more' }
        : await poster.post(request);
    if (result.ok) return { kind: 'delivered' };
    const { reason } = result;
    const pause = result.failure === 'policy' ? undefined : RETRY_MS[webhook.failures];
    const { appId, eventType, id } = webhook;
    if (pause !== undefined) {
      logger.debug({ appId, eventType, id, reason }, 'webhook of Beams failed, will be repeated');
      return { kind: 'again', at: clock.now() + pause, reason };
    }
    this.#ports.log.warn(webhook.lane, { appId, eventType, id, reason }, 'webhook of Beams given up');
    return { kind: 'failed', reason };
  }

  /** The same, signature included, at every attempt; undefined if nobody wants it any more. */
  #requestOf({ id, appId, webhookId, url, eventType, body }: BeamsWebhook): PostRequest | undefined {
    const json = { 'User-Agent': 'pusher-webhooks', 'Content-Type': 'application/json' };
    if (url !== undefined && eventType === PUBLISH_WEBHOOK) {
      // Name and password in the address become an `Authorization` header.
      return { url: new URL(url), headers: json, body, timeoutMs: TIMEOUT_MS };
    }
    const beams = this.#ports.apps.byId(appId)?.push.beams;
    const webhook = beams?.webhooks.find((one) => webhookIdOf(beams.instanceId, one.url) === webhookId);
    if (webhook === undefined || webhookId === undefined) return undefined;
    const headers = {
      ...json,
      'Webhook-Event-Type': eventType,
      'Webhook-ID-UUID': webhookId,
      'Webhook-Request-ID-UUID': id,
      'Webhook-Signature': signatureOf(body, webhook.secret),
    };
    return { url: new URL(webhook.url), headers, body, timeoutMs: TIMEOUT_MS };
  }
}
