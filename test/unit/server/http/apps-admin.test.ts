/** Stored apps that the configuration has the better of, as `/admin/apps` shows them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { AppAdministration } from '../../../../server/apps/app-administration.ts';
import { ConfigAppRegistry } from '../../../../server/apps/config-app-registry.ts';
import { newIdentity } from '../../../../server/apps/new-identity.ts';
import { appReader } from '../../../../server/config/app-reader.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { AdminApi } from '../../../../server/http/admin-api.ts';
import { appRoutes } from '../../../../server/http/endpoints/apps-admin.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryAppStore } from '../../../support/memory-app-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const TOKEN = 'an-admin-token-of-tests';
const config = configFrom({ apps: [{ id: 'm', key: 'fixed-key', secret: 'fixed-secret' }] });

let store: MemoryAppStore;
let api: AdminApi;

beforeEach(async () => {
  const clock = new FakeClock();
  store = new MemoryAppStore();
  const fixed = new ConfigAppRegistry(config.apps);
  const administration = new AppAdministration({
    store,
    fixed,
    refresh: () => Promise.resolve(),
    read: appReader(config, () => ''),
    identity: newIdentity,
    clock,
    audit: silentLogger,
  });
  const log = new OccasionalLog(clock, silentLogger);
  api = new AdminApi(TOKEN, appRoutes({ fixed, administration, log }), silentLogger);
  const stored = (id: string, key: string) =>
    store.change(id, () => ({
      id,
      enabled: true,
      settings: {},
      credentials: [{ key, secret: 'secret', retiresAt: undefined }],
      createdAt: clock.now(),
      updatedAt: clock.now(),
    }));
  await stored('a', 'a-key');
  await stored('m', 'm-key');
  await stored('z', 'fixed-key');
});

async function ask(path: string, query = '') {
  const headers = new Map([['authorization', `Bearer ${TOKEN}`]]);
  const { status, body } = await api.handle({
    method: 'GET',
    path,
    query,
    accept: '',
    body: Buffer.alloc(0),
    caller: { address: '127.0.0.1', headers },
  });
  return { status, json: JSON.parse(String(body)) };
}

describe('a stored app with an id of the configuration', () => {
  it('is not listed beside it, over pages of any size', async () => {
    for (const limit of [1, 2, 3, 4]) {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null && seen.length < 10) {
        const { json } = await ask(
          '/admin/apps',
          `limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        seen.push(...json.apps.map(({ id, source }: Record<string, string>) => `${id} ${source}`));
        cursor = json.cursor;
      }
      expect(seen).toEqual(['a database', 'm config', 'z database']);
    }
  });
});

describe('a stored app with a key of the configuration', () => {
  it('is shown with what keeps it out', async () => {
    const { json } = await ask('/admin/apps/z');
    expect(json.problems).toEqual(['the key fixed-key belongs to an app of the configuration']);
    expect((await ask('/admin/apps/a')).json.problems).toBeUndefined();
  });
});
