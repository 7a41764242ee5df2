/**
 * The exact text of a member inside a JSON object, so that what passes through is what its author wrote: numbers
 * beyond 2^53, `1.0`, key order and spacing survive. Works only on text that `JSON.parse` has accepted.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The text of the value under `key` (the last one, as `JSON.parse` has it), or undefined if it is not there. */
export function rawMember(json: string, key: string): string | undefined {
  let at = skipSpace(json, 0) + 1;
  let found: string | undefined;
  for (;;) {
    at = skipSpace(json, at);
    if (json.charCodeAt(at) !== QUOTE) return found;
    const keyEnd = endOfString(json, at);
    const matches = sameKey(json, at, keyEnd, key);
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    if (matches) found = json.slice(start, end);
    at = skipSpace(json, end);
    if (json.charCodeAt(at) !== COMMA) return found;
    at += 1;
  }
}

function sameKey(json: string, start: number, end: number, key: string): boolean {
  if (end - start - 2 === key.length) return json.startsWith(key, start + 1);
  const written = json.slice(start, end);
  return written.includes('\\') && JSON.parse(written) === key;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  for (;;) {
    const code = json.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

function endOfString(json: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
}

function endOfValue(json: string, from: number): number {
  const first = json.charCodeAt(from);
  if (first === QUOTE) return endOfString(json, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfScalar(json, from);
  let depth = 0;
  let at = from;
  for (;;) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
}

function endOfScalar(json: string, from: number): number {
  let at = from;
  for (; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20) break;
  }
  return at;
}

/** The texts of an array's elements, in order. */
export function rawElements(json: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (at < json.length && json.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = endOfValue(json, at);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json.charCodeAt(at) === COMMA) at = skipSpace(json, at + 1);
  }
  return elements;
}
