/**
 * What the kernel says a process has used: CPU time and anonymous memory, read from /proc (Linux only). It knows
 * nothing of scenarios; a `Meter` is bound to the server's pid and handed to them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel's unit in /proc/<pid>/stat: USER_HZ, 100 a second on every Linux Node runs on. */
const TICK_NANOSECONDS = 10_000_000;

/** Time the server is left alone before a measured phase, in ms. */
const SETTLE_MS = 50;

/**
 * Time after the last unit of work that still counts, in ms: work a server puts off (promises, timers of 0 ms, its half
 * of a close) belongs to the unit that caused it. A late duplicate arrives, and fails the round, in this time too.
 */
const TAIL_MS = 100;

/** Difference of the two CPU clocks that is put down to ticks and to sampling, not to a thread that ended. */
const CLOCK_TOLERANCE_NANOSECONDS = 3 * TICK_NANOSECONDS;

/** Time a collection has until its effect is read, in ms; it takes some 300. */
const COLLECTION_MS = 1_000;
/** Collections tried until memory holds still. */
const COLLECTIONS = 15;
/** Share by which two readings may differ and yet be called the same. */
const STILL = 0.002;

interface CpuSample {
  /** Sum over the living threads of their time on a CPU, in ns; exact, but loses threads that ended. */
  readonly threadNanoseconds: number;
  /** User and system time of the whole process, ended threads too, in ns; steps of 10 ms. */
  readonly processNanoseconds: number;
}

/** What one measured phase cost. */
export interface Cost {
  /** CPU time of the server's processes together, in µs. */
  readonly serverMicros: number;
  /** CPU time of the one of them that used most: what more cores could not shorten. */
  readonly busiestMicros: number;
  /** CPU time of each that the meter was given, with its children: first node, other nodes, Redis. */
  readonly eachMicros: readonly number[];
  /** CPU time of the load generator, in µs. */
  readonly generatorMicros: number;
  /** Wall time of the work, the tail left out, in ms. */
  readonly wallMs: number;
}

/** The cost of several phases together. */
export function sumOfCosts(costs: readonly Cost[]): Cost {
  return {
    serverMicros: costs.reduce((sum, cost) => sum + cost.serverMicros, 0),
    busiestMicros: costs.reduce((sum, cost) => sum + cost.busiestMicros, 0),
    eachMicros: (costs[0]?.eachMicros ?? []).map((_, i) =>
      costs.reduce((sum, cost) => sum + (cost.eachMicros[i] ?? 0), 0),
    ),
    generatorMicros: costs.reduce((sum, cost) => sum + cost.generatorMicros, 0),
    wallMs: costs.reduce((sum, cost) => sum + cost.wallMs, 0),
  };
}

export class Meter {
  readonly #serverPid: number;
  readonly #pids: readonly number[];

  /** @param beside the other processes that do a share of the work: nodes of a cluster, its Redis */
  constructor(serverPid: number, beside: readonly number[] = []) {
    this.#serverPid = serverPid;
    this.#pids = [serverPid, ...beside];
  }

  /** Runs `work`, which resolves when its last effect was seen, and tells what it cost the server. */
  async measure(work: () => Promise<void>): Promise<Cost> {
    await sleep(SETTLE_MS);
    const ownBefore = process.cpuUsage();
    const families = this.#pids.map(processesOf);
    const before = families.map((pids) => pids.map(readCpu));
    const start = performance.now();
    await work();
    const wallMs = performance.now() - start;
    const own = process.cpuUsage(ownBefore);
    await sleep(TAIL_MS);
    const used = families.map((pids, i) => pids.map((pid, j) => usedMicros(before[i]?.[j], readCpu(pid))));
    const eachMicros = used.map(sumOf);
    return {
      serverMicros: sumOf(eachMicros),
      busiestMicros: Math.max(...used.flat()),
      eachMicros,
      generatorMicros: own.user + own.system,
      wallMs,
    };
  }

  /** Anonymous memory of the server as it is now, in KiB: RssAnon leaves out the binary and its libraries. */
  memory(): number {
    return readAnonymousKib(this.#serverPid);
  }

  /**
   * Anonymous memory of the server in KiB, less what is garbage: all of it is collected, until twice in a row as much is
   * left. The server must have been started `collectable`. Without that a reading is chance: a fresh server carries tens
   * of MiB from loading its code, which V8 gives back in one of the next collections and nobody knows which.
   */
  async retainedMemory(): Promise<number> {
    let last = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < COLLECTIONS; attempt++) {
      process.kill(this.#serverPid, 'SIGUSR2');
      await sleep(COLLECTION_MS);
      const now = this.memory();
      if (Math.abs(now - last) <= now * STILL) return now;
      last = now;
    }
    throw new Error(
      `the server's memory did not hold still in ${COLLECTIONS} collections, last at ${last} KiB`,
    );
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** A server of several workers is its parent and they. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
  return [pid, ...children.map(Number)];
}

function usedMicros(before: CpuSample | undefined, after: CpuSample): number {
  if (before === undefined) throw new Error('every process is read before and after');
  const nanoseconds = after.threadNanoseconds - before.threadNanoseconds;
  const whole = after.processNanoseconds - before.processNanoseconds;
  if (whole - nanoseconds > CLOCK_TOLERANCE_NANOSECONDS + whole * 0.02) {
    throw new Error(
      `the server's living threads used ${nanoseconds / 1e6} ms but the process ${whole / 1e6} ms: a thread ended ` +
        'during the measured phase, so its time is missing',
    );
  }
  return nanoseconds / 1000;
}

/** Files this process may have open at once (`ulimit -n`). */
export function openFileLimit(): number {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1]);
}

/** CPU time that the living threads of a process have used so far, in µs. */
export function cpuMicros(pid: number): number {
  return readCpu(pid).threadNanoseconds / 1000;
}

function readCpu(pid: number): CpuSample {
  let threadNanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    threadNanoseconds += readThread(pid, thread);
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the program's name in brackets and may hold spaces; the third starts after the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { threadNanoseconds, processNanoseconds: ticks * TICK_NANOSECONDS };
}

function readThread(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  } catch (error) {
    // A thread may end between the listing and the read; the comparison with the process's own clock reports it.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return 0;
    throw error;
  }
}

function readAnonymousKib(pid: number): number {
  const line = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (line === null) throw new Error(`/proc/${pid}/status has no RssAnon line`);
  return Number(line[1]);
}
