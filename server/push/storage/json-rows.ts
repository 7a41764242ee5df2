/** Many rows in one value: a statement with thousands of them takes longer to build than to run. */
import { type RawBuilder, sql } from 'kysely';
import type { DialectName } from '../../database/database.ts';

type Cell = string | undefined;

/**
 * A table expression `r` whose column `value` holds one row each; `value ->> 0` is its first cell. Cells are texts.
 * PostgreSQL has no NUL in texts, so there is none in these.
 */
export function jsonRows(dialect: DialectName, rows: readonly (readonly Cell[])[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows).replaceAll('\\u0000', '');
  return dialect === 'postgres'
    ? sql`json_array_elements(${json}::json) as r(value)`
    : sql`json_each(${json}) as r`;
}

/** A list of whole numbers, for `in (…)`. */
export function jsonNumbers(dialect: DialectName, numbers: readonly number[]): RawBuilder<unknown> {
  const json = JSON.stringify(numbers);
  return dialect === 'postgres'
    ? sql`select value::bigint from json_array_elements_text(${json}::json) as r(value)`
    : sql`select value from json_each(${json})`;
}
