/**
 * What hub and workers of one machine send each other over a local socket: records, each its length in four bytes,
 * its kind in one, and the rest. Frames pass as the bytes they are; everything else is what V8 makes of a value.
 * Both ends are the same program, started by one another: nothing here has to be understood by another version.
 */
import { deserialize, serialize } from 'node:v8';
import type { Publication } from '../broker/broker.ts';
import type { MemberChange } from '../presence/member-publication.ts';

/** Bytes before a record's body. */
const HEAD = 5;

export const CALL = 1;
export const ANSWER = 2;
export const FAILURE = 3;
export const NOTE = 4;
export const FRAME = 5;

/** A frame on its way to the followers of a topic. */
export interface FrameRecord extends Publication {
  /** The whole record, to be passed on as it is. */
  readonly record: Buffer;
  /** What else the frame means to whoever keeps a roster; undefined for most. */
  readonly change: MemberChange | undefined;
}

/** A value with the number of the call it belongs to, if it belongs to one. */
export function encodeValue(kind: number, id: number, value: unknown): Buffer {
  const body = serialize(value);
  const record = Buffer.allocUnsafe(HEAD + 4 + body.length);
  begin(record, kind);
  record.writeUInt32LE(id, HEAD);
  record.set(body, HEAD + 4);
  return record;
}

export function decodeValue(record: Buffer): { readonly id: number; readonly value: unknown } {
  return { id: record.readUInt32LE(HEAD), value: deserialize(record.subarray(HEAD + 4)) };
}

export const kindOfRecord = (record: Buffer): number => record[4] ?? 0;

/**
 * The texts' lengths stand before them, since names may hold anything.
 * @param change what else the frame means; see `FrameRecord`
 */
export function encodePublication(publication: Publication, change?: MemberChange): Buffer {
  const { appId, topic, exceptSocketId = '' } = publication;
  const frame = publication.frame();
  const extra = change === undefined ? undefined : serialize(change);
  const texts = [appId, topic, exceptSocketId];
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const size =
    lengths.reduce((sum, length) => sum + 4 + length, HEAD + 4 + (extra?.length ?? 0)) +
    (typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length);
  const record = Buffer.allocUnsafe(size);
  begin(record, FRAME);
  let at = HEAD;
  for (const [n, text] of texts.entries()) {
    at = record.writeUInt32LE(lengths[n] ?? 0, at);
    at += record.write(text, at);
  }
  at = record.writeUInt32LE(extra?.length ?? 0, at);
  if (extra !== undefined) {
    record.set(extra, at);
    at += extra.length;
  }
  if (typeof frame === 'string') record.write(frame, at);
  else record.set(frame, at);
  return record;
}

export function decodePublication(record: Buffer): FrameRecord {
  let at = HEAD;
  const part = (): Buffer => {
    const end = at + 4 + record.readUInt32LE(at);
    const bytes = record.subarray(at + 4, end);
    at = end;
    return bytes;
  };
  const [appId, topic] = [part().toString('utf8'), part().toString('utf8')];
  const [except, extra] = [part(), part()];
  const frame = record.subarray(at);
  return {
    appId,
    topic,
    exceptSocketId: except.length === 0 ? undefined : except.toString('latin1'),
    record,
    change: extra.length === 0 ? undefined : deserialize(extra),
    frame: () => frame,
  };
}

function begin(record: Buffer, kind: number): void {
  record.writeUInt32LE(record.length, 0);
  record[4] = kind;
}

/** Cuts what arrives into records again, wherever the socket has divided it. */
export class RecordReader {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes before there is anything to be cut. */
  #needed = HEAD;

  /** Calls `take` with each record that is complete now; they are views of what arrived. */
  read(chunk: Buffer, take: (record: Buffer) => void): void {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const all = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces, this.#bytes);
    let at = 0;
    this.#needed = HEAD;
    while (all.length - at >= HEAD) {
      const length = all.readUInt32LE(at);
      if (all.length - at < length) {
        this.#needed = length;
        break;
      }
      take(all.subarray(at, at + length));
      at += length;
    }
    this.#pieces = at === all.length ? [] : [all.subarray(at)];
    this.#bytes = all.length - at;
  }
}
