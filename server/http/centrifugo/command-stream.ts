/** Commands, one JSON object after another, with or without space between them. Pure. */
import { parseObject } from '../../../protocol/index.ts';
import { isNestedDeeper, MAX_LEVELS } from '../../lib/nesting.ts';

/** A command as it stands in a request. */
export interface SentCommand {
  /** Undefined when absent, or 0. */
  readonly id: number | undefined;
  /** In lower case; a number is what protobuf knows a method by. */
  readonly method: string | number;
  readonly params: unknown;
}

/** Undefined if any of it can't be decoded, or there is nothing. */
export function commandsIn(text: string): readonly SentCommand[] | undefined {
  const commands: SentCommand[] = [];
  for (let at = afterSpace(text, 0); at < text.length; ) {
    const end = endOfObject(text, at);
    const command = end === undefined ? undefined : commandOf(text.slice(at, end));
    if (end === undefined || command === undefined) return undefined;
    commands.push(command);
    at = afterSpace(text, end);
  }
  return commands.length === 0 ? undefined : commands;
}

function commandOf(json: string): SentCommand | undefined {
  const value = objectIn(json);
  if (value === undefined) return undefined;
  const { id = 0, method, params } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return undefined;
  if (typeof method !== 'string' && typeof method !== 'number') return undefined;
  return {
    id: id === 0 ? undefined : id,
    method: typeof method === 'string' ? method.toLowerCase() : method,
    params,
  };
}

/** The JSON object that a text is; undefined if it is something else, or too deep to be written out again. */
export function objectIn(json: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseObject(json);
  return value === undefined || isNestedDeeper(value, MAX_LEVELS) ? undefined : value;
}

const SPACES = new Set([' ', '\t', '\n', '\r']);

function afterSpace(text: string, from: number): number {
  let at = from;
  while (SPACES.has(text.charAt(at))) at += 1;
  return at;
}

/** Behind the brace that closes the object at `start`; undefined if none begins or ends. Whether it is JSON shows later. */
function endOfObject(text: string, start: number): number | undefined {
  if (text.charAt(start) !== '{') return undefined;
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inText) {
      if (character === '\\') at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}
