/** Many rows in one value: a statement with thousands of them takes longer to build than to run. */
import { type RawBuilder, sql } from 'kysely';
import type { DialectName } from '../../database/database.ts';

type Cell = string | undefined;

/**
 * A table expression `r` whose column `value` holds one row each; `value ->> 0` is its first cell. Cells are texts.
 * PostgreSQL has no NUL in texts, so there is none in these.
 */
export function jsonRows(dialect: DialectName, rows: readonly (readonly Cell[])[]): RawBuilder<unknown> {
  const json = withoutNul(JSON.stringify(rows));
  return dialect === 'postgres'
    ? sql`json_array_elements(${json}::json) as r(value)`
    : sql`json_each(${json}) as r`;
}

/**
 * A table expression `r` with a row for each pair: texts in `key` and `value`, which may be null. Reading it takes half the
 * time of rows whose cells are taken out one by one. NULs go, as above.
 */
export function jsonPairs(
  dialect: DialectName,
  pairs: readonly (readonly [key: string, value: string | undefined])[],
): RawBuilder<unknown> {
  const members = pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value ?? null)}`);
  const json = withoutNul(`{${members.join(',')}}`);
  return dialect === 'postgres'
    ? sql`json_each_text(${json}::json) as r(key, value)`
    : sql`json_each(${json}) as r`;
}

/** A list of whole numbers, for `in (…)`. */
export function jsonNumbers(dialect: DialectName, numbers: readonly number[]): RawBuilder<unknown> {
  const json = JSON.stringify(numbers);
  return dialect === 'postgres'
    ? sql`select value::bigint from json_array_elements_text(${json}::json) as r(value)`
    : sql`select value from json_each(${json})`;
}

/** The escape for NUL, and not a backslash's escape in front of `u0000`. */
const NUL = /(?<!\\)((?:\\\\)*)\\u0000/g;

function withoutNul(json: string): string {
  return json.includes('\\u0000') ? json.replace(NUL, '$1') : json;
}
