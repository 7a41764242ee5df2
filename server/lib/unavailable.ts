/** Something this node needs from elsewhere can't be had now. */

/**
 * Whether what was asked for may have been done all the same: `no` when the question never left this node, `unknown`
 * when only the answer is missing.
 */
export type Done = 'no' | 'unknown';

export class Unavailable extends Error {
  readonly done: Done;

  /** @param message for the operator, without anything secret */
  constructor(message: string, done: Done) {
    super(message);
    this.name = 'Unavailable';
    this.done = done;
  }
}
