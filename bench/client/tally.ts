/**
 * The count of what has arrived, shared by the sockets of one phase, and the place where anything wrong is reported:
 * the first failure ends the phase, because a figure for work that went wrong means nothing.
 */

/** A phase in which nothing at all arrives for this long has lost something, in ms. */
const STALLED_MS = 8_000;

export class Tally {
  #received = 0;
  #failure: Error | undefined;
  #target = Number.POSITIVE_INFINITY;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  get received(): number {
    return this.#received;
  }

  arrived(): void {
    this.#received += 1;
    if (this.#received >= this.#target) this.#settle?.resolve();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }

  /** Throws what went wrong since the start, if anything did. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when `total` have arrived since the start; rejects on a failure or when nothing arrives any more. */
  async until(total: number): Promise<void> {
    this.check();
    if (this.#received >= total) return this.#complete(total);
    let seen = this.#received;
    const watch = setInterval(() => {
      if (this.#received === seen) {
        this.fail(new Error(`${total - this.#received} of ${total} deliveries are missing`));
      }
      seen = this.#received;
    }, STALLED_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#target = total;
        this.#settle = { resolve, reject };
      });
    } finally {
      clearInterval(watch);
      this.#settle = undefined;
      this.#target = Number.POSITIVE_INFINITY;
    }
    this.#complete(total);
  }

  /** Throws unless exactly `total` have arrived: also called a while after `until`, to catch a late repeat. */
  #complete(total: number): void {
    this.check();
    if (this.#received !== total) {
      throw new Error(`${this.#received} deliveries arrived where ${total} were sent`);
    }
  }

  /** For the end of a phase: nothing was lost, and nothing came on top. */
  finish(total: number): void {
    this.#complete(total);
  }
}
