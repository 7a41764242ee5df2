/** Something this node needs from elsewhere can't be had now. */

/**
 * Whether what was asked for may have been done all the same: `no` when the question never left this node, `unknown`
 * when only the answer is missing.
 */
export type Done = 'no' | 'unknown';

/** What a node needs from elsewhere. */
export type Elsewhere = 'Redis' | 'the hub';

export class Unavailable extends Error {
  readonly done: Done;
  readonly what: Elsewhere;
  /** What that means for what was asked, in words for whoever asked; '' where nothing is to be said. */
  readonly consequence: string;

  /** @param message for the operator, without anything secret */
  constructor(
    message: string,
    done: Done,
    { consequence = '', what = 'Redis' }: { readonly consequence?: string; readonly what?: Elsewhere } = {},
  ) {
    super(message);
    this.what = what;
    this.name = 'Unavailable';
    this.done = done;
    this.consequence = consequence;
  }

  /** The same, with its consequence. */
  because(consequence: string): Unavailable {
    return new Unavailable(this.message, this.done, { consequence, what: this.what });
  }
}
