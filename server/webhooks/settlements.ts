/** What has been dealt with of a shard and is still to be noted in the store: kept until it is, over all failures. */
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Settlement, ShardStore } from './shard-store.ts';

export interface SettlementPorts {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

type After = Settlement['after'];

/** Entries in one step. */
const PAGE = 500;
const RETRY_MS = 1000;

export class Settlements {
  readonly #shard: number;
  readonly #ports: SettlementPorts;
  readonly #settled = new Set<string>();
  /** Entry → endpoints that have had it, while others have not. */
  readonly #progress = new Map<string, ReadonlySet<string>>();
  #after: () => After = () => 'keep';
  #wanted = false;
  #running: Promise<boolean> | undefined;

  constructor(shard: number, ports: SettlementPorts) {
    this.#shard = shard;
    this.#ports = ports;
  }

  get isEmpty(): boolean {
    return this.#settled.size === 0 && this.#progress.size === 0;
  }

  /** Whether an entry is settled, though the store may not know. */
  includes(entry: string): boolean {
    return this.#settled.has(entry);
  }

  /** The endpoints that have had an entry, as far as the store may not know. */
  progressOf(entry: string): ReadonlySet<string> {
    return this.#progress.get(entry) ?? new Set();
  }

  settled(entry: string): void {
    this.#progress.delete(entry);
    this.#settled.add(entry);
  }

  /** @param before endpoints that have had it when it was read */
  progressed(entry: string, endpoint: string, before: readonly string[]): void {
    this.#progress.set(entry, new Set([...before, ...this.progressOf(entry), endpoint]));
  }

  /**
   * Notes everything, what comes in the same turn as well.
   * @param after what is to become of the shard, asked at the last moment
   * @returns whether the shard was given up; rejects when the store fails: then it is tried again by itself
   */
  flush(after: () => After): Promise<boolean> {
    this.#after = after;
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<boolean> {
    // What one request has carried is settled together.
    await undefined;
    let released = false;
    while (this.#wanted) {
      this.#wanted = false;
      released = await this.#note();
    }
    return released;
  }

  async #note(): Promise<boolean> {
    const settled = [...this.#settled].slice(0, PAGE);
    const progress = new Map([...this.#progress].map(([entry, done]) => [entry, [...done]]));
    if (settled.length < this.#settled.size) this.#wanted = true;
    const known = new Map(this.#progress);
    try {
      const after = this.#wanted ? 'keep' : this.#after();
      const released = await this.#ports.store.settle({ shard: this.#shard, settled, progress, after });
      for (const entry of settled) this.#settled.delete(entry);
      for (const [entry, done] of known) {
        if (this.#progress.get(entry) === done) this.#progress.delete(entry);
      }
      return released;
    } catch (error) {
      this.#ports.log.warn('', { err: error, shard: this.#shard }, 'webhooks could not be settled');
      this.#ports.clock.after(RETRY_MS, () => {
        this.flush(() => 'keep').catch(() => undefined);
      });
      throw error;
    }
  }
}
