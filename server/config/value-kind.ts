/** What values a schema takes, as data: for reading text, for saying what was expected, for the help. */
import { z } from 'zod';
import { type SettingMeta, settingMeta } from './setting-meta.ts';

export type ValueKind =
  | { readonly type: 'whole'; readonly min: number; readonly max: number }
  | { readonly type: 'toggle' }
  | { readonly type: 'choice'; readonly options: readonly string[] }
  /** A number, or a word in its place. */
  | { readonly type: 'counted'; readonly word: string; readonly min: number; readonly max: number }
  | { readonly type: 'text' }
  /** Texts; with commas between them in the environment and as a flag. */
  | { readonly type: 'texts' }
  /** Anything with parts of its own; JSON in the environment and as a flag. */
  | { readonly type: 'structure' };

/** The schema inside any default and optional wrappers. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  if (inner instanceof z.ZodType) return inner;
  throw new TypeError('the settings schema is made of zod schemas');
}

export function kindOf(schema: z.ZodType): ValueKind {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodNumber) {
    return { type: 'whole', min: inner.minValue ?? 0, max: inner.maxValue ?? Number.MAX_SAFE_INTEGER };
  }
  if (inner instanceof z.ZodUnion) return countedKind(inner);
  if (inner instanceof z.ZodBoolean) return { type: 'toggle' };
  if (inner instanceof z.ZodEnum) return { type: 'choice', options: inner.options.map(String) };
  if (inner instanceof z.ZodString) return { type: 'text' };
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodString) return { type: 'texts' };
  return { type: 'structure' };
}

/** The settings have one kind of union: a word or a number. */
function countedKind({ options }: z.ZodUnion): ValueKind {
  const word = options.find((option) => option instanceof z.ZodLiteral);
  const number = options.find((option) => option instanceof z.ZodNumber);
  if (word === undefined || number === undefined) throw new TypeError('a union is of a word and a number');
  return {
    type: 'counted',
    word: String(word.value),
    min: number.minValue ?? 0,
    max: number.maxValue ?? Number.MAX_SAFE_INTEGER,
  };
}

/** The schema's metadata. Throws when it has none, which only a schema that isn't part of the settings does. */
export function metaOf(schema: z.ZodType): SettingMeta {
  const meta = settingMeta.get(unwrapped(schema));
  if (meta === undefined) throw new TypeError('every schema of the settings is described');
  return meta;
}

/** Completes "must be …". */
export function expectation(schema: z.ZodType): string {
  const kind = kindOf(schema);
  const must = metaOf(schema).must;
  if (must !== undefined) return must;
  switch (kind.type) {
    case 'whole':
      return `a whole number from ${kind.min} to ${kind.max}`;
    case 'counted':
      return `${kind.word}, or a whole number from ${kind.min} to ${kind.max}`;
    case 'toggle':
      return 'true or false';
    case 'choice':
      return `one of ${kind.options.join(', ')}`;
    case 'text':
      return 'text';
    case 'texts':
      return 'a list of texts';
    case 'structure':
      return 'a group of settings';
  }
}

/** Completes "but is …": short values as they are, secrets and structures only by their type. */
export function shownValue(value: unknown, schema: z.ZodType): string {
  if (metaOf(schema).secret !== true && kindOf(schema).type !== 'structure') {
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value === 'string')
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  }
  if (value === null) return 'nothing (null)';
  if (typeof value === 'string') return value === '' ? 'empty' : `a text of ${value.length} characters`;
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  if (!Array.isArray(value)) return 'a group of settings';
  return value.length === 0 ? 'empty' : 'a list';
}
