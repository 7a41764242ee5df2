import { describe, expect, it } from 'vitest';
import { start } from '../../../server/cli/start.ts';
import type { RunningServer } from '../../../server/compose.ts';
import { ONE_APP } from '../config/support.ts';
import { FakeClock, FakeLifetime, FakeTerminal } from './support.ts';

/** What a node with this configuration prints at its start. */
async function printed(
  args: string[],
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { exit, terminal, lifetime } = begin(args, env, undefined, files);
  lifetime.signal('SIGTERM');
  await exit;
  return terminal.out;
}

type Stop = () => Promise<void>;

function begin(
  args: string[] = [],
  env: Readonly<Record<string, string>> = {},
  stop: Stop = async () => undefined,
  files: Readonly<Record<string, string>> = {},
) {
  const terminal = new FakeTerminal(env, files);
  const lifetime = new FakeLifetime();
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = (_: object, message: string) => {
    logged.push(message);
  };
  const server: RunningServer & { stops: number } = {
    host: '127.0.0.1',
    port: 6001,
    stops: 0,
    stop() {
      server.stops++;
      return stop();
    },
  };
  const exit = start(args, {
    terminal,
    lifetime,
    clock,
    createLogger: () => ({ debug: log, info: log, warn: log, error: log }),
    startServer: async () => server,
  });
  return { exit, terminal, lifetime, clock, logged, server };
}

describe('cli: start', () => {
  it('prints what one needs to connect to the made-up app', async () => {
    const { exit, terminal, lifetime } = begin();
    lifetime.signal('SIGTERM');
    await exit;
    for (const text of [
      'carillon-dev-key',
      'carillon-dev-secret',
      'ws://127.0.0.1:6001/app/carillon-dev-key',
      'http://127.0.0.1:6001/apps/1',
      'in this folder',
      `npx --no carillon trigger my-channel my-event '{"hello":"world"}'`,
      'Listens on  127.0.0.1:6001',
    ]) {
      expect(terminal.out).toContain(text);
    }
  });

  it('does not print the secrets of configured apps, and nothing in production', async () => {
    const development = begin([], ONE_APP);
    development.lifetime.signal('SIGTERM');
    await development.exit;
    expect(development.terminal.out).toContain('seven');
    expect(development.terminal.out).not.toContain('seven-secret');
    const production = begin(['--mode', 'production'], ONE_APP);
    production.lifetime.signal('SIGTERM');
    await production.exit;
    expect(production.terminal.out).toBe('');
  });

  it('prints a line to paste that reaches the app of this node', async () => {
    const own = await printed([], ONE_APP);
    expect(own).toContain(`'{"hello":"world"}' --app-id 7 --key seven --secret YOUR_APP_SECRET\n`);
    expect(own).toContain("Listens on  0.0.0.0:6001, every address of this machine, so other machines' too");
    const files = { 'my apps.json': '{"apps":[{"id":"5","key":"k5","secret":"five-secret"}]}' };
    const listed = await printed(['--config', 'my apps.json'], {}, files);
    expect(listed).toContain(`'{"hello":"world"}' --port 6001 --config 'my apps.json'\n`);
    const both = await printed(['--config', 'my apps.json', '--host', '192.0.2.7'], ONE_APP, files);
    expect(both).toContain('--host 192.0.2.7 --app-id 7 --key seven --secret YOUR_APP_SECRET');
  });

  it('names the first apps of many', async () => {
    const apps = Array.from({ length: 7 }, (_, i) => ({ id: `a${i}`, key: `k${i}`, secret: 's' }));
    const out = await printed([], { CARILLON_APPS: JSON.stringify(apps) });
    expect(out).toContain('App a4, key k4\n  and 2 more\n');
    expect(out).not.toContain('a5');
    expect(await printed([], { CARILLON_APPS: JSON.stringify(apps.slice(0, 5)) })).not.toContain('more');
  });

  it('logs warnings about the configuration', async () => {
    const { exit, lifetime, logged } = begin([], { CARILLON_PROT: 'x' });
    lifetime.signal('SIGTERM');
    await exit;
    expect(logged).toContain('CARILLON_PROT is not a setting; did you mean CARILLON_PORT?');
  });

  it('stops on the first signal and exits with 0', async () => {
    const { exit, lifetime, server } = begin();
    lifetime.signal('SIGTERM');
    expect(await exit).toBe(0);
    expect([server.stops, lifetime.exits]).toEqual([1, []]);
  });

  it('exits at once with 1 on a second signal', () => {
    const { lifetime, clock } = begin([], {}, () => new Promise(() => undefined));
    lifetime.signal('SIGTERM');
    clock.advance(1000);
    lifetime.signal('SIGTERM');
    expect(lifetime.exits).toEqual([1]);
  });

  it('takes the copy of a Ctrl-C that npm passes on for the same signal', async () => {
    const { exit, lifetime, clock } = begin();
    lifetime.signal('SIGINT');
    clock.advance(20);
    lifetime.signal('SIGINT');
    expect(await exit).toBe(0);
    expect(lifetime.exits).toEqual([]);
  });

  it('stops and exits with 1 after an uncaught error', async () => {
    const { exit, lifetime, server, logged } = begin();
    lifetime.crash(new Error('unforeseen'));
    expect(await exit).toBe(1);
    expect(server.stops).toBe(1);
    expect(logged).toContain('uncaught error, stopping');
  });

  it('does not wait for ever to stop after an uncaught error', () => {
    const { lifetime, clock } = begin([], {}, () => new Promise(() => undefined));
    lifetime.crash(new Error('unforeseen'));
    clock.advance(4999);
    expect(lifetime.exits).toEqual([]);
    clock.advance(1);
    expect(lifetime.exits).toEqual([1]);
  });

  it('exits with 1 when stopping fails', async () => {
    const { exit, lifetime, logged } = begin([], {}, () => Promise.reject(new Error('stuck')));
    lifetime.signal('SIGTERM');
    expect(await exit).toBe(1);
    expect(logged).toContain('stopping failed');
  });

  it('says in one sentence why it could not start', async () => {
    const terminal = new FakeTerminal();
    const log = () => undefined;
    const code = await start([], {
      terminal,
      lifetime: new FakeLifetime(),
      clock: new FakeClock(),
      createLogger: () => ({ debug: log, info: log, warn: log, error: log }),
      startServer: () => Promise.reject(new Error('port 6001 is in use')),
    });
    expect([code, terminal.err]).toEqual([1, "Carillon didn't start: port 6001 is in use"]);
  });
});
