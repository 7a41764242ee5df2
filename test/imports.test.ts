/** The layers of docs/architecture.md: who may import whom, and who may touch time, chance, the process, the network. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports: files from the root, packages by name. Types included. */
  readonly imports: readonly string[];
  /** Of these, what it loads when it runs. */
  readonly loads: readonly string[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const path = `${folder}/${file}`;
      const text = readFileSync(join(ROOT, path), 'utf8');
      const statements = [...text.matchAll(/^(import|export) (type )?(?:[^;]*? from )?'([^']+)';/gms)];
      const resolve = (target: string): string =>
        target.startsWith('.') ? relative(ROOT, normalize(join(ROOT, dirname(path), target))) : target;
      return {
        path,
        text,
        imports: statements.map(([, , , target = '']) => resolve(target)),
        loads: statements
          .filter(([, , type]) => type === undefined)
          .map(([, , , target = '']) => resolve(target)),
      };
    });
}

const protocol = sources('protocol');
const server = sources('server');
const within = (folder: string): Source[] =>
  server.filter(({ path }) => path.startsWith(`server/${folder}/`));
const offenders = (
  files: readonly Source[],
  bad: (target: string) => boolean,
  kind: 'imports' | 'loads' = 'imports',
) => files.flatMap((file) => file[kind].filter(bad).map((target) => `${file.path} → ${target}`));
const withoutComments = (text: string): string => text.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
const using = (files: readonly Source[], pattern: RegExp): string[] =>
  files.filter(({ text }) => pattern.test(withoutComments(text))).map(({ path }) => path);

describe('imports', () => {
  it('are found at all', () => {
    expect(server.find(({ path }) => path === 'server/compose.ts')?.imports).toContain(
      'server/channels/hub.ts',
    );
    expect(protocol.length).toBeGreaterThan(5);
  });

  it('the protocol imports nothing but itself', () => {
    expect(offenders(protocol, (target) => !target.startsWith('protocol/'))).toEqual([]);
  });

  it('uWebSockets is loaded in one file, and known in its folder only', () => {
    const uws = (target: string): boolean => target === 'uWebSockets.js';
    expect(offenders(server, uws, 'loads')).toEqual(['server/uws/uws-server.ts → uWebSockets.js']);
    expect(offenders(server, uws).filter((line) => !line.startsWith('server/uws/'))).toEqual([]);
  });

  it.each([
    'apps',
    'auth',
    'broker',
    'cache',
    'channels',
    'database',
    'hub',
    'lib',
    'limits',
    'outgoing',
    'presence',
    'push',
    'redis',
    'socket',
    'telemetry',
    'webhooks',
    'workers',
  ])('%s knows neither transports nor HTTP nor how the node is put together', (folder) => {
    const outer = /^server\/(uws|http|cli|console|config\/(?!config\.ts)|compose|main|drain)/;
    expect(offenders(within(folder), (target) => outer.test(target))).toEqual([]);
  });

  it('outgoing requests know nothing of what they carry', () => {
    expect(
      offenders(within('outgoing'), (target) => /^(server\/(?!outgoing|lib)|protocol)/.test(target)),
    ).toEqual([]);
  });

  it('the rules know the webhook queue, never its receivers', () => {
    const inner = [...within('channels'), ...within('presence')];
    // The port, and what an event looks like that a script queues.
    const allowed = ['server/webhooks/webhook-queue.ts', 'server/webhooks/stored-event.ts'];
    const outer = /^server\/(webhooks|outgoing)\//;
    expect(offenders(inner, (target) => outer.test(target) && !allowed.includes(target))).toEqual([]);
  });

  it('http knows no transport', () => {
    expect(
      offenders(within('http'), (target) => /^server\/(uws|socket|cli|compose|main)/.test(target)),
    ).toEqual([]);
  });

  it('implementations are chosen in the composition root alone', () => {
    const implementation = /^server\/.*\/(memory|config|redis|postgres|sqlite|cached)-[a-z-]+\.ts$/;
    const chosen = offenders(server, (target) => implementation.test(target), 'loads');
    expect(chosen.filter((line) => !/^server\/(compose(-[a-z]+)*\.ts|config\/|cli\/)/.test(line))).toEqual(
      [],
    );
  });

  it('nothing but the program itself is built on compose.ts', () => {
    const users = offenders(server, (target) => target === 'server/compose.ts', 'loads');
    expect(users).toEqual(['server/main.ts → server/compose.ts']);
  });
});

describe('the outside world', () => {
  it('the process is touched in main.ts only', () => {
    expect(using(server, /\bprocess\.(?!versions)/)).toEqual(['server/main.ts']);
  });

  it('time is taken from the clock', () => {
    const timers = /\b(Date\.now|performance\.now|setTimeout|setInterval)\b/;
    // Scripts that run in browsers.
    const scripts = ['server/console/page-script.ts', 'server/http/beams/service-worker-script.ts'];
    const files = server.filter(({ path }) => !scripts.includes(path));
    expect(using(files, timers)).toEqual(['server/lib/system-clock.ts']);
  });

  it('chance comes from the system', () => {
    expect(using([...server, ...protocol], /\bMath\.random\b/)).toEqual([]);
  });

  it('file names are unique, so that a search by name finds one file', () => {
    const names = [...protocol, ...server].map(({ path }) => path.split('/').at(-1) ?? '');
    const twice = names.filter((name, at) => names.indexOf(name) !== at && name !== 'index.ts');
    expect(twice).toEqual([]);
  });
});
