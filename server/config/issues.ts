/** What zod found wrong with a value → problems in our words, each at the path the user wrote. */
import { z } from 'zod';
import type { Problem } from './config-error.ts';
import { suggestion } from './nearest-name.ts';
import { expectation, kindOf, metaOf, shownValue, unwrapped } from './value-kind.ts';

/** All that is wrong with `value`; empty when `schema` takes it. `key` names the value as the user spelled it. */
export function problemsOf(value: unknown, schema: z.ZodType, key: string): Problem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    const at = step(schema, value, key, issue.path);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey(at, name));
    return [{ key: at.key, message: refusal(at) }];
  });
}

interface Place {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly key: string;
}

/** Walks down `path` through schema, value and spelling at once. */
function step(schema: z.ZodType, value: unknown, key: string, path: readonly PropertyKey[]): Place {
  const [head, ...rest] = path;
  if (head === undefined) return { schema, value, key };
  const inner = unwrapped(schema);
  const member =
    inner instanceof z.ZodArray
      ? inner.element
      : inner instanceof z.ZodObject
        ? inner.shape[String(head)]
        : undefined;
  if (!(member instanceof z.ZodType)) return { schema, value, key };
  const child: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, head) : undefined;
  return step(member, child, typeof head === 'number' ? `${key}[${head}]` : `${key}.${String(head)}`, rest);
}

function unknownKey({ schema, key }: Place, name: string): Problem {
  const inner = unwrapped(schema);
  const known = inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
  return { key: `${key}.${name}`, message: `is not a setting${suggestion(name, known)}` };
}

function refusal({ schema, value }: Place): string {
  const must = `must be ${expectation(schema)}`;
  if (value === undefined) return `is missing; it ${must}`;
  // YAML and TOML read 1234 as a number; turning it into text here would lose leading zeros and long digits.
  const quotes = kindOf(schema).type === 'text' && typeof value === 'number' ? '; put it in quotes' : '';
  const shown = metaOf(schema).secret === true && quotes !== '' ? 'a number' : shownValue(value, schema);
  return `${must}, but is ${shown}${quotes}`;
}
