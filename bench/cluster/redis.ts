/** A Redis of the bench's own, and what it counts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { freePort } from '../targets/child.ts';

export interface BenchRedis {
  readonly pid: number;
  readonly url: string;
  /** Commands done so far, by name, those within scripts as well. */
  commands(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

/** A section of INFO: name → value. */
export async function infoOf(url: string, section: string): Promise<ReadonlyMap<string, string>> {
  const client = new Redis(url);
  const info = await client.info(section);
  client.disconnect();
  return new Map([...info.matchAll(/^(\w+):(.*)\r$/gm)].map(([, name = '', value = '']) => [name, value]));
}

export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    process.env['REDIS_SERVER_PATH'] || 'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  return {
    pid: child.pid ?? 0,
    url: `redis://127.0.0.1:${port}`,
    async commands() {
      const info = await client.info('commandstats');
      const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
        ([, name = '', calls]) => [name, Number(calls)] as const,
      );
      return new Map(counts.filter(([name]) => name !== 'info'));
    },
    async stop() {
      client.disconnect();
      kill();
      process.off('exit', kill);
    },
  };
}
