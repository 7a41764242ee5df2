/**
 * One full collection of garbage before the program loads, so that the next comes when there is something to collect.
 *
 * Left alone, V8 makes one while a node starts, sees memory grow after it, and some seconds later, in the first quiet moment,
 * looks with three more whether memory can be given back: a tenth of a second, taken from the first clients, and what the
 * node had practised is in part forgotten (docs/performance.md). V8 has no such plans once it has collected, and grows the
 * heap in proportion to what was left of it; as nearly nothing is loaded yet, that proportion is given here, for once.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of the old generation at which V8 collects next: twice what a node that has practised needs of it. */
const NEXT_AT = 48 * 1024 * 1024;

/** To be called before anything of size is loaded: afterwards V8 has its plans, and this only costs some milliseconds. */
export function collectOnce(): void {
  const grow = Math.round((NEXT_AT / getHeapStatistics().used_heap_size) * 100);
  setFlagsFromString(`--heap-growing-percent=${grow}`);
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  setFlagsFromString('--no-expose-gc');
  setFlagsFromString('--heap-growing-percent=0');
}
