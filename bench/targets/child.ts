/** A server as a child process: its output kept for the error message, its readiness awaited, its end certain. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../app.ts';
import type { RunningTarget, Wishes } from './target.ts';

/** Time a server has to answer GET /ready, in ms. */
const READY_TIMEOUT_MS = 20_000;
/** Time a server has to end after SIGTERM before SIGKILL, in ms. */
const STOP_TIMEOUT_MS = 8_000;
/** Characters of a child's output kept. */
const OUTPUT_KEPT = 4_000;

/** A child whose last output can be quoted. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
}

/** What Node is given so that the server has what was wished for. */
export function nodeOptions({ collectable }: Wishes): readonly string[] {
  return collectable === true ? ['--import', new URL('./collect-on-signal.js', import.meta.url).href] : [];
}

/** Starts Node on `args`. The child is killed when this process exits, so none is left behind. */
export function startNode(args: readonly string[], options: SpawnOptions): Child {
  const child = spawn(process.execPath, args, options);
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  if (child.pid === undefined) throw new Error(`could not start ${process.execPath} ${args.join(' ')}`);
  return { process: child, pid: child.pid, output: () => output };
}

/** Waits until the server answers GET /ready with 200. */
export async function untilReady(child: Child, address: Address): Promise<RunningTarget> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (child.process.exitCode === null && child.process.signalCode === null && Date.now() < deadline) {
    if ((await statusOf(address, '/ready')) === 200) return running(child, address);
    await sleep(50);
  }
  child.process.kill('SIGKILL');
  throw new Error(`the server did not become ready; it printed:\n${child.output()}`);
}

/** The handle of a child that is known to answer. */
export function running(child: Child, address: Address): RunningTarget {
  const alone = { peers: [], redisPid: undefined, redisUrl: undefined };
  return { pid: child.pid, address, ...alone, stop: () => stop(child) };
}

async function stop({ process: child, output }: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(
      `the server had ended by itself (${child.exitCode ?? child.signalCode}); it printed:\n${output()}`,
    );
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was assigned'));
        else resolve(address.port);
      });
    });
  });
}

/** The status of a GET, or undefined while nobody listens. */
function statusOf({ host, port }: Address, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', () => resolve(undefined));
  });
}
