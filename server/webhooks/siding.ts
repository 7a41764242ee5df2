/**
 * Where channels wait whose events a receiver refused, so that the lane they come from goes on without them. They try
 * again one after the other: all of them together are one connection more.
 */

/**
 * Channels that may stand here at once. When there are more, it is hardly their content: the receiver refuses whatever
 * it gets, and a request per channel would only press it harder.
 */
const PLACES = 64;

export class Siding {
  #taken = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** Whether so many channels more have room. */
  hasRoomFor(channels: number): boolean {
    return this.#taken + channels <= PLACES;
  }

  enter(): void {
    this.#taken += 1;
  }

  leave(): void {
    this.#taken -= 1;
  }

  /** Does something when all that was asked for before is done. It must not fail. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done;
    return done;
  }
}
