/**
 * Delivers one lane: a request at a time, each until it is taken or its time is over. When the receiver answers that it
 * doesn't want a request, its channels are split off, and tried again apart from each other and from the lane.
 */
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
import type { Siding } from './siding.ts';
import type { Lane } from './webhook-endpoint.ts';
import type { WebhookQueue } from './webhook-queue.ts';
import { type WebhookRequest, webhookRequest } from './webhook-request.ts';

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

/** How far the events of a lane came before it was split off. */
export interface Refusal {
  /** Requests that have carried them. */
  readonly attempts: number;
  /** Milliseconds until the next. */
  readonly pauseMs: number;
  /** The last one, if it carried exactly these events: then its repetition has the same bytes. */
  readonly request: WebhookRequest | undefined;
}

/** The lane's place among others: what its channels are split off to. */
export interface LaneSurroundings {
  /** Shared by a lane and those that were split off it. */
  readonly siding: Siding;
  /** Sees to it that somebody delivers a lane that was split off. */
  readonly splitOff: (lane: Lane, refusal: Refusal) => void;
}

/** Pause after a failure of the queue itself. */
const QUEUE_PAUSE_MS = 1000;

const REMOVED = 'the endpoint was removed from the app';

export class LaneWorker {
  readonly #lane: Lane;
  readonly #settings: RetrySettings;
  readonly #ports: LanePorts;
  readonly #surroundings: LaneSurroundings;
  #refusal: Refusal | undefined;
  #halted = false;
  #wake: (() => void) | undefined;

  /** @param refusal what happened to the first events of a lane that was split off */
  constructor(
    lane: Lane,
    settings: RetrySettings,
    ports: LanePorts,
    surroundings: LaneSurroundings,
    refusal?: Refusal,
  ) {
    this.#lane = lane;
    this.#settings = settings;
    this.#ports = ports;
    this.#surroundings = surroundings;
    this.#refusal = refusal;
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

  /** Ends a pause now, if its endpoint was removed: nothing is tried again there. */
  endpointRemoved(): void {
    if (this.#lane.endpoint.removed) this.#wake?.();
  }

  /** One request from the queue to its end; false when there will be no more. */
  async #next(): Promise<boolean> {
    const { queue } = this.#ports;
    const events = await queue.take(this.#lane);
    if (events.length === 0) return false;
    if (this.#halted) return false;
    switch (await this.#deliver(events)) {
      case 'halted':
        return false;
      case 'split':
      case 'lost':
        return true;
      case 'done':
        await queue.ack(this.#lane);
        return true;
    }
  }

  async #deliver(events: readonly QueuedEvent[]): Promise<'done' | 'split' | 'lost' | 'halted'> {
    const { registry, clock, chance, counters } = this.#ports;
    const { endpoint } = this.#lane;
    const { retryMs, backoff } = this.#settings;
    const counts = counters.webhooksOf(endpoint.appId);
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal !== undefined) await this.#pause(refusal.pauseMs);
    if (endpoint.removed) {
      await this.#bury(events, refusal?.attempts ?? 0, REMOVED);
      return 'done';
    }
    // The youngest decides: every event gets the whole of its time.
    const lastAt = events.reduce((latest, { at }) => Math.max(latest, at), 0) + retryMs;
    const request = refusal?.request ?? webhookRequest(registry, endpoint, events, clock.now());
    if (request === undefined) {
      await this.#bury(events, 0, 'the app has no key any more');
      return 'done';
    }
    for (let attempts = (refusal?.attempts ?? 0) + 1; ; attempts += 1) {
      const result = await this.#post(request, events);
      if (result === 'lost') return 'lost';
      if (result?.ok === true) {
        counts.sent += events.length;
        return 'done';
      }
      if (result === undefined || this.#halted) return 'halted';
      counts.failedAttempts += 1;
      const { failure, reason } = result;
      this.#warn('webhook attempt failed', { attempts, events: events.length, reason });
      const pauseMs = pauseAfter(attempts, backoff, chance);
      if (failure === 'policy' || endpoint.removed || clock.now() + pauseMs > lastAt) {
        await this.#bury(events, attempts, reason);
        return 'done';
      }
      if (failure === 'answer' && (await this.#split(events, { attempts, pauseMs, request }))) return 'split';
      await this.#pause(pauseMs);
      if (endpoint.removed) {
        await this.#bury(events, attempts, REMOVED);
        return 'done';
      }
    }
  }

  /** Undefined if halted before, `lost` if another node delivers the events. */
  async #post(
    request: WebhookRequest,
    events: readonly QueuedEvent[],
  ): Promise<PostResult | 'lost' | undefined> {
    const { queue, poster } = this.#ports;
    const { url } = this.#lane.endpoint;
    const { timeoutMs } = this.#settings;
    const post = async (): Promise<PostResult | 'lost' | undefined> => {
      if (this.#halted) return undefined;
      return queue.holds(events) ? poster.post({ url, ...request, timeoutMs }) : 'lost';
    };
    return this.#lane.channel === undefined ? post() : this.#surroundings.siding.inTurn(post);
  }

  /** Leaves refused events to others, channel by channel; false where that isn't possible. */
  async #split(events: readonly QueuedEvent[], refusal: Refusal): Promise<boolean> {
    const { siding, splitOff } = this.#surroundings;
    const { size } = new Set(events.map(({ channel }) => channel));
    if (this.#lane.channel !== undefined || !siding.hasRoomFor(size)) return false;
    const request = size === 1 ? refusal.request : undefined;
    for (const lane of await this.#ports.queue.split(this.#lane)) splitOff(lane, { ...refusal, request });
    return true;
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
    if (this.#halted) return Promise.resolve();
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
