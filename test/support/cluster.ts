/**
 * Nodes of one cluster, each a process of its own behind its own line to Redis, so that it can be killed, paused, and
 * cut off. Needs `npm run build`, which `npm test` runs first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { DEFAULT_APP, type TestServer, wsTarget } from './server.ts';
import { TcpProxy } from './tcp-proxy.ts';

const COMMAND = fileURLToPath(new URL('../../bin/carillon.js', import.meta.url));

/** Where a node finds Redis: by a line of its own that can be cut, or straight, by an address of any kind. */
export type RedisAddress = { readonly port: number } | { readonly url: string };

export class ClusterNode implements TestServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly app = DEFAULT_APP;
  readonly errors: TestServer['errors'] = [];
  /** The line to Redis; undefined where the node was given an address. */
  readonly line: TcpProxy | undefined;
  /** The last lines of its log. */
  readonly said: string[] = [];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  private constructor(port: number, line: TcpProxy | undefined, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.line = line;
    this.#env = env;
  }

  /** `env` is added to the variables that name the default app and Redis. */
  static async start(redis: RedisAddress, env: Record<string, string> = {}): Promise<ClusterNode> {
    const line = 'port' in redis ? await TcpProxy.start(redis.port) : undefined;
    const url = 'url' in redis ? redis.url : `redis://127.0.0.1:${line?.port}`;
    const port = await freePort();
    const node = new ClusterNode(port, line, {
      PATH: process.env['PATH'] ?? '',
      CARILLON_HOST: '127.0.0.1',
      CARILLON_PORT: String(port),
      CARILLON_APP_ID: DEFAULT_APP.id,
      CARILLON_APP_KEY: DEFAULT_APP.key,
      CARILLON_APP_SECRET: DEFAULT_APP.secret,
      CARILLON_LOG_LEVEL: 'warn',
      CARILLON_DRAIN_SECONDS: '0',
      // Many are started, for a few requests each.
      CARILLON_WARM_UP: 'false',
      CARILLON_REDIS_URL: url,
      CARILLON_ALLOW_PRIVATE_ADDRESSES: 'true',
      ...env,
    });
    await node.restart();
    return node;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the node is not running');
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  httpUrl(path: string): string {
    return `http://${this.host}:${this.port}${path}`;
  }

  wsUrl(options?: Parameters<TestServer['wsUrl']>[0]): string {
    return `ws://${this.host}:${this.port}${wsTarget(DEFAULT_APP.key, options)}`;
  }

  /** Starts it, at the same address as before; done when it serves. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the node is running');
    const child = spawn(process.execPath, [COMMAND, 'start'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#env,
    });
    this.#child = child;
    const exited = once(child, 'exit').then(([code]) => {
      if (this.#child === child) this.#child = undefined;
      throw new Error(`the node exited with ${code}: ${this.said.join('\n')}`);
    });
    exited.catch(() => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.said.push(line);
        if (this.said.length > 200) this.said.shift();
      });
    }
    await Promise.race([this.#serving(), exited]);
  }

  /** Ends it without warning; done when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Asks it to stop; returns what it exited with. */
  async terminate(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) throw new Error('the node is not running');
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await exited;
    return code as number | null;
  }

  /** It does nothing any more, and doesn't know. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  wake(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Cuts the line to Redis, for new connections too, until `reconnect`. */
  cutOff(): void {
    this.line?.refuse();
  }

  reconnect(): void {
    this.line?.resume();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.line?.stop();
  }

  async #serving(): Promise<void> {
    for (;;) {
      const ready = await fetch(this.httpUrl('/ready')).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
