/** Actions at a steady rate, and as fast as a gate lets them through. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** The rate a paced phase must reach, as a share of the wanted one, for its figure to count. */
const RATE_TOLERANCE = 0.95;

/**
 * Calls `action(0)` … `action(count - 1)`, `perSecond` of them a second. What is due after a late timer is done at once,
 * so the average holds. Throws when the generator could not keep up: its figure would be one of another load.
 */
export async function paced(count: number, perSecond: number, action: (i: number) => void): Promise<void> {
  const start = performance.now();
  for (let i = 0; i < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1);
    for (; i < due; i++) action(i);
    await sleep(1);
  }
  const reached = (count * 1000) / (performance.now() - start);
  // A short burst (a smoke run) is over before its rate means anything.
  if (count >= perSecond && reached < perSecond * RATE_TOLERANCE) {
    throw new Error(
      `paced at ${perSecond}/s, but only ${reached.toFixed(1)}/s were reached: the machine is overloaded`,
    );
  }
}

/**
 * Calls `action` for 0 … count - 1 as fast as `mayGo` allows, giving way to the sockets in between. Stops early when
 * `milliseconds` have passed, and resolves with how many were done.
 */
export async function flooded(
  count: number,
  milliseconds: number,
  mayGo: () => boolean,
  action: (i: number) => void,
): Promise<number> {
  const end = performance.now() + milliseconds;
  let i = 0;
  while (i < count && performance.now() < end) {
    while (i < count && mayGo()) {
      action(i);
      i += 1;
    }
    await turn();
  }
  return i;
}
