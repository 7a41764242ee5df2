/** Work on things by name: what is asked for about one of them is done in the order it was asked for. */

export class InOrder {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Does `work` when all that was asked for before under this name is over, however it ended. */
  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const done = before === undefined ? work() : before.then(work, work);
    this.#tails.set(name, done);
    const forget = (): void => {
      if (this.#tails.get(name) === done) this.#tails.delete(name);
    };
    done.then(forget, forget);
    return done;
  }
}
