/** What a command may do to the world around it; `main.ts` has the real one. */
import type { Environment } from '../config/env.ts';
import type { ReadFile } from '../config/file.ts';

export interface Terminal {
  readonly env: Environment;
  readonly readFile: ReadFile;
  /** Writes a line, or several, to standard output. */
  print(text: string): void;
  /** Writes a line, or several, to standard error. */
  complain(text: string): void;
}

/** The process as far as `start` needs it. */
export interface Lifetime {
  /** Calls `listener` at every SIGTERM, SIGINT and SIGHUP. */
  onStopSignal(listener: (signal: string) => void): void;
  /** Calls `listener` at every uncaught exception and unhandled rejection. */
  onCrash(listener: (error: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}
