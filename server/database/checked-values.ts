/** Values on their way into a statement. What the two databases would treat differently, or badly, is refused here. */
import { UnstorableText } from './database-error.ts';

/**
 * Numbers are whole (times in milliseconds, counts, 0 and 1 for no and yes); bytes for keys and hashes. Lists of texts
 * are PostgreSQL's arrays; `lists.ts` writes them for both databases.
 */
export type StorableValue = string | number | bigint | Uint8Array | null | string[];

/**
 * The values as both databases take them; `undefined` is null.
 * @throws UnstorableText for text with a NUL, which PostgreSQL refuses and SQLite cuts off
 * @throws TypeError for any other kind of value: libsql ends the process on a boolean
 */
export function checkedValues(values: readonly unknown[]): StorableValue[] {
  return values.map(checkedValue);
}

function checkedValue(value: unknown): StorableValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return checkedText(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(checkedText);
  throw new TypeError(`a ${typeof value} is nothing to store`);
}

/** @throws UnstorableText */
export function checkedText(text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`a ${typeof text} is no text to store`);
  if (text.includes('\0')) throw new UnstorableText('text with a NUL character cannot be stored');
  return text;
}
