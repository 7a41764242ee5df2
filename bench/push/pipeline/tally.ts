/** How often each numbered device was sent to. */
export class Tally {
  #times = new Uint8Array(0);

  add(n: number): void {
    // Tokens that bear no number are nobody's.
    if (!(n < 2 ** 24)) return;
    if (n >= this.#times.length) {
      const grown = new Uint8Array(2 * n + 1);
      grown.set(this.#times);
      this.#times = grown;
    }
    this.#times[n] = Math.min(255, (this.#times[n] ?? 0) + 1);
  }

  /** How many devices were sent to `once` and `oftener`. */
  facts(): { readonly once: number; readonly oftener: number } {
    let once = 0;
    let oftener = 0;
    for (const times of this.#times) {
      if (times === 1) once += 1;
      else if (times > 1) oftener += 1;
    }
    return { once, oftener };
  }
}
