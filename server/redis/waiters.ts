/** Those who wait for the same thing to happen, each for so long. */
import type { Clock } from '../lib/clock.ts';

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
  readonly cancel: () => void;
}

export class Waiters {
  readonly #waiters = new Set<Waiter>();

  /** Rejects with what `late` makes when nothing has happened after `ms`. */
  wait(ms: number, clock: Clock, late: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        cancel: clock.after(ms, () => {
          this.#waiters.delete(waiter);
          reject(late());
        }),
      };
      this.#waiters.add(waiter);
    });
  }

  /** It has happened, or it never will. */
  settle(error?: Error): void {
    for (const { resolve, reject, cancel } of this.#waiters) {
      cancel();
      if (error === undefined) resolve();
      else reject(error);
    }
    this.#waiters.clear();
  }
}
