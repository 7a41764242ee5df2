/**
 * Nodes that Redis has forgotten, as one that came back without its data does. Those that live notice, take a new id each,
 * and put back what is theirs; this waits until all that were known have done so, or are taken for dead, and sweeps what
 * is left of the ids that are over: on a Cluster other masters still have it.
 */
import type { Logger } from '../lib/logger.ts';
import type { Script, ScriptArgument } from '../redis/scripts.ts';
import type { LeaseEvents } from './lease-events.ts';
import { CLAIM_SWEEP, FINISH_SWEEP, MISSING, WITHDRAW } from './lease-lua.ts';

/** Milliseconds a sweep may take before another node takes it over. */
export const SWEEP_MS = 10_000;
/** Milliseconds that a swept node is remembered: one that sleeps longer finds Redis empty of it. */
export const REMEMBERED_MS = 24 * 3600 * 1000;
/** What missing nodes may have had is noted when so many milliseconds are left to put back, and no later than that. */
const REMEMBER_MS = { from: 2000, to: 500 };

export interface LeaseKeys {
  readonly leases: string;
  readonly swept: string;
  readonly sweeping: string;
  readonly restoring: string;
}

export interface ForgottenNodesPorts extends Pick<LeaseEvents, 'remember' | 'sweep'> {
  readonly run: (
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ) => Promise<unknown>;
  readonly keys: LeaseKeys;
  readonly logger: Logger;
}

export class ForgottenNodes {
  readonly #ports: ForgottenNodesPorts;
  /** Ids that this node had, and whether others know that they are over. */
  readonly #former = new Map<string, { isWithdrawn: boolean }>();
  /** Other nodes, of which nobody knows yet what became of them. */
  readonly #others = new Set<string>();
  #remembered = false;

  constructor(ports: ForgottenNodesPorts) {
    this.#ports = ports;
  }

  /** Redis has forgotten this node, and `others` that it knew of. */
  add(formerId: string, others: Iterable<string>): void {
    this.#former.set(formerId, { isWithdrawn: false });
    for (const other of others) this.#others.add(other);
    this.#remembered = false;
  }

  /**
   * Goes on as far as can be gone now. To be called again and again, once this node's own things are back under its new id;
   * rejects with `Unavailable`, and goes on the next time.
   * @param restoringMs milliseconds for which nodes may still be putting back
   */
  async proceed(restoringMs: number): Promise<void> {
    if (this.#former.size === 0) return;
    await this.#withdrawFormer();
    if (restoringMs === 0) await this.#sweepAll();
    else if (await this.#someAreMissing()) await this.#remember(restoringMs);
  }

  /** Others see by it that this node has put back what was its. */
  async #withdrawFormer(): Promise<void> {
    const { run, keys } = this.#ports;
    for (const [former, state] of this.#former) {
      if (state.isWithdrawn) continue;
      await run(WITHDRAW, [keys.leases, keys.swept, keys.sweeping], [former, SWEEP_MS, REMEMBERED_MS]);
      state.isWithdrawn = true;
    }
  }

  async #someAreMissing(): Promise<boolean> {
    const { run, keys } = this.#ports;
    const found = await run(MISSING, [keys.leases, keys.swept, keys.restoring], [...this.#others]);
    return (found as string[]).length > 0;
  }

  async #remember(restoringMs: number): Promise<void> {
    const former = [...this.#former.keys()].at(-1);
    if (this.#remembered || former === undefined) return;
    if (restoringMs > REMEMBER_MS.from || restoringMs < REMEMBER_MS.to) return;
    this.#remembered = true;
    await this.#ports.remember(former);
  }

  async #sweepAll(): Promise<void> {
    const { run, keys, logger } = this.#ports;
    for (const former of this.#former.keys()) {
      await this.#ports.sweep(former, 'dead');
      await run(FINISH_SWEEP, [keys.sweeping], [former]);
    }
    for (const node of this.#others) {
      const claim = [node, SWEEP_MS, REMEMBERED_MS, '1'];
      if ((await run(CLAIM_SWEEP, [keys.leases, keys.swept, keys.sweeping], claim)) === 1) {
        logger.warn({ node }, 'node is gone, and Redis has forgotten it: taking away what is left of it');
        await this.#ports.sweep(node, 'dead');
        await run(FINISH_SWEEP, [keys.sweeping], [node]);
      }
      this.#others.delete(node);
    }
    // Last, so that a failure brings us here again.
    this.#former.clear();
  }
}
