/** The queue of a node that is alone: in this process, bounded per endpoint, gone with it. See the port. */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Counters } from '../telemetry/counters.ts';
import { type DeadLetters, QUEUE_FULL } from './dead-letters.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { EndpointLanes, type LaneSettings } from './endpoint-lanes.ts';
import { Grace } from './grace.ts';
import { type QueuedEvent, queuedEvent } from './queued-event.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';
import type { WebhookQueue } from './webhook-queue.ts';

/** The limits of lanes hold for what is held back by its grace as well, of all apps together. */
export interface MemoryWebhookQueueSettings extends LaneSettings {
  /** Milliseconds that the end of a stay is held back; 0 reports it at once. */
  readonly graceMs: number;
}

export interface MemoryWebhookQueuePorts {
  readonly endpoints: EndpointDirectory;
  readonly deadLetters: DeadLetters;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
}

export class MemoryWebhookQueue implements WebhookQueue {
  readonly outlivesNode = false;
  readonly #ports: MemoryWebhookQueuePorts;
  readonly #grace: Grace;
  readonly #lanes: EndpointLanes;

  constructor(settings: MemoryWebhookQueueSettings, ports: MemoryWebhookQueuePorts) {
    this.#ports = ports;
    this.#grace = new Grace(settings.graceMs, settings.queueLimit, ports.clock, (appId, event) =>
      this.#queue(appId, event),
    );
    this.#lanes = new EndpointLanes(settings, ports.clock, (endpoint, event) => this.#bury(endpoint, event));
  }

  start(wake: (lane: Lane) => void): void {
    this.#lanes.start(wake);
  }

  wants(appId: string, kind: WebhookKind): boolean {
    return this.#ports.endpoints.wants(appId, kind);
  }

  add(appId: string, event: WebhookEvent): void {
    this.#grace.add(appId, event);
  }

  take(lane: Lane): Promise<readonly QueuedEvent[]> {
    return this.#lanes.take(lane);
  }

  /** Nobody else could have them. */
  holds(): boolean {
    return true;
  }

  ack(lane: Lane): void {
    this.#lanes.ack(lane);
  }

  split(lane: Lane): readonly Lane[] {
    return this.#lanes.split(lane);
  }

  end(endpoint: WebhookEndpoint): void {
    this.#lanes.end(endpoint);
  }

  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): void {
    const at = this.#ports.clock.now();
    for (const event of events) this.#lanes.push(endpoint, { ...event, at });
  }

  close(): void {
    this.#grace.close();
    this.#lanes.close();
  }

  release(): void {
    // There is nobody to leave anything to.
  }

  queued(endpoint: WebhookEndpoint): number {
    return this.#lanes.queued(endpoint);
  }

  #queue(appId: string, event: WebhookEvent): void {
    const { endpoints, ids, clock } = this.#ports;
    let queued: QueuedEvent | undefined;
    for (const endpoint of endpoints.of(appId)) {
      if (!endpoint.accepts(event)) continue;
      queued ??= queuedEvent(event, ids.uniqueId(), clock.now());
      this.#lanes.push(endpoint, queued);
    }
  }

  #bury({ appId, name }: WebhookEndpoint, event: QueuedEvent): void {
    const { deadLetters, counters, log } = this.#ports;
    log.warn(`${appId} ${name}`, { appId, endpoint: name }, 'webhook queue full');
    counters.webhooksOf(appId).deadLetters += 1;
    deadLetters.add([{ appId, endpoint: name, event, attempts: 0, reason: QUEUE_FULL }]);
  }
}
