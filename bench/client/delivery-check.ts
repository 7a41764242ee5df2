/**
 * Checks each delivered event: right event, channel and data, and the next number of its stream. The first frame of a
 * kind is parsed and compared in full; from it the check learns where the number stands, and later frames are compared
 * byte by byte up to it, which needs no JSON and holds for any server's key order.
 */
import { MARK, numbering, payload, SEQUENCE_DIGITS, STREAM_DIGITS } from './payload.ts';
import type { Tally } from './tally.ts';

/** One frame in so many has its part behind the number compared too; the others only its length and last bytes. */
const FULL_COMPARISON_EVERY = 64;
const ZERO = 48;
const NUMBERING = new RegExp(`${MARK}(\\d{${STREAM_DIGITS}})(\\d{${SEQUENCE_DIGITS}})`);

/** What is being sent to a channel: shared by all sockets that follow it. */
export class Feed {
  readonly event: string;
  readonly channel: string;
  /** Bytes of each event's data. */
  readonly bytes: number;
  /** A whole frame as this server writes it, and where its number starts; absent until the first was seen. */
  shape: { readonly frame: Buffer; readonly numberAt: number } | undefined;

  constructor(event: string, channel: string, bytes: number) {
    this.event = event;
    this.channel = channel;
    this.bytes = bytes;
  }
}

/** A text frame that was parsed because the quick check did not know it. */
export interface ParsedFrame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: unknown;
}

/** Told of each accepted event; for scenarios that time them. */
export type OnDelivery = (stream: number, sequence: number) => void;

/** One socket's view of a feed. */
export class Receiver {
  readonly #feed: Feed;
  readonly #tally: Tally;
  readonly #next: Int32Array;
  readonly #onDelivery: OnDelivery | undefined;
  #untilFull = FULL_COMPARISON_EVERY;

  /** `own`: the stream this socket sends itself, which it must never be given back. */
  constructor(feed: Feed, tally: Tally, streams: number, own?: number, onDelivery?: OnDelivery) {
    this.#feed = feed;
    this.#tally = tally;
    this.#next = new Int32Array(streams);
    if (own !== undefined) this.#next[own] = -1;
    this.#onDelivery = onDelivery;
  }

  /** True when the bytes are the expected frame, which is then counted; false when they need a closer look. */
  accept(buffer: Buffer, start: number, end: number): boolean {
    const shape = this.#feed.shape;
    if (shape === undefined || end - start !== shape.frame.length) return false;
    const { frame, numberAt } = shape;
    for (let i = 0; i < numberAt; i++) {
      if (buffer[start + i] !== frame[i]) return false;
    }
    const streamAt = start + numberAt;
    const sequenceAt = streamAt + STREAM_DIGITS;
    const restAt = sequenceAt + SEQUENCE_DIGITS;
    if (!this.#sameRest(buffer, restAt, end, frame, numberAt + STREAM_DIGITS + SEQUENCE_DIGITS)) return false;
    this.#count(digits(buffer, streamAt, sequenceAt), digits(buffer, sequenceAt, restAt));
    return true;
  }

  /** The closer look: compares everything, learns the shape, and fails the phase when the event is not the expected. */
  acceptParsed(text: string, frame: ParsedFrame): void {
    const { event, channel, bytes } = this.#feed;
    const data = typeof frame.data === 'string' ? frame.data : '';
    const match = NUMBERING.exec(data);
    const [stream, sequence] = [Number(match?.[1]), Number(match?.[2])];
    if (
      frame.event !== event ||
      frame.channel !== channel ||
      match === null ||
      data !== payload(stream, sequence, bytes)
    ) {
      this.#tally.fail(new Error(`unexpected event on ${channel}: ${text.slice(0, 200)}`));
      return;
    }
    const bytesOfFrame = Buffer.from(text);
    const numberAt = bytesOfFrame.indexOf(MARK + numbering(stream, sequence)) + MARK.length;
    this.#feed.shape = { frame: bytesOfFrame, numberAt };
    this.#count(stream, sequence);
  }

  #sameRest(buffer: Buffer, from: number, end: number, frame: Buffer, frameFrom: number): boolean {
    this.#untilFull -= 1;
    if (this.#untilFull > 0)
      return buffer[from] === frame[frameFrom] && buffer[end - 1] === frame[frame.length - 1];
    this.#untilFull = FULL_COMPARISON_EVERY;
    return buffer.compare(frame, frameFrom, frame.length, from, end) === 0;
  }

  #count(stream: number, sequence: number): void {
    const expected = this.#next[stream];
    if (expected !== sequence) {
      this.#tally.fail(new Error(this.#complaint(stream, sequence, expected)));
      return;
    }
    this.#next[stream] = sequence + 1;
    this.#onDelivery?.(stream, sequence);
    this.#tally.arrived();
  }

  #complaint(stream: number, sequence: number, expected: number | undefined): string {
    const where = `${this.#feed.channel}, stream ${stream}`;
    if (expected === undefined) return `${where}: no such stream`;
    if (expected < 0) return `${where}: the sender was given its own event ${sequence}`;
    if (sequence < expected) return `${where}: event ${sequence} came twice or late, ${expected} was due`;
    return `${where}: events ${expected} to ${sequence - 1} are missing before ${sequence}`;
  }
}

function digits(buffer: Buffer, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + (buffer[i] ?? 0) - ZERO;
  return value;
}
