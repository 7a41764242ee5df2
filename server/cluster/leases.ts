/**
 * This node's lease: renewed every second, seen by all. A node whose lease lapses is swept by whichever other node sees
 * it first; one that finds itself swept, or Redis empty, takes a new id and contributes everything anew.
 */
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Script, ScriptArgument } from '../redis/scripts.ts';
import { CLAIM_SWEEP, FINISH_SWEEP, RENEW, WITHDRAW } from './lease-lua.ts';
import type { Membership } from './membership.ts';

/** Milliseconds between two renewals. */
const BEAT_MS = 1000;
/** Milliseconds without renewal after which a node counts as dead. */
export const LEASE_MS = 4000;
/** Milliseconds a sweep may take before another node takes it over. */
const SWEEP_MS = 10_000;
/** Milliseconds that a swept node is remembered: one that sleeps longer finds Redis empty of it. */
const REMEMBERED_MS = 24 * 3600 * 1000;

/** How a node came to be swept: `dead` if its lease lapsed, `left` if it gave it up. */
export type Departure = 'dead' | 'left';

/** What the node learns about itself. */
export interface LeaseEvents {
  /** The lease was renewed. */
  renewed(): void;
  /**
   * The node goes on under a new id: others swept it (`swept`), or Redis has forgotten it (`forgotten`).
   * Done when everything is contributed under the new id.
   */
  renamed(reason: 'swept' | 'forgotten'): Promise<void>;
  /** Takes away all that a node contributed which is gone. May be asked for twice. */
  sweep(nodeId: string, how: Departure): Promise<void>;
}

export interface LeasePorts {
  readonly run: (
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ) => Promise<unknown>;
  readonly keys: { readonly leases: string; readonly swept: string; readonly sweeping: string };
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

export class Leases implements Membership {
  readonly #ports: LeasePorts;
  readonly #listeners: Array<() => void> = [];
  readonly #sweeps = new Set<string>();
  #nodeId: string;
  #live: readonly string[] = [];
  #events: LeaseEvents | undefined;
  #stopBeating: () => void = () => undefined;
  #beating = false;
  #stopped = false;
  /** The id has no lease yet. */
  #isNew = true;
  /** Why the id is a new one: told once it has its lease. */
  #renamed: Parameters<LeaseEvents['renamed']>[0] | undefined;
  /** Ids that Redis had forgotten and that are still to be swept. */
  readonly #former = new Set<string>();
  /** When the renewals began that have not failed since. */
  #steadySince = Number.POSITIVE_INFINITY;
  #renewedAt = 0;
  #safeUntil = 0;

  constructor(ports: LeasePorts) {
    this.#ports = ports;
    this.#nodeId = ports.ids.uniqueId();
  }

  get nodeId(): string {
    return this.#nodeId;
  }

  get safeUntil(): number {
    return this.#safeUntil;
  }

