/** Texts with `{{name}}` in them, as Kinvey's and mustache's templates have them. Pure. */

export type Values = Readonly<Record<string, unknown>>;

/** `{{{name}}}`, `{{&name}}`, `{{name}}`; names may have dots: `{{address.city}}`. */
const PLACEHOLDER = /\{\{\{\s*([^{}]+?)\s*\}\}\}|\{\{&?\s*([^{}&]+?)\s*\}\}/g;

/**
 * A payload with the placeholders in its texts replaced; names of fields stay. Nothing is escaped for HTML, which
 * notifications are not. A name without a value is replaced by nothing.
 */
export function fillTexts(payload: unknown, values: Values): unknown {
  if (typeof payload === 'string') return fillText(payload, values);
  if (Array.isArray(payload)) return payload.map((item) => fillTexts(item, values));
  if (typeof payload !== 'object' || payload === null) return payload;
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, fillTexts(value, values)]));
}

/** Names of the values that a payload's texts ask for: of a name with dots the name in full, and its first part. */
export function namesIn(payload: unknown): Set<string> {
  const names = new Set<string>();
  collectNames(payload, names);
  return names;
}

function collectNames(payload: unknown, names: Set<string>): void {
  if (typeof payload === 'string') {
    for (const [, raw, plain] of payload.matchAll(PLACEHOLDER)) {
      const name = raw ?? plain ?? '';
      names.add(name).add(name.split('.')[0] ?? name);
    }
  } else if (typeof payload === 'object' && payload !== null) {
    for (const value of Object.values(payload)) collectNames(value, names);
  }
}

function fillText(text: string, values: Values): string {
  return text.replace(PLACEHOLDER, (_all, raw: string | undefined, plain: string | undefined) =>
    written(valueAt(values, raw ?? plain ?? '')),
  );
}

/** Own properties only: a template must not reach what objects inherit. */
function valueAt(values: Values, name: string): unknown {
  if (Object.hasOwn(values, name)) return values[name];
  let value: unknown = values;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Values)[part];
  }
  return value;
}

function written(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
