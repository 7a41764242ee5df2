/** The verdicts of one call to a provider, as they come in. */
import type { Verdict } from '../push-provider.ts';

export class SendBatch {
  readonly done: Promise<readonly Verdict[]>;
  readonly signal: AbortSignal;
  readonly #verdicts: Verdict[];
  #left: number;
  #resolve: ((verdicts: readonly Verdict[]) => void) | undefined;

  /** @param size how many verdicts there will be, at least one */
  constructor(size: number, signal: AbortSignal) {
    this.signal = signal;
    this.#verdicts = new Array<Verdict>(size);
    this.#left = size;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Once for each place. */
  settle(at: number, verdict: Verdict): void {
    this.#verdicts[at] = verdict;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve?.(this.#verdicts);
  }
}
