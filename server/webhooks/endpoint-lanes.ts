/** The events that this node has to deliver: each endpoint's lanes, bounded in number and size. */
import type { Clock } from '../lib/clock.ts';
import { type BatchSettings, LaneBuffer } from './lane-buffer.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { Lane, WebhookEndpoint } from './webhook-endpoint.ts';

export interface LaneSettings {
  /** Events of one request at most. */
  readonly batchEvents: number;
  /** Milliseconds the first of them waits for others. */
  readonly batchMs: number;
  /** Events per endpoint at most. */
  readonly queueLimit: number;
  /** Characters of them at most. */
  readonly queueBytes: number;
}

/** Gets what an endpoint has no room for. */
export type Shed = (endpoint: WebhookEndpoint, event: QueuedEvent) => void;

export type EventTest = (event: QueuedEvent) => boolean;

interface EndpointQueue {
  /** By the lane's number; those that have been used. */
  readonly lanes: Map<number, LaneBuffer>;
  /** Lanes of one channel, by its name. */
  readonly split: Map<string, LaneBuffer>;
  count: number;
  bytes: number;
}

export class EndpointLanes {
  readonly #settings: LaneSettings;
  readonly #clock: Clock;
  readonly #shed: Shed;
  readonly #queues = new Map<WebhookEndpoint, EndpointQueue>();
  #wake: (lane: Lane) => void = () => undefined;
  #closed = false;

  /** @param shed gets the oldest events that nobody has taken, when an endpoint's are too many */
  constructor(settings: LaneSettings, clock: Clock, shed: Shed) {
    this.#settings = settings;
    this.#clock = clock;
    this.#shed = shed;
  }

  /** See `WebhookQueue.start`. */
  start(wake: (lane: Lane) => void): void {
    this.#wake = wake;
  }

  push(endpoint: WebhookEndpoint, event: QueuedEvent): void {
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

  /** See `WebhookQueue.take`. */
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

  /** What was taken is dealt with; returns it. */
  ack(lane: Lane): readonly QueuedEvent[] {
    const queue = this.#of(lane.endpoint);
    const done = forget(queue, this.#existing(lane, queue)?.ack() ?? []);
    if (lane.endpoint.removed && queue.count === 0) this.#queues.delete(lane.endpoint);
    return done;
  }

  /** See `WebhookQueue.end`. */
  end(endpoint: WebhookEndpoint): void {
    const queue = this.#queues.get(endpoint);
    if (queue === undefined) return;
    for (const buffer of queue.lanes.values()) buffer.close();
    if (queue.count === 0) this.#queues.delete(endpoint);
  }

  /** See `WebhookQueue.split`. */
  split(lane: Lane): readonly Lane[] {
    const { split } = this.#of(lane.endpoint);
    return [...this.#buffer(lane).split()].map(([channel, buffer]) => {
      split.set(channel, buffer);
      return { ...lane, channel };
    });
  }

  /** Gives up events that nobody has taken, of all endpoints. */
  discard(gone: EventTest): void {
    for (const queue of this.#queues.values()) {
      for (const buffer of [...queue.lanes.values(), ...queue.split.values()]) {
        forget(queue, buffer.discardWaiting(gone));
      }
    }
  }

  /** Gives up events that were taken from a lane. Only for who took them. */
  discardTaken(lane: Lane, gone: EventTest): void {
    const queue = this.#of(lane.endpoint);
    forget(queue, this.#existing(lane, queue)?.discardTaken(gone) ?? []);
  }

  /** From here on requests don't wait to be filled, and takers don't wait at all. */
  close(): void {
    this.#closed = true;
    for (const { lanes } of this.#queues.values()) for (const buffer of lanes.values()) buffer.close();
  }

  /** Events of an endpoint, those that were taken included. */
  queued(endpoint: WebhookEndpoint): number {
    return this.#queues.get(endpoint)?.count ?? 0;
  }

  #pushInto(lane: Lane, { lanes }: EndpointQueue, event: QueuedEvent): void {
    const isFirst = !lanes.has(lane.index);
    this.#buffer(lane).add(event);
    if (isFirst) this.#wake(lane);
  }

  /** Makes room; false if all that is left is under way. */
  #shedOldest(endpoint: WebhookEndpoint, queue: EndpointQueue): boolean {
    let holder: LaneBuffer | undefined;
    for (const lane of [...queue.lanes.values(), ...queue.split.values()]) {
      if (lane.oldest !== undefined && lane.oldest.at < (holder?.oldest?.at ?? Number.POSITIVE_INFINITY)) {
        holder = lane;
      }
    }
    const event = holder?.shed();
    if (event === undefined) return false;
    forget(queue, [event]);
    this.#shed(endpoint, event);
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

  #existing({ index, channel }: Lane, { lanes, split }: EndpointQueue): LaneBuffer | undefined {
    return channel === undefined ? lanes.get(index) : split.get(channel);
  }

  #buffer({ endpoint, index }: Lane): LaneBuffer {
    const { lanes } = this.#of(endpoint);
    let buffer = lanes.get(index);
    if (buffer === undefined) {
      buffer = new LaneBuffer(this.#batchOf(endpoint), this.#clock);
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

function forget(queue: EndpointQueue, events: readonly QueuedEvent[]): readonly QueuedEvent[] {
  for (const event of events) {
    queue.count -= 1;
    queue.bytes -= event.json.length;
  }
  return events;
}
