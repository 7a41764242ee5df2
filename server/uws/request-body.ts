/** The chunks of a request's body, put together within a limit. */

const FIRST_BYTES = 4096;

export class RequestBody {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a copy: uWebSockets frees the chunk when the handler returns. */
  add(chunk: ArrayBuffer): void {
    const needed = this.#length + chunk.byteLength;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, FIRST_BYTES));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(new Uint8Array(chunk), this.#length);
    this.#length = needed;
  }

  toBuffer(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
