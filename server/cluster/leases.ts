/**
 * This node's lease: renewed every second, seen by all. A node whose lease lapses is swept by whichever other node sees
 * it first; one that finds itself swept, or Redis empty, takes a new id and contributes everything anew.
 */
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { ForgottenNodes, type ForgottenNodesPorts, REMEMBERED_MS, SWEEP_MS } from './forgotten-nodes.ts';
import type { LeaseEvents } from './lease-events.ts';
import { CLAIM_SWEEP, FINISH_SWEEP, RENEW, WITHDRAW } from './lease-lua.ts';
import type { Membership } from './membership.ts';

/** Milliseconds between two renewals. */
const BEAT_MS = 1000;
/** Milliseconds without renewal after which a node counts as dead. */
export const LEASE_MS = 4000;
/** Milliseconds between two renewals while nodes put back what Redis has lost: the sooner it is over the better. */
const RESTORING_BEAT_MS = 250;

export interface LeasePorts extends Pick<ForgottenNodesPorts, 'run' | 'keys' | 'logger'> {
  /** Tells the others of a new id, so that they reckon with it from now on. */
  readonly tellNode: () => void;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: OccasionalLog;
}

export class Leases implements Membership {
  readonly #ports: LeasePorts;
  readonly #listeners: Array<() => void> = [];
  readonly #sweeps = new Set<string>();
  readonly #forgotten: ForgottenNodes;
  #nodeId: string;
  #live: readonly string[] = [];
  /** All that had a lease and are not swept yet, as of the last renewal. */
  #known: readonly string[] = [];
  #events: LeaseEvents | undefined;
  #stopBeating: () => void = () => undefined;
  #cancelSoon: () => void = () => undefined;
  #beating: Promise<void> | undefined;
  #checking: Promise<void> | undefined;
  #proceeding = false;
  #stopped = false;
  /** The id has no lease yet. */
  #isNew = true;
  /** Why the id is a new one, until everything is contributed under it. */
  #renamed: { readonly reason: Parameters<LeaseEvents['renamed']>[0] } | undefined;
  #restoring = false;
  /** When the renewals began that have not failed since. */
  #steadySince = Number.POSITIVE_INFINITY;
  #renewedAt = 0;
  #safeUntil = 0;

  constructor(ports: LeasePorts) {
    this.#ports = ports;
    this.#nodeId = ports.ids.uniqueId();
    this.#forgotten = new ForgottenNodes({
      ...ports,
      remember: async (formerId) => this.#events?.remember(formerId),
      sweep: async (nodeId, how) => this.#events?.sweep(nodeId, how),
    });
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

  /** Renews now, beside the regular times. Done when that has come to an end, whichever. */
  beat(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#beating ??= this.#renew()
      .catch((error: unknown) => {
        this.#steadySince = Number.POSITIVE_INFINITY;
        this.#ports.log.warn('lease', { err: error }, 'lease not renewed');
      })
      .finally(() => {
        this.#beating = undefined;
      });
    return this.#beating;
  }

  /** Redis was away: finds out whether it has forgotten its nodes. */
  check(): void {
    const checking = this.beat().finally(() => {
      if (this.#checking === checking) this.#checking = undefined;
    });
    this.#checking = checking;
  }

  /** Done when a check has come to an end; undefined if none is under way. Never rejects. */
  whenChecked(): Promise<void> | undefined {
    return this.#checking;
  }

  /** Gives the lease up, and lets the node's contributions be swept at once: by itself, or whoever comes first. */
  async withdraw(): Promise<void> {
    this.stop();
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
    this.#cancelSoon();
  }

  async #renew(): Promise<void> {
    const { run, keys, clock } = this.#ports;
    const isNew = this.#isNew ? '1' : '0';
    const sentAt = clock.now();
    const reply = await run(
      RENEW,
      [keys.leases, keys.swept, keys.sweeping, keys.restoring],
      [this.#nodeId, LEASE_MS, isNew],
    );
    if (this.#stopped) return;
    const [result, live = [], dead = [], restoringMs = 0] = reply as [string, string[]?, string[]?, number?];
    if (result !== 'ok') {
      this.#rename(result === 'swept' ? 'swept' : 'forgotten');
      return this.#renew();
    }
    if (this.#isNew) this.#ports.tellNode();
    this.#isNew = false;
    const now = clock.now();
    // While Redis was away, or this machine asleep, nobody could renew: all get the time of a lease to do so.
    if (this.#steadySince > now || now - this.#renewedAt > LEASE_MS) this.#steadySince = now;
    this.#renewedAt = now;
    this.#safeUntil = sentAt + LEASE_MS;
    this.#known = [...live, ...dead];
    this.#learn(live);
    this.#tell(restoringMs);
    this.#proceed(restoringMs);
    if (now - this.#steadySince >= LEASE_MS) for (const node of dead) this.#sweep(node);
  }

  #rename(reason: 'swept' | 'forgotten'): void {
    const { ids, logger } = this.#ports;
    const former = this.#nodeId;
    this.#nodeId = ids.uniqueId();
    this.#isNew = true;
    this.#renamed = { reason };
    if (reason === 'forgotten') {
      this.#forgotten.add(
        former,
        this.#known.filter((node) => node !== former),
      );
    }
    this.#safeUntil = 0;
    this.#steadySince = Number.POSITIVE_INFINITY;
    logger.warn({ reason, former, nodeId: this.#nodeId }, 'lease lost: contributing everything anew');
  }

  #tell(restoringMs: number): void {
    const isBack = this.#renamed === undefined;
    if (restoringMs > 0) {
      if (!this.#restoring) this.#events?.restoring();
      this.#restoring = true;
      this.#cancelSoon();
      this.#cancelSoon = this.#ports.clock.after(RESTORING_BEAT_MS, () => this.beat());
    } else if (this.#restoring && isBack) {
      this.#restoring = false;
      this.#events?.restored();
    }
    if (isBack) this.#events?.renewed();
  }

  /** What takes longer than the lease may wait. What fails is tried again at the next renewal. */
  #proceed(restoringMs: number): void {
    if (this.#proceeding) return;
    this.#proceeding = true;
    this.#goOn(restoringMs)
      .catch((err: unknown) => this.#ports.log.warn('anew', { err }, 'not everything contributed anew yet'))
      .finally(() => {
        this.#proceeding = false;
      });
  }

  async #goOn(restoringMs: number): Promise<void> {
    const renamed = this.#renamed;
    if (renamed !== undefined) {
      await this.#events?.renamed(renamed.reason);
      if (this.#renamed !== renamed) return;
      this.#renamed = undefined;
    }
    await this.#forgotten.proceed(restoringMs);
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
