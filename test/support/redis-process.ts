/** A real redis-server of a test's own: on a free port of this machine, in a folder of its own, gone with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisOptions as ClientOptions, Redis } from 'ioredis';
import { endWithTests } from './ends-with-tests.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const COMMAND = process.env['REDIS_SERVER_PATH'] || 'redis-server';

export interface RedisOptions {
  readonly host?: string;
  readonly port?: number;
  /** Lines of redis.conf. */
  readonly config?: readonly string[];
  readonly sentinel?: boolean;
  /** What the test's own connection needs beyond host and port. With `tls`, the server speaks nothing else. */
  readonly tls?: NonNullable<ClientOptions['tls']>;
  readonly password?: string;
}

export class RedisProcess {
  readonly host: string;
  readonly port: number;
  readonly #options: RedisOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'carillon-redis-'));
  #child: ChildProcess | undefined;
  #client: Redis | undefined;

  private constructor(options: RedisOptions, port: number) {
    this.host = options.host ?? '127.0.0.1';
    this.port = port;
    this.#options = options;
  }

  /** Starts one and waits until it answers. */
  static async start(options: RedisOptions = {}): Promise<RedisProcess> {
    const redis = new RedisProcess(options, options.port ?? (await freePort(options.host)));
    writeFileSync(
      join(redis.#folder, 'redis.conf'),
      [
        `bind ${redis.host}`,
        ...(options.tls === undefined ? [`port ${redis.port}`] : ['port 0', `tls-port ${redis.port}`]),
        `dir ${redis.#folder}`,
        ...(options.sentinel ? [] : ['save ""', 'appendonly no']),
        ...(options.config ?? []),
        '',
      ].join('\n'),
    );
    await redis.restart();
    return redis;
  }

  get url(): string {
    return `redis://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /** The test's own connection, for looking and for meddling. */
  get client(): Redis {
    this.#client ??= new Redis({
      host: this.host,
      port: this.port,
      retryStrategy: () => 50,
      ...(this.#options.tls === undefined ? {} : { tls: this.#options.tls }),
      ...(this.#options.password === undefined ? {} : { password: this.#options.password }),
    }).on('error', () => undefined);
    return this.#client;
  }

  /** Starts it again after `kill`, with the same folder: empty, unless its config keeps what it has. */
  async restart(): Promise<void> {
    const args = [join(this.#folder, 'redis.conf'), ...(this.#options.sentinel ? ['--sentinel'] : [])];
    const child = spawn(COMMAND, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => said.push(String(data)));
    endWithTests(child);
    this.#child = child;
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`redis-server exited with ${code}: ${said.join('')}`)));
    });
    failed.catch(() => undefined);
    await Promise.race([eventually(async () => expectPong(await this.client.ping())), failed]);
  }

  /** Ends it without warning, as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** For good. Safe to repeat. */
  async stop(): Promise<void> {
    this.#client?.disconnect();
    await this.#end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

function expectPong(answer: string): void {
  if (answer !== 'PONG') throw new Error(`expected PONG, got ${answer}`);
}
