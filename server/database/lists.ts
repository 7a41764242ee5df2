/**
 * Lists of texts as one value of a statement. A statement then has the same text however long the list is, and no list
 * is too long for it.
 */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { checkedText } from './checked-values.ts';
import type { DialectName } from './database.ts';

/** `column` is one of `texts`. Of a single one an index keeps its order, which saves sorting. */
export function isOneOf(
  dialect: DialectName,
  column: Expression<string | null>,
  texts: readonly string[],
): RawBuilder<SqlBool> {
  if (texts.length === 1) return sql`${column} = ${texts[0]}`;
  if (dialect === 'postgres') return sql`${column} = any(${arrayOf(texts)}::text[])`;
  return sql`${column} in (select value from json_each(${jsonList(texts)}))`;
}

/** `column` is none of `texts`. */
export function isNoneOf(
  dialect: DialectName,
  column: Expression<string>,
  texts: readonly string[],
): RawBuilder<SqlBool> {
  if (dialect === 'postgres') return sql`${column} <> all(${arrayOf(texts)}::text[])`;
  return sql`${column} not in (select value from json_each(${jsonList(texts)}))`;
}

/** A table for `from`, with the texts in its column `value`. */
export function listTable(
  dialect: DialectName,
  texts: readonly string[],
  alias = 'list',
): RawBuilder<{ value: string }> {
  if (dialect === 'postgres') return sql`unnest(${arrayOf(texts)}::text[]) as ${sql.ref(alias)}(value)`;
  return sql`json_each(${jsonList(texts)}) as ${sql.ref(alias)}`;
}

/**
 * The column, but not as a reason to choose an index. SQLite keeps no statistics and would rather read an index that has
 * the order asked for, to its end, than sort the few rows that other conditions leave; PostgreSQL knows how few they are.
 */
export function withoutIndex(dialect: DialectName, column: string): RawBuilder<string> {
  return dialect === 'postgres' ? sql`${sql.ref(column)}` : sql`+${sql.ref(column)}`;
}

/**
 * PostgreSQL's own form of an array. Its driver would make the same of a list, element by element, which for the ids of an
 * audience takes longer than finding them.
 */
function arrayOf(texts: readonly string[]): string {
  const json = jsonOf(texts);
  if (isPlain(json)) return `{${json.slice(1, -1)}}`;
  return `{${texts.map((text) => `"${checkedText(text).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** Half a character is replaced, as it is wherever text is turned into UTF-8. */
function jsonList(texts: readonly string[]): string {
  const json = jsonOf(texts);
  if (isPlain(json)) return json;
  return JSON.stringify(texts.map((text) => Buffer.from(checkedText(text)).toString()));
}

function jsonOf(texts: readonly unknown[]): string {
  if (texts.some((text) => typeof text !== 'string'))
    throw new TypeError('a list of texts has something else in it');
  return JSON.stringify(texts);
}

/** Nothing in it had to be escaped: no quote, no backslash, no NUL or other control character, no half a character. */
const isPlain = (json: string): boolean => !json.includes('\\');
