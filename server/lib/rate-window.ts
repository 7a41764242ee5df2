/** A limit of so many events per second, counted in windows of one second that open with their first event. */

const WINDOW_MS = 1000;

export class RateWindow {
  #opened = 0;
  #count = 0;

  /**
   * Counts one event.
   * @param now milliseconds of any steady clock
   * @param limit events a second
   * @returns false when the window is full: the event is to be refused
   */
  take(now: number, limit: number): boolean {
    if (now - this.#opened >= WINDOW_MS || now < this.#opened) {
      this.#opened = now;
      this.#count = 0;
    }
    if (this.#count >= limit) return false;
    this.#count += 1;
    return true;
  }
}
