/** Keeps a number of workers running: starts them, replaces those that end, stops them all. */
import { HubLink } from '../hub/hub-link.ts';
import type { SupervisorService, WorkerService } from '../hub/hub-services.ts';
import { type Backoff, pauseAfter } from '../lib/backoff.ts';
import type { Chance } from '../lib/chance.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SpawnWorker, WorkerProcess } from './spawn-worker.ts';

export interface SupervisorPorts {
  readonly spawn: SpawnWorker;
  /** A number that no other process of the node has had. */
  readonly nodeNumber: () => number;
  /** A worker has come; its link is not read yet. */
  readonly joined: (nodeNumber: number, link: HubLink<WorkerService>) => void;
  /** It is gone. */
  readonly left: (nodeNumber: number) => void;
  readonly metrics: SupervisorService['metrics'];
  readonly clock: Clock;
  readonly chance: Chance;
  readonly logger: Logger;
}

/** How soon a worker is replaced. One that lived for a while is replaced as if it were the first. */
const RESTART: Backoff = { firstMs: 100, longestMs: 30_000 };
const LIVED_MS = 60_000;
/** A process whose socket has closed ends by itself within this time, or is ended. */
const GOODBYE_MS = 1000;

interface Worker {
  /** From 1 on. */
  readonly number: number;
  readonly child: WorkerProcess;
  readonly link: HubLink<WorkerService>;
  readonly startedAt: number;
  listening: boolean;
}

export class Supervisor {
  readonly #ports: SupervisorPorts;
  readonly #workers = new Map<number, Worker>();
  /** Ends in a row of each, of those that had not lived for long. */
  readonly #failures = new Map<number, number>();
  #count = 0;
  #port = 0;
  #complete = false;
  #stopping = false;
  #restarts = 0;
  /** Told of each step towards the start's end or the stop's. */
  #watcher: (failure?: string) => void = () => undefined;

  constructor(ports: SupervisorPorts) {
    this.#ports = ports;
  }

  /** Workers that ended and were replaced, or will be. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Those that take connections. */
  listening(): HubLink<WorkerService>[] {
    return [...this.#workers.values()].filter(({ listening }) => listening).map(({ link }) => link);
  }

  /**
   * Done when all listen on the port. When one can't, all are stopped.
   * @throws Error in the words of the worker that could not start
   */
  async start(count: number, port: number): Promise<void> {
    this.#count = count;
    this.#port = port;
    const failure = await new Promise<string | undefined>((resolve) => {
      this.#watcher = (failed) => {
        if (failed !== undefined || this.#complete) resolve(failed);
      };
      for (let number = 1; number <= count; number += 1) this.#spawn(number);
    });
    if (failure === undefined) return;
    await this.stop();
    throw new Error(failure);
  }

  /** Asks all to stop; done when all have ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { child } of this.#workers.values()) child.kill('SIGTERM');
    await new Promise<void>((resolve) => {
      this.#watcher = () => {
        if (this.#workers.size === 0) resolve();
      };
      this.#watcher();
    });
  }

  #spawn(number: number): void {
    const { spawn, nodeNumber: draw, joined, left, metrics, clock } = this.#ports;
    const child = spawn();
    const link = new HubLink<WorkerService>(child.stream);
    const worker: Worker = { number, child, link, startedAt: clock.now(), listening: false };
    this.#workers.set(number, worker);
    const nodeNumber = draw();
    link.serve({
      seat: () => ({ worker: number, nodeNumber, port: this.#port }),
      listening: () => this.#listens(worker),
      failed: (reason) => {
        this.#ports.logger.error({ worker: number, reason }, 'worker could not start');
        this.#watcher(reason);
      },
      metrics,
    } satisfies SupervisorService);
    joined(nodeNumber, link);
    let cancel = (): void => undefined;
    link.onEnd(() => {
      worker.listening = false;
      left(nodeNumber);
      cancel = clock.after(GOODBYE_MS, () => child.kill('SIGKILL'));
    });
    child.onExit((how) => {
      cancel();
      this.#ended(worker, how);
    });
    link.start();
  }

  #listens(worker: Worker): void {
    worker.listening = true;
    if (this.#complete) {
      worker.link.note('complete', undefined);
      return;
    }
    if (this.listening().length < this.#count) return;
    this.#complete = true;
    for (const link of this.listening()) link.note('complete', undefined);
    this.#watcher();
  }

  #ended(worker: Worker, how: string): void {
    const { clock, chance, logger } = this.#ports;
    const { number } = worker;
    // Twice, where it could not even be started.
    if (this.#workers.get(number) !== worker) return;
    this.#workers.delete(number);
    worker.link.close();
    if (this.#stopping || !this.#complete) {
      this.#watcher(`worker ${number} ${how} before it listened`);
      return;
    }
    const lived = clock.now() - worker.startedAt >= LIVED_MS;
    const failures = lived ? 1 : (this.#failures.get(number) ?? 0) + 1;
    this.#failures.set(number, failures);
    this.#restarts += 1;
    const ms = pauseAfter(failures, RESTART, chance);
    logger.error({ worker: number, pid: worker.child.pid, how, ms }, 'a worker ended and will be replaced');
    clock.after(ms, () => {
      if (!this.#stopping) this.#spawn(number);
    });
  }
}
