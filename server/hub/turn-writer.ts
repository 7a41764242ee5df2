/** Writes to a stream so that all that is said in one turn of the loop leaves together, and knows how much waits. */
import type { Duplex } from 'node:stream';

export class TurnWriter {
  readonly #stream: Duplex;
  readonly #waiting: Array<() => void> = [];
  #corked = false;
  #lastWords: (() => void) | undefined;
  #closed = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('drain', () => this.#resume());
  }

  /** Bytes that are not written yet. */
  get bytesWaiting(): number {
    return this.#stream.writableLength;
  }

  write(record: Buffer): void {
    this.#writeAtTurnsEnd();
    this.#stream.write(record);
  }

  /** Calls `say` at the end of this turn: what it writes leaves with the rest. One for a turn. */
  endTurnWith(say: () => void): void {
    this.#writeAtTurnsEnd();
    this.#lastWords = say;
  }

  /** Done when everything is written, or the stream is closed. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed || !this.#stream.writableNeedDrain) resolve();
      else this.#waiting.push(resolve);
    });
  }

  /** The stream is closed: nobody waits for it any longer. */
  closed(): void {
    this.#closed = true;
    this.#resume();
  }

  #resume(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #writeAtTurnsEnd(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    setImmediate(() => {
      const lastWords = this.#lastWords;
      this.#lastWords = undefined;
      lastWords?.();
      this.#corked = false;
      this.#stream.uncork();
    });
  }
}
