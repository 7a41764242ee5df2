/** An app in the form of the file as it may be shown: what the schema calls secret is masked, the rest is as given. */
import { z } from 'zod';
import { MASK, maskedUrl } from '../lib/mask.ts';
import { appSchema } from './schema.ts';
import { settingMeta } from './setting-meta.ts';
import { unwrapped } from './value-kind.ts';

const ADDRESS = /^(url|.*Url)$/;

/** What the schema doesn't know is left out, since nobody can say whether it is a secret. */
export function maskedEntry(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return maskedGroup(entry, appSchema);
}

function maskedGroup(group: object, { shape }: z.ZodObject): Readonly<Record<string, unknown>> {
  const shown = Object.entries(group).flatMap(([name, value]: [string, unknown]) => {
    const member = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return member instanceof z.ZodType && value !== undefined ? [[name, masked(name, value, member)]] : [];
  });
  return Object.fromEntries(shown) as Record<string, unknown>;
}

function masked(name: string, value: unknown, schema: z.ZodType): unknown {
  const inner = unwrapped(schema);
  if (Array.isArray(value)) {
    const element =
      inner instanceof z.ZodArray && inner.element instanceof z.ZodType ? inner.element : schema;
    return value.map((item) => masked(name, item, element));
  }
  if (typeof value === 'object' && value !== null) {
    if (inner instanceof z.ZodObject) return maskedGroup(value, inner);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked('', item, schema)]));
  }
  if (typeof value !== 'string') return value;
  // An address is shown but for its query, which is where its receiver puts tokens.
  if (ADDRESS.test(name) && URL.canParse(value)) return maskedUrl(value);
  return settingMeta.get(inner)?.secret === true ? MASK : value;
}
