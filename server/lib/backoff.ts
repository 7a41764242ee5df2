/** How long to wait before trying again: twice as long each time, up to a limit, less a random share. */
import type { Chance } from './chance.ts';

/** The share of a pause that chance may take away, so that many who failed together don't return together. */
const JITTER = 0.25;

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** @param failures attempts that have failed so far, at least 1 */
export function pauseAfter(failures: number, { firstMs, longestMs }: Backoff, chance: Chance): number {
  // The exponent is bounded because 2 ** 1024 is Infinity, and Infinity times zero is no number.
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 50));
  return Math.round(full * (1 - JITTER * chance()));
}
