/**
 * Ids from the system's randomness; socket ids drawn in blocks, because one draw costs more than a handshake's
 * parsing.
 */
import { randomFillSync, randomInt, randomUUID } from 'node:crypto';
import type { Ids } from './ids.ts';

const BLOCK = 512;
/** No socket id is longer: two numbers of ten digits, or one of ten and one of twenty. */
const MAX_LENGTH = 31;

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
  const made =
    nodeNumber === undefined
      ? () => `${draw()}.${draw()}`
      : () => `${nodeNumber}.${draw()}${String(draw()).padStart(10, '0')}`;
  const room = Buffer.alloc(MAX_LENGTH);
  // What is put together from parts keeps them, at 56 bytes more for as long as the connection lives: copied, it doesn't.
  const socketId = (): string => room.toString('latin1', 0, room.write(made(), 'latin1'));
  return { socketId, uniqueId: () => randomUUID() };
}
