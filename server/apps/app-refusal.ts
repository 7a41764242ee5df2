/** Why a change of an app is not made, for whoever asked for it. */

/**
 * `invalid`: the app would be none that a node can use. `taken`: another app has the id, a key or a name at a push door.
 * `fixed`: the app is the configuration's. `last`: it would be left without a key. `unknown`: there is none. `stale`: it
 * was changed since the version that was named.
 */
export type RefusalKind = 'invalid' | 'taken' | 'fixed' | 'last' | 'unknown' | 'stale';

export class AppRefusal extends Error {
  readonly kind: RefusalKind;
  /** A sentence for each thing that is wrong. */
  readonly problems: readonly string[];

  constructor(kind: RefusalKind, ...problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'AppRefusal';
    this.kind = kind;
    this.problems = problems;
  }
}
