/** The queue of a node that is alone: in this process, bounded per endpoint, gone with it. See the port. */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { Grace } from './grace.ts';
import { type BatchSettings, LaneBuffer } from './lane-buffer.ts';
import { type QueuedEvent, queuedEvent } from './queued-event.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';
import type { WebhookQueue } from './webhook-queue.ts';

export interface MemoryWebhookQueueSettings {
  /** Milliseconds that the end of a stay is held back; 0 reports it at once. */
  readonly graceMs: number;
  /** Events of one request at most. */
  readonly batchEvents: number;
  /** Milliseconds the first of them waits for others. */
  readonly batchMs: number;
  /** Events queued per endpoint at most, and held back by their grace, of all apps together. */
  readonly queueLimit: number;
  /** Characters of them at most. */
  readonly queueBytes: number;
}

export interface MemoryWebhookQueuePorts {
  readonly endpoints: EndpointDirectory;
  readonly deadLetters: DeadLetters;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
}

interface EndpointQueue {
  /** By the lane's number; those that have been used. */
  readonly lanes: Map<number, LaneBuffer>;
  /** Lanes of one channel, by its name. */
  readonly split: Map<string, LaneBuffer>;
  count: number;
  bytes: number;
}

export class MemoryWebhookQueue implements WebhookQueue {
  readonly #settings: MemoryWebhookQueueSettings;
  readonly #ports: MemoryWebhookQueuePorts;
  readonly #grace: Grace;
  readonly #queues = new Map<WebhookEndpoint, EndpointQueue>();
  #wake: (lane: Lane) => void = () => undefined;
  #closed = false;

  constructor(settings: MemoryWebhookQueueSettings, ports: MemoryWebhookQueuePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#grace = new Grace(settings.graceMs, settings.queueLimit, ports.clock, (appId, event) =>
      this.#queue(appId, event),
    );
  }

  start(wake: (lane: Lane) => void): void {
    this.#wake = wake;
  }

  wants(appId: string, kind: WebhookKind): boolean {
    return this.#ports.endpoints.wants(appId, kind);
  }

  add(appId: string, event: WebhookEvent): void {
    this.#grace.add(appId, event);
  }

  take(lane: Lane): Promise<readonly QueuedEvent[]> {
    const { channel, endpoint } = lane;
    if (endpoint.removed && !this.#queues.has(endpoint)) return Promise.resolve([]);
    if (channel === undefined) return this.#buffer(lane).take();
    const { split } = this.#of(endpoint);
    const buffer = split.get(channel);
    if (buffer !== undefined && !buffer.isEmpty) return buffer.take();
    split.delete(channel);
    return Promise.resolve([]);
  }

  ack(lane: Lane): void {
    const queue = this.#of(lane.endpoint);
    const buffer = lane.channel === undefined ? this.#buffer(lane) : queue.split.get(lane.channel);
    for (const event of buffer?.ack() ?? []) forget(queue, event);
    if (lane.endpoint.removed && queue.count === 0) this.#queues.delete(lane.endpoint);
  }

  split(lane: Lane): readonly Lane[] {
    const { split } = this.#of(lane.endpoint);
    return [...this.#buffer(lane).split()].map(([channel, buffer]) => {
      split.set(channel, buffer);
      return { ...lane, channel };
    });
  }

  end(endpoint: WebhookEndpoint): void {
    const queue = this.#queues.get(endpoint);
    if (queue === undefined) return;
    for (const buffer of queue.lanes.values()) buffer.close();
    if (queue.count === 0) this.#queues.delete(endpoint);
  }

  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): void {
    const at = this.#ports.clock.now();
    for (const event of events) this.#push(endpoint, { ...event, at });
  }

  close(): void {
    this.#grace.close();
    this.#closed = true;
    for (const { lanes } of this.#queues.values()) for (const buffer of lanes.values()) buffer.close();
  }

  queued(endpoint: WebhookEndpoint): number {
    return this.#queues.get(endpoint)?.count ?? 0;
  }

  #queue(appId: string, event: WebhookEvent): void {
    const { endpoints, ids, clock } = this.#ports;
    let queued: QueuedEvent | undefined;
    for (const endpoint of endpoints.of(appId)) {
      if (!endpoint.accepts(event)) continue;
      queued ??= queuedEvent(event, ids.uniqueId(), clock.now());
      this.#push(endpoint, queued);
    }
  }

  #push(endpoint: WebhookEndpoint, event: QueuedEvent): void {
    const queue = this.#of(endpoint);
    queue.count += 1;
    queue.bytes += event.json.length;
    const split = queue.split.get(event.channel);
    if (split === undefined) this.#pushInto(endpoint.laneOf(event.channel), queue, event);
    else split.add(event);
    while (queue.count > this.#settings.queueLimit || queue.bytes > this.#settings.queueBytes) {
      if (!this.#shedOldest(endpoint, queue)) break;
    }
  }

  #pushInto(lane: Lane, { lanes }: EndpointQueue, event: QueuedEvent): void {
    const isFirst = !lanes.has(lane.index);
    this.#buffer(lane).add(event);
    if (isFirst) this.#wake(lane);
  }

  /** Makes room; false if all that is left is under way. */
  #shedOldest(endpoint: WebhookEndpoint, queue: EndpointQueue): boolean {
    const { deadLetters, counters, log } = this.#ports;
    let holder: LaneBuffer | undefined;
    for (const lane of [...queue.lanes.values(), ...queue.split.values()]) {
      if (lane.oldest !== undefined && lane.oldest.at < (holder?.oldest?.at ?? Number.POSITIVE_INFINITY)) {
        holder = lane;
      }
    }
    const event = holder?.shed();
    if (event === undefined) return false;
    forget(queue, event);
    const { appId, name } = endpoint;
    log.warn(`${appId} ${name}`, { appId, endpoint: name }, 'webhook queue full');
    counters.webhooksOf(appId).deadLetters += 1;
    deadLetters.add([{ appId, endpoint: name, event, attempts: 0, reason: 'the queue was full' }]);
    return true;
  }

  #of(endpoint: WebhookEndpoint): EndpointQueue {
    let queue = this.#queues.get(endpoint);
    if (queue === undefined) {
      queue = { lanes: new Map(), split: new Map(), count: 0, bytes: 0 };
      this.#queues.set(endpoint, queue);
    }
    return queue;
  }

  #buffer({ endpoint, index }: Lane): LaneBuffer {
    const { lanes } = this.#of(endpoint);
    let buffer = lanes.get(index);
    if (buffer === undefined) {
      buffer = new LaneBuffer(this.#batchOf(endpoint), this.#ports.clock);
      if (this.#closed || endpoint.removed) buffer.close();
      lanes.set(index, buffer);
    }
    return buffer;
  }

  /** Asked at each request, because an endpoint's settings may change. */
  #batchOf(endpoint: WebhookEndpoint): BatchSettings {
    const { batchEvents, batchMs } = this.#settings;
    return {
      get events() {
        return endpoint.batch ? batchEvents : 1;
      },
      get waitMs() {
        return endpoint.batch ? batchMs : 0;
      },
    };
  }
}

function forget(queue: EndpointQueue, event: QueuedEvent): void {
  queue.count -= 1;
  queue.bytes -= event.json.length;
}
