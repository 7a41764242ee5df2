/**
 * Rules for JSON bodies, put together from small ones; a rule says what is wrong first. The sentences are those of the
 * schema checker that Beams answers with: `` `<path>`: <sentence> ``. Pure.
 */

/** @returns the first violation in words, undefined if there is none */
export type Rule = (value: unknown, path: string) => string | undefined;

export const says = (path: string, sentence: string): string =>
  `\`${path === '' ? '(root)' : path}\`: ${sentence}`;

const below = (path: string, name: string | number): string =>
  path === '' ? String(name) : `${path}.${name}`;

type JsonType = 'array' | 'boolean' | 'integer' | 'null' | 'number' | 'object' | 'string';

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'boolean' || typeof value === 'string' ? (typeof value as JsonType) : 'object';
}

const ofType =
  (expected: JsonType): Rule =>
  (value, path) =>
    typeOf(value) === expected
      ? undefined
      : says(path, `Invalid type. Expected: ${expected}, given: ${typeOf(value)}`);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeOf(value) === 'object';

export interface TextLimits {
  /** Characters (code points). */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
}

/** Databases keep no NUL in texts. */
const NO_NUL = /^[^\0]*$/;

export function text({ min = 0, max = Number.POSITIVE_INFINITY, pattern = NO_NUL }: TextLimits = {}): Rule {
  return (value, path) => {
    if (typeof value !== 'string') return ofType('string')(value, path);
    const length = lengthOf(value);
    if (length < min) return says(path, `String length must be greater than or equal to ${min}`);
    if (length > max) return says(path, `String length must be less than or equal to ${max}`);
    return pattern.test(value) ? undefined : says(path, `Does not match pattern '${pattern.source}'`);
  };
}

/** Code points. */
export function lengthOf(value: string): number {
  let length = 0;
  for (const _ of value) length += 1;
  return length;
}

export function integer(min: number, max: number): Rule {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return ofType('integer')(value, path);
    if (value < min) return says(path, `Must be greater than or equal to ${min}`);
    return value > max ? says(path, `Must be less than or equal to ${max}`) : undefined;
  };
}

export const boolean: Rule = ofType('boolean');

export function oneOf(...allowed: ReadonlyArray<string | number>): Rule {
  const names = allowed.map((value) => JSON.stringify(value)).join(', ');
  return (value, path) =>
    allowed.some((one) => one === value)
      ? undefined
      : says(path, `${path.split('.').at(-1)} must be one of the following: ${names}`);
}

export function either(first: Rule, second: Rule): Rule {
  return (value, path) => (second(value, path) === undefined ? undefined : first(value, path));
}

export interface ListLimits {
  readonly min?: number;
  readonly max?: number;
  readonly unique?: boolean;
}

export function list(
  item: Rule,
  { min = 0, max = Number.POSITIVE_INFINITY, unique = false }: ListLimits = {},
): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) return ofType('array')(value, path);
    if (value.length < min) return says(path, `Array must have at least ${min} items`);
    if (value.length > max) return says(path, `Array must have at most ${max} items`);
    if (unique && new Set(value).size < value.length) return says(path, 'array items must be unique');
    return first(value.entries(), ([at, one]) => item(one, below(path, at)));
  };
}

export interface ObjectRules {
  /** For fields that are there; others may be there too. */
  readonly fields?: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
  readonly forbidden?: readonly string[];
  /** For the values of all fields. */
  readonly values?: Rule;
}

export function object({ fields = {}, required = [], forbidden = [], values }: ObjectRules = {}): Rule {
  return (value, path) => {
    if (!isObject(value)) return ofType('object')(value, path);
    return (
      first(required, (name) =>
        Object.hasOwn(value, name) ? undefined : says(below(path, name), `${name} is required`),
      ) ??
      first(forbidden, (name) =>
        Object.hasOwn(value, name) ? says(path, `Additional property ${name} is not allowed`) : undefined,
      ) ??
      first(Object.entries(fields), ([name, rule]) =>
        Object.hasOwn(value, name) ? rule(value[name], below(path, name)) : undefined,
      ) ??
      (values === undefined
        ? undefined
        : first(Object.entries(value), ([name, one]) => values(one, below(path, name))))
    );
  };
}

function first<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const violation = check(item);
    if (violation !== undefined) return violation;
  }
  return undefined;
}
