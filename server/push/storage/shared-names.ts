/**
 * Which names are one group in both name spaces, and where their rows stand. Shared names are written as interests, so
 * that a device sees them among its own; they are looked for in both spaces, because a name may have become shared after
 * a channel of that name was written.
 */
import type { NameSpace } from '../device.ts';
import type { GroupName } from '../device-store.ts';

/** Only what a device could subscribe to can be shared. */
const INTEREST = /^[\w\-=@,.;]{1,164}$/;

export class SharedNames {
  readonly #patternsOf: (appId: string) => readonly string[];
  readonly #divided = new WeakMap<readonly string[], ReadonlyArray<readonly string[]>>();

  /** @param patternsOf an app's patterns; `*` in one stands for any characters, or none */
  constructor(patternsOf: (appId: string) => readonly string[]) {
    this.#patternsOf = patternsOf;
  }

  has(appId: string, name: string): boolean {
    return INTEREST.test(name) && this.#dividedOf(appId).some((pieces) => fits(name, pieces));
  }

  /** Whether there can be any. */
  any(appId: string): boolean {
    return this.#patternsOf(appId).length > 0;
  }

  /** Where a name is written. */
  placeOf(appId: string, space: NameSpace, name: string): GroupName {
    return { space: this.has(appId, name) ? 'interest' : space, name };
  }

  /** Where a name is looked for. */
  placesOf(appId: string, space: NameSpace, name: string): GroupName[] {
    if (!this.has(appId, name)) return [{ space, name }];
    return [
      { space: 'interest', name },
      { space: 'channel', name },
    ];
  }

  /** An app's patterns, each as what stands between its stars. */
  #dividedOf(appId: string): ReadonlyArray<readonly string[]> {
    const patterns = this.#patternsOf(appId);
    const known = this.#divided.get(patterns);
    if (known !== undefined) return known;
    const divided = patterns.map((pattern) => pattern.split('*'));
    this.#divided.set(patterns, divided);
    return divided;
  }
}

/**
 * Whether `name` consists of the pieces with anything between them. Each is taken where it stands first, which leaves
 * the most to those behind it: one way to go, where a regular expression would try as many as a name is made for.
 */
function fits(name: string, pieces: readonly string[]): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return name === first;
  const end = name.length - last.length;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= end;
}
