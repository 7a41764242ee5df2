/**
 * Work that takes its time, a little in each turn of the event loop, so that others are served in between; its results
 * go on in groups, because what is written together costs less.
 */
import { Fifo } from '../../lib/fifo.ts';

export interface SlicesOptions<T, R> {
  readonly perTurn: number;
  /** Must not throw. Undefined where nothing is to go on. */
  work(item: T): R | undefined;
  readonly perGroup: number;
  finish(result: R): void;
}

export class Slices<T, R> {
  readonly #options: SlicesOptions<T, R>;
  readonly #waiting = new Fifo<T>();
  #group: R[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(options: SlicesOptions<T, R>) {
    this.#options = options;
  }

  push(item: T): void {
    this.#waiting.push(item);
    this.#turn ??= setImmediate(() => this.#run());
  }

  #run(): void {
    const { perTurn, work, perGroup } = this.#options;
    for (let done = 0; done < perTurn && this.#waiting.length > 0; done += 1) {
      const result = work(this.#waiting.shift() as T);
      if (result !== undefined) this.#group.push(result);
    }
    const over = this.#waiting.length === 0;
    if (over || this.#group.length >= perGroup) this.#finish();
    this.#turn = over ? undefined : setImmediate(() => this.#run());
  }

  #finish(): void {
    const group = this.#group;
    this.#group = [];
    for (const result of group) this.#options.finish(result);
  }
}
