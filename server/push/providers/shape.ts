/** Checks of a provider's payload, and the sentence when one fails. */
import type { PayloadProblem } from '../push-provider.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A payload that its provider would never take; the message names the field or the limit. */
export class ShapeProblem extends Error {}

/** What `read` makes of a payload, or the problem it met. */
export function checked<T>(read: () => T): T | PayloadProblem {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeProblem) return { problem: error.message };
    throw error;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field under either of the two spellings that JSON of protocol buffers knows. */
export function field(fields: Fields, snake: string, camel: string): unknown {
  return fields[snake] ?? fields[camel];
}

/** Text, or nothing. */
export function text(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== 'string') throw new ShapeProblem(`"${path}" must be a string`);
}

/** An object whose values are all texts; an absent one is empty. */
export function stringMap(value: unknown, path: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new ShapeProblem(`"${path}" must be an object`);
  for (const [name, one] of Object.entries(value)) text(one ?? null, `${path}.${name}`);
  return value as Readonly<Record<string, string>>;
}
