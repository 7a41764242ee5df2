/** Jobs in memory, in the order of a number; those of equal numbers in the order they came. */
import type { NewJob } from './jobs.ts';

export interface HeldJob extends NewJob {
  readonly id: number;
  readonly publishId: number;
  turn: number;
  runAt: number;
  claims: number;
}

export class SortedJobs {
  readonly #jobs: HeldJob[] = [];
  readonly #order: (job: HeldJob) => number;

  constructor(order: (job: HeldJob) => number) {
    this.#order = order;
  }

  get length(): number {
    return this.#jobs.length;
  }

  get first(): HeldJob | undefined {
    return this.#jobs[0];
  }

  add(job: HeldJob): void {
    this.#jobs.splice(this.#placeOf(this.#order(job)), 0, job);
  }

  shift(): HeldJob | undefined {
    return this.#jobs.shift();
  }

  /** Takes out the jobs of a publish. */
  extract(publishId: number): HeldJob[] {
    const found = this.#jobs.filter((job) => job.publishId === publishId);
    if (found.length === 0) return found;
    const rest = this.#jobs.filter((job) => job.publishId !== publishId);
    this.#jobs.splice(0, this.#jobs.length, ...rest);
    return found;
  }

  /** Behind everything that is not greater. */
  #placeOf(number: number): number {
    let from = 0;
    let to = this.#jobs.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const there = this.#jobs[middle];
      if (there !== undefined && this.#order(there) <= number) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
