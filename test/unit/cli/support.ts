/** A terminal that keeps what is written, and a process that only does what a test tells it. */
import type { Lifetime, Terminal } from '../../../server/cli/terminal.ts';
import type { Clock } from '../../../server/lib/clock.ts';
import { readerOf } from '../config/support.ts';

export class FakeTerminal implements Terminal {
  readonly env: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string;
  readonly #out: string[] = [];
  readonly #err: string[] = [];

  constructor(env: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, string>> = {}) {
    this.env = env;
    this.readFile = readerOf(files);
  }

  print(text: string): void {
    this.#out.push(text);
  }

  complain(text: string): void {
    this.#err.push(text);
  }

  get out(): string {
    return this.#out.join('\n');
  }

  get err(): string {
    return this.#err.join('\n');
  }
}

export class FakeLifetime implements Lifetime {
  readonly exits: number[] = [];
  signal: (name: string) => void = neverListened;
  crash: (error: unknown) => void = neverListened;

  onStopSignal(listener: (signal: string) => void): void {
    this.signal = listener;
  }

  onCrash(listener: (error: unknown) => void): void {
    this.crash = listener;
  }

  exit(code: number): void {
    this.exits.push(code);
  }
}

function neverListened(): never {
  throw new Error('nobody listens yet');
}

/** Time that moves when told to. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #tasks: Array<{ at: number; task: () => void }> = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  every(): never {
    throw new Error('no command does anything repeatedly');
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#tasks.filter(({ at }) => at <= this.#now);
    this.#tasks = this.#tasks.filter(({ at }) => at > this.#now);
    for (const { task } of due) task();
  }
}
