/**
 * Where JSON is wrong, and what is wrong there. The engine's own message may quote the text, and with it secrets: it
 * only chooses among the reasons below.
 */

/** By how the engine's message begins. */
const REASONS: ReadonlyArray<readonly [beginning: string, reason: string]> = [
  ['Unexpected end', 'it ends too early'],
  ['Unterminated string', 'a text without its closing "'],
  ["Expected ':'", "expected ':'"],
  ["Expected ',' or '}'", "expected ',' or '}'"],
  ["Expected ',' or ']'", "expected ',' or ']'"],
  ["Expected property name or '}'", 'expected a name in double quotes, or }'],
  ['Expected double-quoted property name', 'expected a name in double quotes; a comma too many?'],
  ['Bad control character', 'a line break or control character within a text'],
  ['Bad escaped character', 'an unknown escape after \\'],
  ['Bad Unicode escape', 'a wrong \\u escape'],
  ['Unexpected non-whitespace', 'something follows the end'],
  ['Unexpected', 'an unexpected character; texts go in double quotes'],
];

const QUOTING = 'Unexpected token';

/** `line 2, column 7: expected ':'`. `error` is what parsing `text` threw. */
export function jsonProblem(text: string, error: unknown): string {
  const message = messageOf(error);
  const reason = REASONS.find(([beginning]) => message.startsWith(beginning))?.[1] ?? 'a syntax error';
  const before = text.slice(0, positionOf(text, message)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return text.includes('\n')
    ? `line ${before.length}, column ${column}: ${reason}`
    : `at character ${column}: ${reason}`;
}

/** Messages that quote the text have no position, so it is searched for: the shortest beginning that is as wrong. */
function positionOf(text: string, message: string): number {
  const told = /at position (\d+)/.exec(message)?.[1];
  if (told !== undefined) return Number(told);
  if (!message.startsWith(QUOTING)) return text.length;
  let right = 0;
  let wrong = text.length;
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    if (isBroken(text.slice(0, middle))) wrong = middle;
    else right = middle;
  }
  return right;
}

/** Whether a text is wrong already, rather than only unfinished. */
function isBroken(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return false;
  } catch (error) {
    return messageOf(error).startsWith(QUOTING);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
