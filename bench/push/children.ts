/** Processes of a benchmark, which end with it. */
import { type ChildProcess, fork } from 'node:child_process';

export class Children {
  readonly #all: ChildProcess[] = [];

  constructor() {
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
    process.once('exit', () => {
      for (const child of this.#all) child.kill('SIGTERM');
    });
  }

  /** @param file the compiled module, beside this one */
  start(file: string, args: readonly string[] = []): ChildProcess {
    const started = fork(new URL(file, import.meta.url), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#all.push(started);
    return started;
  }
}

/** The next message of a child; rejects if it ends before, or takes longer. */
export function told<T>(from: ChildProcess, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a child did not answer')), patienceMs);
    const ended = (): void => reject(new Error('a child ended'));
    from.once('exit', ended);
    from.once('message', (message) => {
      clearTimeout(timer);
      from.off('exit', ended);
      resolve(message as T);
    });
  });
}
