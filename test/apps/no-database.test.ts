/** `/admin/apps` of a node whose apps are in its configuration alone. */
import { expect, it } from 'vitest';
import { ADMIN_TOKEN, askAdmin } from '../support/admin.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const server = useServer({ apps: [OTHER_APP, DEFAULT_APP], admin: { token: ADMIN_TOKEN } });

it('lists and shows the apps there are', async () => {
  const { json } = await askAdmin(server(), 'GET', '/apps');
  expect(json.apps.map(({ id }: { id: string }) => id)).toEqual([DEFAULT_APP.id, OTHER_APP.id]);
  expect(json.cursor).toBe(null);
  expect((await askAdmin(server(), 'GET', '/apps?limit=1')).json.cursor).toBe(DEFAULT_APP.id);
  expect((await askAdmin(server(), 'GET', `/apps/${OTHER_APP.id}`)).json.source).toBe('config');
  expect((await askAdmin(server(), 'GET', '/apps/nobody')).status).toBe(404);
});

it('answers changes with 501, and names what is missing', async () => {
  for (const [method, path] of [
    ['POST', '/apps'],
    ['PATCH', `/apps/${OTHER_APP.id}`],
    ['DELETE', '/apps/nobody'],
    ['POST', `/apps/${OTHER_APP.id}/rotate`],
  ] as const) {
    const { status, json } = await askAdmin(server(), method, path, {});
    expect([status, json.error]).toEqual([501, expect.stringContaining('set CARILLON_DATABASE_URL')]);
  }
});
