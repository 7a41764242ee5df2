/** First in, first out, at constant cost: an array's `shift` moves everything behind it. */

/** So many freed places are kept before the array is cut. */
const SLACK = 1024;

export class Fifo<T> {
  #items: Array<T | undefined> = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The next to go. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Puts it behind the last item that doesn't come after it. At the cost of moving those that do. */
  insert(item: T, comesAfter: (other: T) => boolean): void {
    let at = this.#items.length;
    while (at > this.#head && comesAfter(this.#items[at - 1] as T)) at -= 1;
    this.#items.splice(at, 0, item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > SLACK && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out what fulfils a condition, in order. At the cost of looking at everything. */
  extract(wanted: (item: T) => boolean): T[] {
    const items = this.#items.slice(this.#head) as T[];
    const extracted = items.filter(wanted);
    if (extracted.length > 0) {
      this.#items = items.filter((item) => !wanted(item));
      this.#head = 0;
    }
    return extracted;
  }
}
