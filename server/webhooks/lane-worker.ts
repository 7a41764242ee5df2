/** Delivers one lane: a request at a time, each until it is taken or its time is over. */
import type { AppRegistry } from '../apps/app-registry.ts';
import { type Backoff, pauseAfter } from '../lib/backoff.ts';
import type { Chance } from '../lib/chance.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Poster, PostResult } from '../outgoing/poster.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { Lane } from './webhook-endpoint.ts';
import type { WebhookQueue } from './webhook-queue.ts';
import { webhookRequest } from './webhook-request.ts';

export interface RetrySettings {
  /** Milliseconds one request may take, its answer included. */
  readonly timeoutMs: number;
  /** Milliseconds after an event in which it is tried again. */
  readonly retryMs: number;
  readonly backoff: Backoff;
}

export interface LanePorts {
  readonly queue: WebhookQueue;
  readonly deadLetters: DeadLetters;
  readonly poster: Poster;
  readonly registry: AppRegistry;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly counters: Counters;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** Pause after a failure of the queue itself. */
const QUEUE_PAUSE_MS = 1000;

export class LaneWorker {
  readonly #lane: Lane;
  readonly #settings: RetrySettings;
  readonly #ports: LanePorts;
  #halted = false;
  #wake: (() => void) | undefined;

  constructor(lane: Lane, settings: RetrySettings, ports: LanePorts) {
    this.#lane = lane;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Works until the queue is closed and the lane empty, or until halted. */
  async run(): Promise<void> {
    const { logger } = this.#ports;
    while (!this.#halted) {
      try {
        if (!(await this.#next())) return;
      } catch (error) {
        logger.error({ err: error, endpoint: this.#lane.endpoint.name }, 'webhook queue failed');
        await this.#pause(QUEUE_PAUSE_MS);
      }
    }
  }

  /** Gives up, as soon as a request under way has ended; its events stay in the queue. */
  halt(): void {
    this.#halted = true;
    this.#wake?.();
  }

  /** One request from the queue to its end; false when there will be no more. */
  async #next(): Promise<boolean> {
    const { queue } = this.#ports;
    const events = await queue.take(this.#lane);
    if (events.length === 0) return false;
    if (this.#halted || !(await this.#deliver(events))) return false;
    await queue.ack(this.#lane);
    return true;
  }

  /** False if halted before the events were dealt with. */
  async #deliver(events: readonly QueuedEvent[]): Promise<boolean> {
    const { poster, registry, clock, chance, counters } = this.#ports;
    const { endpoint } = this.#lane;
    const { timeoutMs, retryMs, backoff } = this.#settings;
    const counts = counters.webhooksOf(endpoint.appId);
    // The youngest decides: every event gets the whole of its time.
    const lastAt = events.reduce((latest, { at }) => Math.max(latest, at), 0) + retryMs;
    const request = webhookRequest(registry, endpoint, events, clock.now());
    if (request === undefined) {
      await this.#bury(events, 0, 'the app has no key any more');
      return true;
    }
    for (let attempts = 1; ; attempts += 1) {
      const result: PostResult = await poster.post({ url: endpoint.url, ...request, timeoutMs });
      if (result.ok) {
        counts.sent += events.length;
        return true;
      }
      if (this.#halted) return false;
      counts.failedAttempts += 1;
      this.#warn('webhook attempt failed', { attempts, events: events.length, reason: result.reason });
      const pauseMs = pauseAfter(attempts, backoff, chance);
      if (clock.now() + pauseMs > lastAt) {
        await this.#bury(events, attempts, result.reason);
        return true;
      }
      await this.#pause(pauseMs);
      if (this.#halted) return false;
    }
  }

  async #bury(events: readonly QueuedEvent[], attempts: number, reason: string): Promise<void> {
    const { deadLetters, counters } = this.#ports;
    const { appId, name } = this.#lane.endpoint;
    await deadLetters.add(events.map((event) => ({ appId, endpoint: name, event, attempts, reason })));
    counters.webhooksOf(appId).deadLetters += events.length;
    this.#warn('webhooks given up', { attempts, events: events.length, reason });
  }

  #warn(message: string, fields: object): void {
    const { appId, name } = this.#lane.endpoint;
    this.#ports.log.warn(`${appId} ${name}`, { appId, endpoint: name, ...fields }, message);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(ms, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}
