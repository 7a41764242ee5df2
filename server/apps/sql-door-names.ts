/** Whether a stored app has a name that a push door would find another one by. */
import { type RawBuilder, type SqlBool, sql, type Transaction } from 'kysely';
import type { DialectName } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import { type DoorName, doorNamesIn, keyOf } from './door-names.ts';

/**
 * The first of an app's names that another stored app has. Reads the settings of all apps whose text holds one of the
 * names: changes of apps are few.
 */
export async function takenDoorName(
  trx: Transaction<Tables>,
  dialect: DialectName,
  appId: string,
  push: unknown,
): Promise<DoorName | undefined> {
  const names = doorNamesIn(push);
  if (names.length === 0) return undefined;
  const rows = await trx
    .selectFrom('apps')
    .select('settings')
    .where('id', '!=', appId)
    .where(
      sql<SqlBool>`(${sql.join(
        names.map((name) => holds(dialect, name)),
        sql` or `,
      )})`,
    )
    .execute();
  const taken = new Set(rows.flatMap(({ settings }) => doorNamesIn(pushIn(settings)).map(keyOf)));
  return names.find((name) => taken.has(keyOf(name)));
}

/** Without regard to letter case, which is looked at afterwards. */
function holds(dialect: DialectName, { name }: DoorName): RawBuilder<SqlBool> {
  const text = JSON.stringify(name).slice(1, -1);
  return dialect === 'postgres'
    ? sql`strpos(lower(settings), lower(${text})) > 0`
    : sql`instr(lower(settings), lower(${text})) > 0`;
}

function pushIn(settings: string): unknown {
  try {
    const { push }: { push?: unknown } = JSON.parse(settings) ?? {};
    return push;
  } catch {
    return undefined;
  }
}
