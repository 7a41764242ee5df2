/** Which nodes of a Cluster our keys are on, as far as the last table of slots says. */
import type { RedisKeys } from './keys.ts';
import { slotOf } from './slots.ts';

export class SlotWatch {
  readonly #slots: readonly number[];
  #masters = '';

  constructor(keys: RedisKeys) {
    this.#slots = keys.samples().map(slotOf);
  }

  /**
   * Takes note of a new table. Returns whether some of our keys are on another node than before.
   * @param slots the nodes of each slot, its master first
   */
  hasMoved(slots: readonly (readonly string[])[]): boolean {
    const before = this.#masters;
    this.#masters = this.#slots.map((slot) => slots[slot]?.[0]).join();
    return before !== '' && this.#masters !== before;
  }
}
