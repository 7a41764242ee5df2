/**
 * A node in a process of its own, started by the compiled command, so that its memory can be measured. Needs
 * `npm run build`, which `npm test` runs first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { DEFAULT_APP, type TestServer, wsTarget } from './server.ts';

const COMMAND = fileURLToPath(new URL('../../bin/carillon.js', import.meta.url));

export interface NodeProcess extends TestServer {
  /** Bytes of live JavaScript objects, counted right after a full garbage collection. */
  liveHeapBytes(): Promise<number>;
  /** Ends the process at once, without a chance to do anything about it. */
  kill(): Promise<void>;
}

/** `env` is added to the variables that name the default app and a free port. */
export async function startNodeProcess(env: Record<string, string> = {}): Promise<NodeProcess> {
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', COMMAND, 'start'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      CARILLON_HOST: '127.0.0.1',
      CARILLON_PORT: '0',
      CARILLON_APP_ID: DEFAULT_APP.id,
      CARILLON_APP_KEY: DEFAULT_APP.key,
      CARILLON_APP_SECRET: DEFAULT_APP.secret,
      CARILLON_LOG_LEVEL: 'silent',
      CARILLON_DRAIN_SECONDS: '0',
      ...env,
    },
  });
  const inspected = firstMatch(child, child.stderr, /Debugger listening on (ws:\S+)/);
  const listening = firstMatch(child, child.stdout, /WebSocket +ws:\/\/([\d.]+):(\d+)\/app\//);
  const [[, inspectorUrl = ''], [, host = '', port = '']] = await Promise.all([inspected, listening]);
  const inspector = await Inspector.open(inspectorUrl);
  return {
    host,
    port: Number(port),
    app: DEFAULT_APP,
    errors: [],
    httpUrl: (path) => `http://${host}:${port}${path}`,
    wsUrl: (options) => `ws://${host}:${port}${wsTarget(DEFAULT_APP.key, options)}`,
    liveHeapBytes: () => inspector.liveHeapBytes(),
    kill: async () => {
      inspector.close();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      inspector.close();
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exited;
      if (code !== 0) throw new Error(`the node exited with ${code}`);
    },
  };
}

/** The first line of the stream that matches; rejects when the process ends without one. */
function firstMatch(child: ChildProcess, stream: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    createInterface({ input: stream }).on('line', (line) => {
      seen.push(line);
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
    });
    child.once('exit', (code) => reject(new Error(`the node exited with ${code}: ${seen.join('\n')}`)));
  });
}

/** The few calls of the Chrome DevTools protocol that measuring takes. */
class Inspector {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  async liveHeapBytes(): Promise<number> {
    await this.#call('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#call('Runtime.getHeapUsage');
    return Number(usedSize);
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string): Promise<Record<string, unknown>> {
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      const listen = (data: { toString(): string }): void => {
        const answer = JSON.parse(data.toString());
        if (answer.id !== id) return;
        this.#socket.off('message', listen);
        if (answer.error !== undefined) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
      };
      this.#socket.on('message', listen);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}
