/**
 * Cores that are slower than the machine's: a control group for each process, which the kernel (CFS bandwidth) lets run
 * for a part of every ten milliseconds. Linux, and the right to make control groups (root), versions 1 and 2.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PERIOD_MICROS = 10_000;

export interface SlowCore {
  /** Share of the periods in which the process wanted more than it got, since the last call. */
  throttled(): number;
  /** Called once the process has ended. */
  remove(): void;
}

/** Puts a process and what it starts from now on on a core of `share` of a real one's speed. */
export function slowCore(pid: number, share: number): SlowCore {
  const isSecond = existsSync(join(ROOT, 'cgroup.controllers'));
  const group = join(ROOT, isSecond ? '' : 'cpu', `carillon-bench-${pid}`);
  const quota = Math.round(share * PERIOD_MICROS);
  try {
    mkdirSync(group);
    if (isSecond) writeFileSync(join(group, 'cpu.max'), `${quota} ${PERIOD_MICROS}`);
    else {
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_MICROS));
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota));
    }
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  } catch (error) {
    throw new Error(`can't give process ${pid} a share of a core: ${String(error)}. It needs root on Linux`);
  }
  const periods = (): readonly [all: number, throttled: number] => {
    const stat = readFileSync(join(group, 'cpu.stat'), 'latin1');
    const of = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat)?.[1]);
    return [of('nr_periods'), of('nr_throttled')];
  };
  let last = periods();
  return {
    throttled() {
      const now = periods();
      const share = (now[1] - last[1]) / Math.max(1, now[0] - last[0]);
      last = now;
      return share;
    },
    remove() {
      rmdirSync(group);
    },
  };
}
