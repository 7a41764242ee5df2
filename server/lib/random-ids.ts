/**
 * Ids from the system's randomness; socket ids drawn in blocks, because one draw costs more than a handshake's
 * parsing.
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import type { Ids } from './ids.ts';

const BLOCK = 512;

export function randomIds(): Ids {
  const block = new Uint32Array(BLOCK);
  let next = BLOCK;
  const draw = (): number => {
    if (next === BLOCK) {
      randomFillSync(block);
      next = 0;
    }
    return block[next++] as number;
  };
  return { socketId: () => `${draw()}.${draw()}`, uniqueId: () => randomUUID() };
}
