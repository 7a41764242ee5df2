/**
 * What one connection is to be told after the answers that are still under way. A client may take a pong, or a refusal,
 * for a sign that everything it sent before has been answered; where a store answers late, it still may.
 */

/** Frames that wait at most: a client that sends more meanwhile is answered out of order rather than at our expense. */
const MAX_FRAMES = 1000;

export class HeldAnswers {
  readonly frames: string[] = [];
  #underWay = 0;

  /** An answer is under way until `done`, which never fails. Calls `settled` when none is any more. */
  add(done: Promise<void>, settled: () => void): void {
    this.#underWay += 1;
    done.then(() => {
      this.#underWay -= 1;
      if (this.#underWay === 0) settled();
    });
  }

  get isFull(): boolean {
    return this.frames.length >= MAX_FRAMES;
  }
}
