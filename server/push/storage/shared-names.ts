/**
 * Which names are one group in both name spaces, and where their rows stand. Shared names are written as interests, so
 * that a device sees them among its own; they are looked for in both spaces, because a name may have become shared after
 * a channel of that name was written.
 */
import type { NameSpace } from '../device.ts';
import type { GroupName } from '../device-store.ts';

/** Only what a device could subscribe to can be shared. */
const INTEREST = /^[\w\-=@,.;]{1,164}$/;
const NONE: readonly RegExp[] = [];

export class SharedNames {
  readonly #patternsOf: (appId: string) => readonly string[];
  readonly #compiled = new WeakMap<readonly string[], readonly RegExp[]>();

  /** @param patternsOf an app's patterns; `*` in one stands for any characters, or none */
  constructor(patternsOf: (appId: string) => readonly string[]) {
    this.#patternsOf = patternsOf;
  }

  has(appId: string, name: string): boolean {
    return INTEREST.test(name) && this.#expressions(appId).some((expression) => expression.test(name));
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

  #expressions(appId: string): readonly RegExp[] {
    const patterns = this.#patternsOf(appId);
    if (patterns.length === 0) return NONE;
    const known = this.#compiled.get(patterns);
    if (known !== undefined) return known;
    const compiled = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`));
    this.#compiled.set(patterns, compiled);
    return compiled;
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
