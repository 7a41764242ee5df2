/** What is known of a caller, as a JSON object, and how a path finds its way in it. Pure. */
import { asObject } from '../../protocol/index.ts';

export type Claims = Readonly<Record<string, unknown>>;

/**
 * The claim at a path; undefined where there is none. A claim whose whole name is the path comes first, because names
 * may hold dots (`https://example.com/team`). Through a list the path leads to the values of all its elements.
 */
export function claimAt(claims: Claims, path: string): unknown {
  return Object.hasOwn(claims, path) ? claims[path] : descend(claims, path.split('.'));
}

function descend(value: unknown, names: readonly string[]): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return value;
  if (Array.isArray(value)) {
    const found = value.map((item) => descend(item, names)).filter((item) => item !== undefined);
    return found.length === 0 ? undefined : found;
  }
  const object = asObject(value);
  // Own members only: `constructor` and the like are no claims.
  return object !== undefined && Object.hasOwn(object, name) ? descend(object[name], rest) : undefined;
}

/** A claim as a list of its values: one, or the elements of a list. */
export function valuesOf(claim: unknown): readonly unknown[] {
  if (claim === undefined) return [];
  return Array.isArray(claim) ? claim.flat(Number.POSITIVE_INFINITY) : [claim];
}

/** A value as an id is written: text, or a whole number that is exact. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}
