/**
 * A node of several workers as the command starts it, from the compiled program. Needs `npm run build`, which `npm test`
 * runs first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithTests } from './ends-with-tests.ts';
import { RawClient } from './raw-client.ts';
import { DEFAULT_APP, firstApp, type TestApp, type TestServer, wsTarget } from './test-server.ts';

const COMMAND = fileURLToPath(new URL('../../bin/carillon.js', import.meta.url));

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly worker?: number;
  readonly [field: string]: unknown;
}

const ERROR = 50;

/** Attempts to get connections on all workers; with two, one in 2^60 runs would need more. */
const ATTEMPTS = 60;

export class WorkersNode implements TestServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly app: TestApp;
  readonly log: readonly LogLine[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, app: TestApp, log: readonly LogLine[]) {
    this.#child = child;
    this.port = port;
    this.app = app;
    this.log = log;
  }

  /** Two workers, unless `settings`, in the form of the configuration file, say otherwise. */
  static async start(settings: Record<string, unknown> = {}): Promise<WorkersNode> {
    const { child, log, ended } = launch(settings);
    const listening = until(log.lines, ({ msg }) => msg === 'all workers listen', log.changed);
    const first = await Promise.race([listening, ended]);
    if (typeof first === 'object' && 'code' in first) {
      throw new Error(`the node exited with ${first.code}: ${first.complaint}`);
    }
    return new WorkersNode(child, Number(first['port']), firstApp(settings), log.lines);
  }

  /** How it ends, for a node that can't start. */
  static fail(settings: Record<string, unknown>): Promise<Ended> {
    return launch(settings).ended;
  }

  get errors(): TestServer['errors'] {
    return this.log
      .filter(({ level }) => level >= ERROR)
      .map(({ msg: message, ...fields }) => ({ fields, message }));
  }

  httpUrl(path: string): string {
    return `http://${this.host}:${this.port}${path}`;
  }

  wsUrl(options: Parameters<TestServer['wsUrl']>[0] = {}): string {
    return `ws://${this.host}:${this.port}${wsTarget(this.app.key, options)}`;
  }

  /** Process ids of the workers. */
  workerPids(): number[] {
    const { pid } = this.#child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }

  /** Clients of different workers, `each` of every one. */
  async spread(each = 1): Promise<RawClient[][]> {
    const byWorker = new Map<string, RawClient[]>();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const client = await RawClient.connect(this);
      const worker = workerOf(client);
      const clients = byWorker.get(worker) ?? [];
      byWorker.set(worker, clients);
      if (clients.length < each) clients.push(client);
      else await client.close();
      const all = [...byWorker.values()];
      if (all.length === 2 && all.every(({ length }) => length === each)) return all;
    }
    throw new Error('all connections were given to one worker');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code. */
  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const code = await this.exited();
    if (code !== 0) throw new Error(`the node exited with ${code}`);
  }
}

/** The number that a worker's socket ids begin with. */
export function workerOf({ socketId }: Pick<RawClient, 'socketId'>): string {
  return socketId.split('.', 1)[0] ?? '';
}

interface Ended {
  readonly code: number | null;
  /** What it wrote to standard error. */
  readonly complaint: string;
}

function launch(settings: Record<string, unknown>) {
  const config = {
    mode: 'production',
    host: '127.0.0.1',
    port: 0,
    workers: 2,
    drainSeconds: 0,
    // Some hundred are started, for a few requests each.
    warmUp: false,
    allowPrivateAddresses: true,
    apps: [DEFAULT_APP],
    ...settings,
  };
  const args = Object.entries(config).flatMap(([name, value]) => flagsOf(name, value));
  const child = spawn(process.execPath, [COMMAND, 'start', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  endWithTests(child);
  const log = { lines: [] as LogLine[], changed: [] as Array<() => void> };
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.lines.push(JSON.parse(line) as LogLine);
    for (const changed of log.changed) changed();
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, complaint }));
  return { child, log, ended };
}

/** `redis: {url}` → `--redis.url=…`; lists as JSON. */
function flagsOf(path: string, value: unknown): string[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, part]) => flagsOf(`${path}.${name}`, part));
  }
  const flag = path.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return [`--${flag}=${typeof value === 'object' ? JSON.stringify(value) : value}`];
}

function until(
  lines: readonly LogLine[],
  matches: (line: LogLine) => boolean,
  changed: Array<() => void>,
): Promise<LogLine> {
  return new Promise((resolve) => {
    changed.push(() => {
      const line = lines.find(matches);
      if (line !== undefined) resolve(line);
    });
  });
}
