/** Derives "the same settings, all optional, without defaults" from a shape, for what is merged beneath or above. */
import { z } from 'zod';

/** Leaves of `S` lose their default and become optional; groups do so all the way down. */
export type Overrides<S extends z.ZodRawShape> = {
  [K in keyof S]: S[K] extends z.ZodDefault<infer Leaf extends z.ZodType>
    ? z.ZodOptional<Leaf>
    : S[K] extends z.ZodPrefault<z.ZodObject<infer Inner extends z.ZodRawShape>>
      ? z.ZodOptional<z.ZodObject<Overrides<Inner>, z.core.$strict>>
      : never;
};

/** Handles what `Overrides` describes: leaves with a default, and groups with an empty prefault. */
export function overridesOf<S extends z.ZodRawShape>(shape: S): Overrides<S> {
  const entries = Object.entries(shape).map(([name, schema]) => [name, optionalOf(schema)]);
  // The mapped type says per key what optionalOf does at run time; Object.fromEntries can't carry it.
  return Object.fromEntries(entries) as Overrides<S>;
}

function optionalOf(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const inner = schema.unwrap();
    if (inner instanceof z.ZodObject) return z.strictObject(overridesOf(inner.shape)).optional();
    if (inner instanceof z.ZodType) return inner.optional();
  }
  throw new TypeError('only leaves with a default and groups with a prefault have overrides');
}
