/**
 * Ids from the system's randomness; socket ids drawn in blocks, because one draw costs more than a handshake's
 * parsing.
 */
import { randomFillSync, randomInt, randomUUID } from 'node:crypto';
import type { Ids } from './ids.ts';

const BLOCK = 512;
/** No socket id is longer: two numbers of ten digits, or one of ten and one of twenty. */
const MAX_LENGTH = 31;
const DIGITS = 10;
const ZERO = 0x30;
const DOT = 0x2e;

/** A number for a node, which no other has for all practical purposes. */
export function randomNodeNumber(): number {
  return randomInt(2 ** 32);
}

/**
 * @param nodeNumber below 2^32: what socket ids begin with, where other nodes must know whose a connection is; their
 *   second part is twice as long then
 */
export function randomIds(nodeNumber?: number): Ids {
  const block = new Uint32Array(BLOCK);
  let next = BLOCK;
  const draw = (): number => {
    if (next === BLOCK) {
      randomFillSync(block);
      next = 0;
    }
    return block[next++] as number;
  };
  // Written digit by digit into one place: putting numbers together as text costs four times as much, and what is put
  // together from parts keeps them, at 56 bytes more for as long as the connection lives.
  const room = Buffer.alloc(MAX_LENGTH);
  const socketId = (): string => {
    const dot = writeNumber(room, 0, nodeNumber ?? draw());
    room[dot] = DOT;
    const middle = writeNumber(room, dot + 1, draw());
    return room.toString('latin1', 0, nodeNumber === undefined ? middle : writePadded(room, middle, draw()));
  };
  return { socketId, uniqueId: () => randomUUID() };
}

/** Writes a number below 2^32 in decimal; returns where it ends. */
function writeNumber(to: Buffer, at: number, number: number): number {
  let digits = 1;
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  return writeDigits(to, at, number, digits);
}

/** The same with zeros before it, so that it has the length of the longest. */
function writePadded(to: Buffer, at: number, number: number): number {
  return writeDigits(to, at, number, DIGITS);
}

function writeDigits(to: Buffer, at: number, number: number, digits: number): number {
  let rest = number;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const tenth = Math.floor(rest / 10);
    to[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}
