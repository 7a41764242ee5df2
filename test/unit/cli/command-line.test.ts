import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../server/cli/command-line.ts';
import { printConfig } from '../../../server/cli/print-config.ts';
import { UsageError } from '../../../server/cli/usage-error.ts';
import { vapid } from '../../../server/cli/vapid-command.ts';
import { settings } from '../../../server/config/settings.ts';
import { VERSION } from '../../../server/version.ts';
import { ONE_APP, parse } from '../config/support.ts';
import { FakeTerminal } from './support.ts';

async function run(args: string[], terminal = new FakeTerminal()) {
  const ran: Array<readonly [string, readonly string[]]> = [];
  const commands = {
    start: async (rest: readonly string[]) => {
      ran.push(['start', rest]);
      return 0;
    },
    trigger: async (): Promise<number> => {
      throw new UsageError('an event is needed');
    },
    worker: async () => 0,
    apps: async () => 0,
    'dead-letters': async () => 0,
    vapid: (rest: readonly string[]) => vapid(rest, terminal),
    config: (rest: readonly string[]) => printConfig(rest, terminal),
  };
  const code = await runCommandLine(args, commands, terminal);
  return { code, ran, out: terminal.out, err: terminal.err };
}

describe('cli: command line', () => {
  it('starts a node when no command is named', async () => {
    expect((await run([])).ran).toEqual([['start', []]]);
    expect((await run(['--port', '7000'])).ran).toEqual([['start', ['--port', '7000']]]);
    expect((await run(['start', '--port', '7000'])).ran).toEqual([['start', ['--port', '7000']]]);
  });

  it('shows help for every way of asking, commands first', async () => {
    for (const args of [['help'], ['--help'], ['-h'], ['--port', '1', '--help']]) {
      const { code, out, ran } = await run(args);
      expect([code, ran]).toEqual([0, []]);
      expect(out.indexOf('Commands')).toBeLessThan(out.indexOf('Examples'));
      expect(out.split('\n').length).toBeLessThan(50);
    }
    const { out } = await run(['trigger', '--help']);
    expect(out).toContain('carillon trigger <channel> <event> [data]');
    expect((await run(['help', 'trigger'])).out).toBe(out);
  });

  it('lists every setting in the help of start, within 100 columns', async () => {
    const { out } = await run(['help', 'start']);
    for (const { flag, env } of settings) {
      expect(out).toContain(`  ${flag} `);
      expect(out).toContain(env);
    }
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('makes pairs of keys for Web Push that a node takes, a new one each time', async () => {
    const printed = (await run(['vapid'])).out;
    const env = Object.fromEntries(printed.split('\n').map((line) => line.split('=', 2)));
    expect(Object.keys(env)).toEqual([
      'CARILLON_VAPID_PUBLIC_KEY',
      'CARILLON_VAPID_PRIVATE_KEY',
      'CARILLON_VAPID_SUBJECT',
    ]);
    expect(parse({ env }).config.apps[0]?.push.webPush?.publicKey).toBe(env['CARILLON_VAPID_PUBLIC_KEY']);
    expect((await run(['vapid'])).out).not.toBe(printed);
    expect((await run(['vapid', 'x'])).err).toContain('x is one argument too many');
  });

  it('prints the version, which is that of the package', async () => {
    const manifest: { version: string } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(VERSION).toBe(manifest.version);
    for (const args of [['version'], ['--version'], ['-v']]) expect((await run(args)).out).toBe(VERSION);
  });

  it('suggests a command for one it does not know', async () => {
    const { code, err } = await run(['triger', 'a', 'b']);
    expect(code).toBe(2);
    expect(err).toContain('triger is not a command; did you mean trigger?');
    expect((await run(['help', 'nothing'])).code).toBe(2);
  });

  it('exits with 2 and points at the help when a command line makes no sense', async () => {
    const { code, err } = await run(['trigger', 'a']);
    expect([code, err]).toEqual([2, 'an event is needed\nSee: carillon help trigger']);
  });

  it('exits with 2 and lists the problems when the configuration is wrong', async () => {
    const { code, err, out } = await run(['config', '--prot', '1', '--port=x']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('--prot is not an option; did you mean --port?');
    expect(err).toContain('--port must be a whole number from 0 to 65535, but is "x"');
  });

  it('prints the configuration with secrets masked', async () => {
    const env = {
      ...ONE_APP,
      CARILLON_TLS_CERT_FILE: 'c',
      CARILLON_TLS_KEY_FILE: 'k',
      CARILLON_TLS_PASSPHRASE: 'hush-hush',
      CARILLON_PROT: '1',
    };
    const { code, out, err } = await run(['config'], new FakeTerminal(env, { c: '', k: '' }));
    expect(code).toBe(0);
    expect(out).not.toContain('seven-secret');
    expect(out).not.toContain('hush-hush');
    expect(JSON.parse(out)).toMatchObject({
      port: 6001,
      tls: { certFile: 'c', keyFile: 'k', passphrase: '********' },
      apps: [{ id: '7', credentials: [{ key: 'seven', secret: '********' }] }],
    });
    expect(err).toContain('warning: CARILLON_PROT is not a setting; did you mean CARILLON_PORT?\nwarning: ');
  });

  it('prints the database without its password', async () => {
    const print = async (env: Record<string, string>) =>
      JSON.parse((await run(['config'], new FakeTerminal({ ...ONE_APP, ...env }))).out);
    const url = 'postgres://carillon:hush-hush@db.example.com/push?sslmode=require';
    expect(await print({ CARILLON_DATABASE_URL: url })).toMatchObject({
      database: {
        url: 'postgres://carillon:********@db.example.com/push',
        sslMode: 'require',
        poolSize: 10,
      },
    });
    const asParameter = 'postgres://db.example.com/push?user=carillon&password=hush-hush';
    expect(await print({ CARILLON_DATABASE_URL: asParameter })).toMatchObject({
      database: { url: 'postgres://db.example.com/push?user=carillon&password=********' },
    });
    expect(await print({ CARILLON_DATA_DIR: '/data' })).toMatchObject({ dataDir: '/data' });
  });

  it('prints a configuration that works as a config file', async () => {
    const { out } = await run(['config', '--port', '7000'], new FakeTerminal(ONE_APP));
    const again = await run(['config', '--config', 'c.json'], new FakeTerminal({}, { 'c.json': out }));
    expect(again.out).toBe(out);
  });
});
