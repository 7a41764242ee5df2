/** Workers as processes: this program once more, with a local socket between the two. */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

export interface WorkerProcess {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined;
  /** The socket between the two; the worker has it as file descriptor 3. */
  readonly stream: Duplex;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Calls `listener` once, with words for how it ended. */
  onExit(listener: (how: string) => void): void;
}

export type SpawnWorker = () => WorkerProcess;

/** Where a worker finds its end of the socket. */
export const LINK_FD = 3;

/** @param args of the program, up to and including those of the worker's command */
export function processSpawner(program: string, args: readonly string[]): SpawnWorker {
  return () => {
    // Its log goes where the parent's goes.
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    const stream = child.stdio[LINK_FD];
    if (!(stream instanceof Duplex)) throw new TypeError('a pipe of a process is a socket');
    return {
      pid: child.pid,
      stream,
      kill: (signal) => {
        child.kill(signal);
      },
      onExit(listener) {
        // Only one of the two comes when it can't be started, only the other when it ends.
        child.once('error', (error) => listener(error.message));
        child.once('exit', (code, signal) =>
          listener(signal === null ? `exited with ${code}` : `was ended by ${signal}`),
        );
      },
    };
  };
}
