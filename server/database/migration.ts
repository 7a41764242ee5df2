/** One step of the schema, the same for both databases. */
import { type ColumnDefinitionBuilder, type SchemaModule, sql } from 'kysely';
import type { DialectName } from './database.ts';

export interface Migration {
  /** From 1 on; steps are taken in this order, and a database remembers which were. */
  readonly number: number;
  readonly name: string;
  up(schema: SchemaModule, columns: Columns): Promise<void>;
}

export interface MigrationTable {
  carillon_migrations: { number: number; name: string; applied_at: number };
}

type Typed = ReturnType<typeof sql>;
type Build = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

/** Column types that the two databases spell differently. */
export interface Columns {
  /** Compared and ordered by its bytes, whatever the database's language. */
  readonly text: Typed;
  /** Whole numbers to 2^53: times in milliseconds, counts; 0 and 1 for no and yes. */
  readonly integer: Typed;
  readonly bytes: Typed;
  /** Whole numbers that count up by themselves, never used twice; the primary key. */
  readonly counter: readonly [Typed, Build];
  /** For `modifyEnd` of a table that is mostly its primary key: SQLite then stores it once. */
  readonly byKey: Typed;
}

const COLUMNS: Readonly<Record<DialectName, Columns>> = {
  postgres: {
    text: sql`text collate "C"`,
    integer: sql`bigint`,
    bytes: sql`bytea`,
    counter: [sql`bigint`, (column) => column.generatedAlwaysAsIdentity().primaryKey()],
    byKey: sql``,
  },
  sqlite: {
    text: sql`text`,
    integer: sql`integer`,
    bytes: sql`blob`,
    counter: [sql`integer`, (column) => column.primaryKey().autoIncrement()],
    byKey: sql`without rowid`,
  },
};

export function columnsOf(dialect: DialectName): Columns {
  return COLUMNS[dialect];
}
