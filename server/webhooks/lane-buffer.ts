/** One lane in memory: events in order, and somebody who waits for them. */
import type { Clock } from '../lib/clock.ts';
import { Fifo } from '../lib/fifo.ts';
import type { QueuedEvent } from './queued-event.ts';

export interface BatchSettings {
  /** Events of one request at most. */
  readonly events: number;
  /** Milliseconds the first of them waits for others. */
  readonly waitMs: number;
}

const NOTHING: readonly QueuedEvent[] = [];

export class LaneBuffer {
  readonly #batch: BatchSettings;
  readonly #clock: Clock;
  readonly #waiting = new Fifo<QueuedEvent>();
  #taken: readonly QueuedEvent[];
  #taker: ((events: readonly QueuedEvent[]) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #closing = false;

  /** @param taken events that count as taken, and not acknowledged, from the beginning */
  constructor(batch: BatchSettings, clock: Clock, taken: readonly QueuedEvent[] = NOTHING) {
    this.#batch = batch;
    this.#clock = clock;
    this.#taken = taken;
  }

  get isEmpty(): boolean {
    return this.#taken.length === 0 && this.#waiting.length === 0;
  }

  /** The oldest event that nobody has taken. */
  get oldest(): QueuedEvent | undefined {
    return this.#waiting.first;
  }

  add(event: QueuedEvent): void {
    this.#waiting.push(event);
    this.#serve();
  }

  /** Gives up the oldest event that nobody has taken. */
  shed(): QueuedEvent | undefined {
    return this.#waiting.shift();
  }

  take(): Promise<readonly QueuedEvent[]> {
    if (this.#taker !== undefined) return Promise.reject(new Error('somebody waits at this lane already'));
    if (this.#taken.length > 0) return Promise.resolve(this.#taken);
    return new Promise((resolve) => {
      this.#taker = resolve;
      this.#serve();
    });
  }

  /** Returns what was taken and is now dealt with. */
  ack(): readonly QueuedEvent[] {
    const taken = this.#taken;
    this.#taken = NOTHING;
    return taken;
  }

  /**
   * Gives up the channels of what was taken, with all that waits of them: a buffer for each, where its share of what
   * was taken is taken still. Nobody waits there, so those buffers are closed: they hand over what they have.
   */
  split(): ReadonlyMap<string, LaneBuffer> {
    const shares = new Map<string, QueuedEvent[]>();
    for (const event of this.ack()) {
      const share = shares.get(event.channel);
      if (share === undefined) shares.set(event.channel, [event]);
      else share.push(event);
    }
    const buffers = new Map<string, LaneBuffer>();
    for (const [channel, share] of shares) {
      const buffer = new LaneBuffer(this.#batch, this.#clock, share);
      buffer.close();
      buffers.set(channel, buffer);
    }
    for (const event of this.#waiting.extract(({ channel }) => buffers.has(channel))) {
      buffers.get(event.channel)?.add(event);
    }
    return buffers;
  }

  /** Gives up what nobody has taken, where a condition holds; returns it. */
  discardWaiting(gone: (event: QueuedEvent) => boolean): readonly QueuedEvent[] {
    return this.#waiting.extract(gone);
  }

  /** Gives up what was taken, where a condition holds; returns it. */
  discardTaken(gone: (event: QueuedEvent) => boolean): readonly QueuedEvent[] {
    const discarded = this.#taken.filter(gone);
    if (discarded.length > 0) this.#taken = this.#taken.filter((event) => !gone(event));
    return discarded;
  }

  close(): void {
    this.#closing = true;
    this.#serve();
  }

  /** Hands over if somebody waits and it is time, else sees to it that it will be. */
  #serve(): void {
    if (this.#taker === undefined) return;
    const { first, length } = this.#waiting;
    if (first === undefined) {
      if (this.#closing) this.#hand(NOTHING);
      return;
    }
    const waitMs = first.at + this.#batch.waitMs - this.#clock.now();
    if (length >= this.#batch.events || waitMs <= 0 || this.#closing) {
      const events: QueuedEvent[] = [];
      while (events.length < this.#batch.events) {
        const event = this.#waiting.shift();
        if (event === undefined) break;
        events.push(event);
      }
      this.#hand(events);
      return;
    }
    this.#cancelTimer ??= this.#clock.after(waitMs, () => {
      this.#cancelTimer = undefined;
      this.#serve();
    });
  }

  #hand(events: readonly QueuedEvent[]): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const taker = this.#taker;
    this.#taker = undefined;
    this.#taken = events;
    taker?.(events);
  }
}
