/** Work that takes its time, a little in each turn of the event loop, so that others are served in between. */
import { Fifo } from '../../lib/fifo.ts';

export class Slices<T> {
  readonly #work: (item: T) => void;
  readonly #perTurn: number;
  readonly #waiting = new Fifo<T>();
  #turn: NodeJS.Immediate | undefined;

  /** @param work must not throw */
  constructor(perTurn: number, work: (item: T) => void) {
    this.#perTurn = perTurn;
    this.#work = work;
  }

  push(item: T): void {
    this.#waiting.push(item);
    this.#turn ??= setImmediate(() => this.#run());
  }

  #run(): void {
    for (let done = 0; done < this.#perTurn && this.#waiting.length > 0; done += 1)
      this.#work(this.#waiting.shift() as T);
    this.#turn = this.#waiting.length === 0 ? undefined : setImmediate(() => this.#run());
  }
}
