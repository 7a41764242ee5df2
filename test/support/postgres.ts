/** A real PostgreSQL of its own for a test file: on a free port of this machine, in a folder that goes with it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';

export interface TestPostgres {
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>;
  /** Ends the server at once, as a crash would, and every connection with it. */
  crash(): Promise<void>;
  /** Starts it again, at the same address. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Write to the disk for good, as in production: for tests of durability only. */
  readonly durable?: boolean;
  /** Speak TLS too, with the certificate in `test/support/tls`. */
  readonly tls?: boolean;
}

/** PostgreSQL refuses to run as root, so there it runs as the user of Debian's package. */
interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export async function startPostgres({
  durable = false,
  tls = false,
}: PostgresOptions = {}): Promise<TestPostgres> {
  const programs = programFolder();
  const runAs = userToRunAs();
  const folder = mkdtempSync(join(tmpdir(), 'carillon-postgres-'));
  if (runAs.uid !== undefined) chownSync(folder, runAs.uid, runAs.gid ?? runAs.uid);
  const data = join(folder, 'data');
  execFileSync(
    join(programs, 'initdb'),
    ['--pgdata', data, '--username', 'carillon', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync'],
    { ...runAs, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (tls) giveCertificate(data, runAs);
  const port = await freePort();
  const settings = ['max_connections=200', ...(durable ? [] : ['fsync=off']), ...(tls ? ['ssl=on'] : [])];
  const args = ['-D', data, '-h', '127.0.0.1,127.0.0.2', '-p', String(port), '-k', ''];
  const url = (name: string): string => `postgres://carillon@127.0.0.1:${port}/${name}`;

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(
      join(programs, 'postgres'),
      [...args, ...settings.flatMap((setting) => ['-c', setting])],
      { ...runAs, cwd: folder, stdio: 'ignore' },
    );
    await untilReady(child, url('postgres'));
    return child;
  };
  let server = await start();
  // A test process that ends early leaves no server behind.
  const onExit = (): void => void server.kill('SIGQUIT');
  process.once('exit', onExit);

  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    if (server.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  let databases = 0;
  return {
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await query(url('postgres'), `create database ${name}`);
      return url(name);
    },
    crash: () => end('SIGQUIT'),
    async restart() {
      server = await start();
    },
    async stop() {
      process.off('exit', onExit);
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The folder with `initdb` and `postgres`: of the path, else of the newest version that Debian has installed. */
function programFolder(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ];
  const found = folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => isProgram(join(folder, name))),
  );
  if (found === undefined) throw new Error('PostgreSQL is missing; see test/support/ensure-services.mjs');
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function userToRunAs(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const id = (what: '-u' | '-g'): number =>
    Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** PostgreSQL takes a key only if nobody else can read it. */
function giveCertificate(data: string, { uid, gid }: RunAs): void {
  for (const [from, to] of [
    ['cert.pem', 'server.crt'],
    ['key.pem', 'server.key'],
  ] as const) {
    const path = join(data, to);
    copyFileSync(new URL(`tls/${from}`, import.meta.url), path);
    chmodSync(path, 0o600);
    if (uid !== undefined) chownSync(path, uid, gid ?? uid);
  }
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    try {
      await query(url, 'select 1');
      return;
    } catch {
      await pause(25);
    }
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}
