/**
 * The leases of the jobs under way on a node. They are prolonged while the jobs are worked at; a job whose lease is lost,
 * because the node stood still or the queue could not be reached, sends nothing more: somebody else may have it.
 */
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Job } from './jobs.ts';
import type { PushQueue } from './push-queue.ts';

/** Leases are prolonged so often in their time. */
const EXTENSIONS_PER_LEASE = 4;
/** Milliseconds for which a job's lease is prolonged at most: no job that works takes nearly as long. */
const LONGEST_JOB_MS = 15 * 60_000;

export interface JobLeasesPorts {
  readonly queue: Pick<PushQueue, 'extend'>;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

interface Held {
  readonly abort: AbortController;
  /** Milliseconds since the epoch, as is `until`. */
  readonly since: number;
  until: number;
  lost: boolean;
}

export class JobLeases {
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #ports: JobLeasesPorts;
  readonly #held = new Map<Job, Held>();
  #lostAt = Number.NEGATIVE_INFINITY;
  /** Undefined while there is nothing to prolong. */
  #cancel: (() => void) | undefined;

  /** @param owner under which the jobs are claimed */
  constructor(owner: string, leaseMs: number, ports: JobLeasesPorts) {
    this.#owner = owner;
    this.#leaseMs = leaseMs;
    this.#ports = ports;
  }

  /** Milliseconds since the epoch at which a lease was last found to be over. */
  get lostAt(): number {
    return this.#lostAt;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * @param until milliseconds since the epoch
   * @returns aborted when the lease is lost, or by `abort`: what is not sent yet is not to be sent
   */
  hold(job: Job, until: number): AbortSignal {
    const abort = new AbortController();
    this.#held.set(job, { abort, since: this.#ports.clock.now(), until, lost: false });
    this.#cancel ??= this.#ports.clock.every(this.#leaseMs / EXTENSIONS_PER_LEASE, () => void this.prolong());
    return abort.signal;
  }

  /** The job is over. */
  drop(job: Job): void {
    this.#held.delete(job);
    if (this.#held.size === 0) this.stop();
  }

  /** Nothing more is to be sent. Leases are prolonged all the same, until the jobs are over. */
  abort(): void {
    for (const { abort } of this.#held.values()) abort.abort();
  }

  /** Aborts what has lost its lease. */
  look(): void {
    const now = this.#ports.clock.now();
    for (const held of this.#held.values()) {
      if (held.lost || (held.until > now && now - held.since <= LONGEST_JOB_MS)) continue;
      lose(held);
      this.#lostAt = now;
    }
  }

  /** Prolongs what has not been lost. Never rejects. */
  async prolong(): Promise<void> {
    const { queue, clock, log } = this.#ports;
    this.look();
    const asked = [...this.#held].filter(([, { lost }]) => !lost);
    if (asked.length === 0) return;
    const until = clock.now() + this.#leaseMs;
    try {
      const ids = asked.map(([{ id }]) => id);
      const kept = new Set(await queue.extend(this.#owner, ids, until));
      for (const [{ id }, held] of asked) {
        if (kept.has(id)) held.until = until;
        else lose(held);
      }
    } catch (error) {
      log.warn('extend', { err: error }, 'leases of push jobs could not be prolonged');
    }
  }
}

function lose(held: Held): void {
  held.lost = true;
  held.abort.abort();
}
