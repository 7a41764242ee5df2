/** Reads a value from the text of a variable or a flag. */
import { jsonProblem } from './json-problem.ts';
import type { Setting } from './settings.ts';
import { expectation, kindOf, shownValue } from './value-kind.ts';

export type TextValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const TOGGLE_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

/** Only gives the text the setting's type; whether the value is allowed is the schema's to say. */
export function valueFromText(text: string, { schema }: Setting): TextValue {
  const refused: TextValue = {
    ok: false,
    message: `must be ${expectation(schema)}, but is ${shownValue(text, schema)}`,
  };
  switch (kindOf(schema).type) {
    case 'whole':
      return /^-?\d{1,15}$/.test(text.trim()) ? { ok: true, value: Number(text) } : refused;
    case 'counted':
      return { ok: true, value: /^\d{1,15}$/.test(text.trim()) ? Number(text) : text.trim() };
    case 'toggle': {
      const value = TOGGLE_WORDS.get(text.trim().toLowerCase());
      return value === undefined ? refused : { ok: true, value };
    }
    case 'texts':
      return { ok: true, value: text.split(',').flatMap((item) => item.trim() || []) };
    case 'structure':
      return jsonValue(text);
    case 'choice':
    case 'text':
      return { ok: true, value: text };
  }
}

function jsonValue(text: string): TextValue {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: `is not valid JSON (${jsonProblem(text, error)})` };
  }
}
