/** Apps in tables: what a change takes with it, and what other hands may have left there. */
import { beforeEach, describe, expect, it } from 'vitest';
import { AppRefusal } from '../../server/apps/app-refusal.ts';
import { SqlAppStore } from '../../server/apps/sql-app-store.ts';
import type { AppDraft } from '../../server/apps/stored-app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { FakeClock } from '../support/fake-clock.ts';

onEachDatabase((given) => {
  let clock: FakeClock;
  let store: SqlAppStore;
  let ids = 0;
  let id = '';

  const draft = (credentials: AppDraft['credentials'], settings: object = {}): AppDraft => ({
    id,
    enabled: true,
    settings: { ...settings },
    credentials,
    createdAt: clock.now(),
    updatedAt: clock.now(),
  });
  const pair = (key: string, retiresAt?: number) => ({ key: `${id}-${key}`, secret: `of ${key}`, retiresAt });

  beforeEach(() => {
    clock = new FakeClock();
    store = new SqlAppStore(given().database, clock);
    ids += 1;
    id = `app-${ids}`;
  });

  describe('an app store', () => {
    it('gives back what was stored, key pairs in their order, under the next version', async () => {
      const before = await store.revision();
      const app = draft([pair('z'), pair('a', clock.now() + 5), pair('m')], { limits: { connections: 1 } });
      const stored = await store.change(id, () => app);
      expect(stored).toEqual({ ...app, version: before + 1 });
      expect(await store.load([id, 'nobody'])).toEqual([stored]);
      expect(await store.revision()).toBe(before + 1);
      expect((await store.versions()).get(id)).toBe(before + 1);
    });

    it('changes nothing when the change is refused', async () => {
      await store.change(id, () => draft([pair('a')]));
      const [before, revision] = [await store.load([id]), await store.revision()];
      const refused = store.change(id, () => {
        throw new AppRefusal('invalid', 'no');
      });
      await expect(refused).rejects.toThrow(AppRefusal);
      expect([await store.load([id]), await store.revision()]).toEqual([before, revision]);
    });

    it('refuses a key that another app has, until its time there is over', async () => {
      const shared = { key: `${id}-shared`, secret: 'x', retiresAt: undefined };
      await store.change(id, () => draft([{ ...shared, retiresAt: clock.now() + 1000 }, pair('stays')]));
      const first = id;
      id = `${id}-other`;
      await expect(store.change(id, () => draft([shared]))).rejects.toThrow('belongs to another app');
      clock.advance(1000);
      await store.change(id, () => draft([shared]));
      const [before] = await store.load([first]);
      expect(before?.credentials.map(({ key }) => key)).toEqual([`${first}-stays`]);
    });

    it('takes the key pairs of a deleted app with it', async () => {
      await store.change(id, () => draft([pair('a')]));
      expect(await store.change(id, () => undefined)).toBe(undefined);
      expect(await store.load([id])).toEqual([]);
      const rows = await given()
        .database.db.selectFrom('app_credentials')
        .select('key')
        .where('app_id', '=', id)
        .execute();
      expect(rows).toEqual([]);
    });

    it('has pages in the byte order of ids', async () => {
      const prefix = id;
      for (const end of ['b', 'B', '_', '1', 'a.']) {
        id = `${prefix}${end}`;
        await store.change(id, () => draft([pair('k')]));
      }
      const first = await store.page(prefix, 3);
      const next = await store.page(first.at(-1)?.id ?? '', 2);
      expect([...first, ...next].map((app) => app.id.slice(prefix.length))).toEqual([
        '1',
        'B',
        '_',
        'a.',
        'b',
      ]);
    });

    it('loads any number of apps', async () => {
      await store.change(id, () => draft([pair('a')]));
      const many = Array.from({ length: 1200 }, (_, index) => `nobody-${index}`);
      expect((await store.load([...many, id])).map((app) => app.id)).toEqual([id]);
    });

    it.each(['{', '[]', 'null', '"x"'])(
      'shows settings that are no JSON object as a problem: %s',
      async (json) => {
        await store.change(id, () => draft([pair('a')]));
        await given().database.db.updateTable('apps').set({ settings: json }).where('id', '=', id).execute();
        expect((await store.load([id]))[0]?.settings).toEqual({
          'settings, which should be a JSON object,': json,
        });
        await store.change(id, () => undefined);
      },
    );
  });
});
