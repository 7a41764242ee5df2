/**
 * The data of a measured event: JSON text of a wanted size that says which stream it belongs to and its place there,
 * at an offset that is the same for all of one size. A stream is one sender on one connection: within it the protocol
 * keeps order, so every receiver must see 0, 1, 2, … without a gap or a repeat.
 */

/** Sequence numbers have this many digits, so all payloads of a size have one length. */
export const SEQUENCE_DIGITS = 8;
/** Stream numbers, likewise. */
export const STREAM_DIGITS = 2;
/** Stands before the stream number and nowhere else in a frame. */
export const MARK = '~';

const HEAD = `{"at":"${MARK}`;
const TEXT = '","text":"';
const TAIL = '"}';
const WORDS = 'the quick brown fox jumps over the lazy dog and then some more ';

/** The number right behind the mark: stream digits, then sequence digits. */
export function numbering(stream: number, sequence: number): string {
  return String(stream).padStart(STREAM_DIGITS, '0') + String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** `bytes` of JSON text; plain ASCII, with the quotes every JSON payload has. */
export function payload(stream: number, sequence: number, bytes: number): string {
  const fixed = HEAD.length + STREAM_DIGITS + SEQUENCE_DIGITS + TEXT.length + TAIL.length;
  if (bytes < fixed) throw new Error(`a payload has at least ${fixed} bytes, asked for ${bytes}`);
  const filler = WORDS.repeat(Math.ceil((bytes - fixed) / WORDS.length)).slice(0, bytes - fixed);
  return HEAD + numbering(stream, sequence) + TEXT + filler + TAIL;
}
