/** What both databases promise to everything that is built on them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../server/database/database.ts';
import { isUniqueViolation, QueryFailed, UnstorableText } from '../../server/database/database-error.ts';
import type { DeviceRow } from '../../server/database/device-tables.ts';
import { isOneOf, listTable } from '../../server/database/lists.ts';
import { onEachDatabase } from '../support/databases.ts';

const device = (appId: string, changes: Partial<DeviceRow> = {}): DeviceRow => {
  const id = randomUUID();
  return {
    id,
    app_id: appId,
    provider: 'fcm',
    platform: 'android',
    token: id,
    token_hash: id,
    user_id: null,
    door: 'centrifugo',
    meta: '{}',
    tags: '{}',
    details: '{}',
    created_at: 1_700_000_000_000,
    updated_at: 1_700_000_000_000,
    ...changes,
  };
};

describe('a database', () => {
  onEachDatabase((given) => {
    let database: Database;
    let appId: string;
    beforeEach(() => {
      database = given().database;
      appId = randomUUID();
    });
    const insert = (row: DeviceRow) => database.db.insertInto('devices').values(row).execute();
    const users = async () => {
      const rows = await database.db
        .selectFrom('devices')
        .select('user_id')
        .where('app_id', '=', appId)
        .orderBy('user_id')
        .execute();
      return rows.map(({ user_id }) => user_id);
    };

    it('gives back what was written: text of any language, whole numbers to 2^53, null, bytes', async () => {
      const row = device(appId, {
        user_id: 'zoë 😀 \u{10ffff} \' " \\ %',
        created_at: Number.MAX_SAFE_INTEGER,
        updated_at: -5,
      });
      await insert(row);
      const found = await database.db
        .selectFrom('devices')
        .selectAll()
        .where('id', '=', row.id)
        .executeTakeFirstOrThrow();
      expect(found).toEqual(row);
      const bytes = new Uint8Array([0, 1, 255]);
      const given = database.dialect === 'postgres' ? sql`${bytes}::bytea` : sql`${bytes}`;
      const { rows } = await sql<{ bytes: Uint8Array }>`select ${given} as bytes`.execute(database.db);
      expect([...(rows[0]?.bytes ?? [])]).toEqual([0, 1, 255]);
    });

    it('counts and adds up in numbers', async () => {
      await insert(device(appId, { created_at: 5 }));
      await insert(device(appId, { created_at: 6 }));
      const counted = await database.db
        .selectFrom('devices')
        .select(({ fn }) => [fn.countAll().as('rows'), fn.sum('created_at').as('sum')])
        .where('app_id', '=', appId)
        .executeTakeFirst();
      expect(counted).toEqual({ rows: 2, sum: 11 });
    });

    it('orders text by its bytes', async () => {
      const inOrder = ['-', 'B', 'Z', '_', 'a', 'b', 'é', 'ﬀ', '😀'];
      for (const user of [...inOrder].reverse()) await insert(device(appId, { user_id: user }));
      expect(await users()).toEqual(inOrder);
    });

    it('tells how many rows a statement changed', async () => {
      await insert(device(appId));
      await insert(device(appId));
      const changed = await database.db
        .updateTable('devices')
        .set({ user_id: 'u' })
        .where('app_id', '=', appId)
        .executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(2n);
      const returned = await database.db
        .deleteFrom('devices')
        .where('app_id', '=', appId)
        .returning('user_id')
        .execute();
      expect(returned).toEqual([{ user_id: 'u' }, { user_id: 'u' }]);
    });

    it('keeps a transaction whole', async () => {
      await database.transaction(async (trx) => {
        await trx
          .insertInto('devices')
          .values(device(appId, { user_id: 'a' }))
          .execute();
        await trx
          .insertInto('devices')
          .values(device(appId, { user_id: 'b' }))
          .execute();
      });
      const failed = database.transaction(async (trx) => {
        await trx
          .insertInto('devices')
          .values(device(appId, { user_id: 'c' }))
          .execute();
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await users()).toEqual(['a', 'b']);
    });

    it('lets transactions at the same time not see half of each other', async () => {
      const sums: number[] = [];
      const move = async (): Promise<void> =>
        database.transaction(async (trx) => {
          await trx
            .insertInto('devices')
            .values(device(appId, { created_at: 1 }))
            .execute();
          await trx
            .insertInto('devices')
            .values(device(appId, { created_at: -1 }))
            .execute();
        });
      const look = async (): Promise<void> => {
        const { sum } = await database.db
          .selectFrom('devices')
          .select(({ fn }) => fn.coalesce(fn.sum<number>('created_at'), sql<number>`0`).as('sum'))
          .where('app_id', '=', appId)
          .executeTakeFirstOrThrow();
        sums.push(sum);
      };
      await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? look() : move())));
      expect(new Set(sums)).toEqual(new Set([0]));
      expect(await users()).toHaveLength(20);
    });

    it('removes what refers to a row with the row', async () => {
      const row = device(appId);
      await insert(row);
      const subscription = { device_id: row.id, app_id: appId, space: 'channel', name: 'n' } as const;
      await database.db
        .insertInto('subscriptions')
        .values({ ...subscription, origin: 'device' })
        .execute();
      await database.db.deleteFrom('devices').where('id', '=', row.id).execute();
      const left = await database.db
        .selectFrom('subscriptions')
        .selectAll()
        .where('device_id', '=', row.id)
        .execute();
      expect(left).toEqual([]);
    });

    it('tells a value that must be unique from other refusals', async () => {
      const row = device(appId);
      await insert(row);
      const same = await insert(row).catch((error: unknown) => error);
      expect(isUniqueViolation(same)).toBe(true);
      const sameToken = await insert({ ...row, id: 'other' }).catch((error: unknown) => error);
      expect(isUniqueViolation(sameToken)).toBe(true);
      const mistake = await sql`select nothing from nowhere`
        .execute(database.db)
        .catch((error: unknown) => error);
      expect(mistake).toBeInstanceOf(QueryFailed);
      expect(isUniqueViolation(mistake)).toBe(false);
    });

    it('leaves values out of its errors', async () => {
      const row = device(appId, { token_hash: 'hush-hush' });
      await insert(row);
      const error = await insert({ ...row, token: 'hush-hush' }).catch((thrown: unknown) => thrown);
      const told = JSON.stringify({
        ...(error as object),
        text: String(error),
        stack: (error as Error).stack,
      });
      expect(told).not.toMatch(/hush/);
      expect(told).not.toContain(row.id);
    });

    it('refuses text with a NUL before it reaches the database', async () => {
      await expect(insert(device(appId, { user_id: 'a\0b' }))).rejects.toBeInstanceOf(UnstorableText);
      expect(await users()).toEqual([]);
    });

    it('has lists of whatever a text may be, in their order', async () => {
      const plain = ['a', 'zoë 😀', 'NULL', '', '{}', "it's", 'a,b'];
      const special = ['"', '\\', '\\"', 'a"b\\n', '\n', '\t', '\u0001', '\u007f', '{"x":[1]}', '%_'];
      for (const texts of [[], plain, special, [...plain, ...special]]) {
        const { rows } = await sql<{ value: string }>`
          select list.value from ${listTable(database.dialect, texts)}`.execute(database.db);
        expect(rows.map(({ value }) => value)).toEqual(texts);
        if (texts.length === 0) continue;
        const [last = ''] = texts.slice(-1);
        const text = database.dialect === 'postgres' ? sql<string>`${last}::text` : sql<string>`${last}`;
        const among = isOneOf(database.dialect, text, texts);
        const found = await sql<{ found: unknown }>`select ${among} as found`.execute(database.db);
        expect(Boolean(found.rows[0]?.found)).toBe(true);
      }
    });

    it('takes half a character in a list for the sign that stands for one', async () => {
      const { rows } = await sql<{ value: string }>`
        select list.value from ${listTable(database.dialect, ['a\ud800b', 'c'])}`.execute(database.db);
      expect(rows.map(({ value }) => value)).toEqual(['a\ufffdb', 'c']);
    });

    it.each([[['a\0b', 'c']], [['c', 'a\0']]])('refuses a list with a NUL', (texts) => {
      expect(() => listTable(database.dialect, texts)).toThrow(UnstorableText);
    });

    it.each([[true], [1.5], [Number.NaN], [new Date(0)], [{}]])('refuses %o as a value', async (value) => {
      await expect(sql`select ${value}`.execute(database.db)).rejects.toBeInstanceOf(TypeError);
    });
  });
});