  live(): readonly string[] {
    return this.#live;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Takes the first lease; rejects when Redis doesn't answer. */
  async start(events: LeaseEvents): Promise<void> {
    this.#events = events;
    await this.#renew();
    this.#stopBeating = this.#ports.clock.every(BEAT_MS, () => this.beat());
  }

  /** Renews now, beside the regular times: after Redis was away. */
  beat(): void {
    if (this.#beating || this.#stopped) return;
    this.#beating = true;
    this.#renew()
      .catch((error: unknown) => {
        this.#steadySince = Number.POSITIVE_INFINITY;
        this.#ports.log.warn('lease', { err: error }, 'lease not renewed');
      })
      .finally(() => {
        this.#beating = false;
      });
  }

  /** Gives the lease up, and lets the node's contributions be swept at once: by itself, or whoever comes first. */
  async withdraw(): Promise<void> {
    this.#stopped = true;
    this.#stopBeating();
    const { run, keys } = this.#ports;
    const node = this.#nodeId;
    await run(WITHDRAW, [keys.leases, keys.swept, keys.sweeping], [node, SWEEP_MS, REMEMBERED_MS]);
    // Gone in good order: what it still delivers nobody takes away from it.
    this.#safeUntil = Number.POSITIVE_INFINITY;
    await this.#events?.sweep(node, 'left');
    await this.#finish(node);
  }

  stop(): void {
    this.#stopped = true;
    this.#stopBeating();
  }

  async #renew(): Promise<void> {
    const { run, keys, clock } = this.#ports;
    const isNew = this.#isNew ? '1' : '0';
    const sentAt = clock.now();
    const reply = await run(RENEW, [keys.leases, keys.swept, keys.sweeping], [this.#nodeId, LEASE_MS, isNew]);
    if (this.#stopped) return;
    const [result, live, dead] = reply as [string, string[]?, string[]?];
    if (result !== 'ok') {
      this.#rename(result === 'swept' ? 'swept' : 'forgotten');
      return this.#renew();
    }
    this.#isNew = false;
    const now = clock.now();
    // While Redis was away, or this machine asleep, nobody could renew: all get the time of a lease to do so.
    if (this.#steadySince > now || now - this.#renewedAt > LEASE_MS) this.#steadySince = now;
    this.#renewedAt = now;
    this.#safeUntil = sentAt + LEASE_MS;
    this.#learn(live ?? []);
    const renamed = this.#renamed;
    this.#renamed = undefined;
    if (renamed === undefined) this.#events?.renewed();
    else await this.#events?.renamed(renamed);
    await this.#sweepFormer();
    if (now - this.#steadySince >= LEASE_MS) for (const node of dead ?? []) this.#sweep(node);
  }

  #rename(reason: 'swept' | 'forgotten'): void {
    const { ids, logger } = this.#ports;
    const former = this.#nodeId;
    this.#nodeId = ids.uniqueId();
    this.#isNew = true;
    this.#renamed = reason;
    if (reason === 'forgotten') this.#former.add(former);
    this.#safeUntil = 0;
    this.#steadySince = Number.POSITIVE_INFINITY;
    logger.warn({ reason, former, nodeId: this.#nodeId }, 'lease lost: contributing everything anew');
  }

  /** What was contributed under an id before Redis was found to have forgotten it. What fails is tried again next time. */
  async #sweepFormer(): Promise<void> {
    const { run, keys } = this.#ports;
    for (const former of this.#former) {
      await run(WITHDRAW, [keys.leases, keys.swept, keys.sweeping], [former, SWEEP_MS, REMEMBERED_MS]);
      await this.#events?.sweep(former, 'dead');
      await this.#finish(former);
      this.#former.delete(former);
    }
  }

  #learn(live: readonly string[]): void {
    if (live.join() === this.#live.join()) return;
    this.#live = live;
    for (const listener of this.#listeners) listener();
  }

  #sweep(dead: string): void {
    if (this.#sweeps.has(dead) || dead === this.#nodeId) return;
    this.#sweeps.add(dead);
    this.#sweepNow(dead)
      .catch((error: unknown) => {
        this.#ports.log.warn('sweep', { err: error, node: dead }, 'sweep not finished');
      })
      .finally(() => this.#sweeps.delete(dead));
  }

  async #sweepNow(dead: string): Promise<void> {
    const { run, keys, logger } = this.#ports;
    const claim = [dead, SWEEP_MS, REMEMBERED_MS];
    if ((await run(CLAIM_SWEEP, [keys.leases, keys.swept, keys.sweeping], claim)) !== 1) return;
    logger.warn({ node: dead }, 'node is gone: taking away what it contributed');
    await this.#events?.sweep(dead, 'dead');
    await this.#finish(dead);
    logger.info({ node: dead }, 'node swept');
  }

  async #finish(node: string): Promise<void> {
    await this.#ports.run(FINISH_SWEEP, [this.#ports.keys.sweeping], [node]);
  }
}
