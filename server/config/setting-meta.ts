/** What settings are made of: schemas with a description, of the kinds that recur. */
import { z } from 'zod';

/** What the schema can't say by itself about a setting, or about a group of settings. */
export interface SettingMeta {
  /** One line: what it changes, the unit, what zero means. For a group: its heading. */
  readonly description: string;
  /** The variable and the flag, where they aren't the path spelled out. */
  readonly env?: string;
  readonly flag?: string;
  /** The heading to stand under, where it isn't that of the group around it. */
  readonly heading?: string;
  /** The default in words, where it depends on other settings. */
  readonly fallback?: string;
  /** Completes "must be …" where the type alone says too little. */
  readonly must?: string;
  /** The value is never shown: not in problems, not by `carillon config`. */
  readonly secret?: boolean;
  /** What the type is called in the reference, where it is not plain from the schema. */
  readonly kind?: string;
}

/** Metadata by schema; attached to the schema inside any default or optional wrapper. */
export const settingMeta = z.registry<SettingMeta>();

export function described<S extends z.ZodType>(schema: S, meta: SettingMeta): S {
  settingMeta.add(schema, meta);
  return schema;
}

export type Extra = Omit<SettingMeta, 'description'>;

export const whole = (min: number, max: number, fallback: number, description: string) =>
  described(z.number().int().min(min).max(max), { description }).default(fallback);

export const toggle = (fallback: boolean, description: string, extra: Extra = {}) =>
  described(z.boolean(), { description, ...extra }).default(fallback);

/** Ids and keys stand unescaped in URL paths. */
export const urlSafe = (description: string, extra: Extra = {}) =>
  described(z.string().regex(/^[\w.~-]{1,128}$/), {
    description,
    must: 'text of 1 to 128 letters, digits or any of - _ . ~',
    ...extra,
  });

export const secretText = (description: string, extra: Extra = {}) =>
  described(z.string().min(1).max(1024), {
    description,
    must: 'text of 1 to 1024 characters',
    secret: true,
    ...extra,
  });

export const filePath = (description: string, extra: Extra = {}) =>
  described(z.string().min(1).max(4096), { description, must: 'the path of a file', ...extra });

/** A group of settings; `heading` stands above it in the help. */
export const group = <S extends z.ZodRawShape>(heading: string, shape: S) =>
  described(z.strictObject(shape), { description: heading });

export const origin = described(z.string().regex(/^(\*|([a-z][a-z0-9+.-]*:\/\/)?(\*\.)?[^\s/*,]+)$/i), {
  description: 'An origin',
  must: 'an origin such as https://example.com (without a path), *.example.com, or * for any',
});
