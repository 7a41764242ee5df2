/** `carillon apps` against a running node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apps } from '../../server/cli/apps-command.ts';
import { ADMIN_TOKEN } from '../support/admin.ts';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';
import { FakeTerminal } from '../unit/cli/support.ts';
import { publishedBy } from './support.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'carillon-data-'));
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ dataDir, admin: { token: ADMIN_TOKEN } });
});

afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

async function command(args: string[], files: Record<string, string> = {}, token = ADMIN_TOKEN) {
  const terminal = new FakeTerminal({}, files);
  const where = ['--host', server.host, '--port', String(server.port), '--token', token];
  const code = await apps([...args, ...where], { terminal, fetch });
  return { code, out: terminal.out, err: terminal.err };
}

describe('carillon apps', () => {
  it('creates, shows and lists apps, and tells the secret once', async () => {
    const { code, out } = await command(['create', '{"id":"shop","limits":{"connections":7}}']);
    expect(code).toBe(0);
    const [, key = ''] = /key +(\S+)/.exec(out) ?? [];
    const [, secret = ''] = /secret +(\S+)/.exec(out) ?? [];
    expect(await publishedBy({ id: 'shop', key, secret }, server)).toBe(200);
    const shown = JSON.parse((await command(['show', 'shop'])).out);
    expect(shown).toMatchObject({ id: 'shop', limits: { connections: 7 }, credentials: [{ key }] });
    const { out: list } = await command(['list']);
    expect(list).toBe(
      `${DEFAULT_APP.id}  enabled  config  ${DEFAULT_APP.key}\nshop  enabled  database  ${key}`,
    );
    expect((await command(['list', '--limit', '1'])).out).toContain(`--cursor ${DEFAULT_APP.id}`);
    expect((await command(['list', '--cursor', 'shop'])).out).toBe('There are no apps.');
    expect(JSON.parse((await command(['list', '--json'])).out).apps).toHaveLength(2);
  });

  it('updates, from a file as well', async () => {
    await command(['create'], {});
    await command(['create', '--file', 'app.json'], { 'app.json': '{"id":"filed"}' });
    expect((await command(['update', 'filed', '{"forceTls":true}'])).out).toMatch(
      /^Updated app filed; .*version/,
    );
    await command(['update', 'filed', '--file', 'x.json'], { 'x.json': '{"limits":{"connections":3}}' });
    expect(JSON.parse((await command(['show', 'filed'])).out)).toMatchObject({
      forceTls: true,
      limits: { connections: 3 },
    });
  });

  it('disables, enables, rotates and deletes', async () => {
    await command(['create', '{"id":"passing","key":"passing-key","secret":"passing-secret"}']);
    const app = { id: 'passing', key: 'passing-key', secret: 'passing-secret' };
    expect((await command(['disable', 'passing'])).out).toBe('Disabled app passing.');
    expect(await publishedBy(app, server)).toBe(403);
    expect((await command(['list'])).out).toContain('passing  disabled  database  passing-key');
    expect((await command(['enable', 'passing'])).out).toBe('Enabled app passing.');
    expect((await command(['rotate', 'passing', '--overlap', '60'])).out).toMatch(
      /passing-key \(until \d{4}-.*\), [0-9a-f]{20}$/,
    );
    expect(await publishedBy(app, server)).toBe(200);
    expect((await command(['delete', 'passing'])).out).toBe('Deleted app passing.');
    expect((await command(['show', 'passing'])).err).toContain('refused with 404: there is no app passing');
  });

  it('says what the node refuses, in its words', async () => {
    const { code, err } = await command(['create', '{"limits":{"connections":-1}}']);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('refused with 400: limits.connections must be a whole number from 0'),
    ]);
    expect((await command(['list'], {}, 'not-the-right-one')).err).toContain('refused with 401');
  });

  it.each([
    [[], 'one of list, show, create'],
    [['show'], 'show needs id'],
    [['show', 'a', 'b'], 'show takes no b'],
    [['update', 'a'], 'update needs the settings to change'],
    [['create', '{}', '--file', 'x'], 'as JSON or by --file, not both'],
    [['create', '--file', 'missing'], "--file names missing, which doesn't exist"],
    [['rotate', 'a', '--overlap', 'x'], '--overlap must be a whole number'],
    [['list', '--overlap', '1'], 'list takes no --overlap'],
    [['list', '--nonsense'], '--nonsense'],
  ])('refuses %j, and says why', async (args, words) => {
    await expect(command(args)).rejects.toThrow(words);
  });
});
