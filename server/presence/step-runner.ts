/**
 * Takes the steps that make Redis agree with what this node wants to contribute: one at a time for each thing, in the
 * order asked for. A step that fails is noted as owed, and made up for when Redis is back.
 */
import type { Membership } from '../cluster/membership.ts';
import type { Clock } from '../lib/clock.ts';
import { InOrder } from '../lib/in-order.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { Waiters } from '../redis/waiters.ts';
import type { Contribution, Contributions } from './contributions.ts';
import type { Actor, PresenceSteps } from './presence-steps.ts';
import { HeldError, LostError, SweptError } from './presence-steps.ts';

export interface StepRunnerPorts {
  readonly steps: PresenceSteps;
  readonly contributions: Contributions;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly log: OccasionalLog;
  /** Milliseconds that a beginning waits at most while others may be putting it back. */
  readonly waitMs: number;
  /** Done when steps can be taken; undefined if they can now. Rejects with `Unavailable` when that takes too long. */
  readonly whenReady: () => Promise<void> | undefined;
  /** Called when a step found this node swept. */
  readonly onSwept: () => void;
  /** Called when a step found that Redis has lost something. */
  readonly onLost: () => void;
}

export class StepRunner {
  readonly #ports: StepRunnerPorts;
  readonly #inOrder = new InOrder();
  /** Things of which Redis may have something else than this node wants. */
  readonly #owed = new Set<Contribution>();
  #holding = false;
  /** Beginnings that may be none. */
  readonly #held = new Waiters();
  #epoch = 1;

  constructor(ports: StepRunnerPorts) {
    this.#ports = ports;
  }

  /** See `Actor`. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Takes a step, when Redis is there.
   * @param written what Redis has of it afterwards
   * @throws Unavailable, SweptError: the step is owed from then on
   */
  take<T>(one: Contribution, written: number, step: (actor: Actor) => Promise<T>): Promise<T> {
    // Everybody's wait begins now: of those about one thing, the last would else wait as often as there are others.
    const ready = this.#ports.whenReady();
    ready?.catch(() => undefined);
    const run = async (): Promise<T> => {
      try {
        await ready;
      } catch (error) {
        this.#owed.add(this.#ports.contributions.current(one));
        throw error;
      }
      return this.#take(one, written, step);
    };
    return this.#inOrder.run(one.field, run).catch((error: unknown) => {
      if (!(error instanceof HeldError)) throw error;
      return this.#takeLater(one, () => this.#inOrder.run(one.field, run));
    });
  }

  /** The same for a step that takes the thing away: nobody has to wait for it, because it is made up for. */
  async takeAway(one: Contribution, step: (actor: Actor) => Promise<unknown>): Promise<void> {
    if (this.#holding) {
      this.#owed.add(one);
      return;
    }
    try {
      await this.#inOrder.run(one.field, () => this.#take(one, 0, step));
    } catch (err) {
      this.#ports.log.warn('presence', { err }, 'presence not written: it will be made up for');
    }
  }

  /** Takes a step that contributes nothing. */
  read<T>(step: (actor: Actor) => Promise<T>): Promise<T> {
    return step({ nodeId: this.#ports.membership.nodeId, mode: 'live', has: 0, epoch: this.#epoch });
  }

  /** Redis may have something else of it than is wanted. */
  owe(one: Contribution): void {
    this.#owed.add(one);
  }

  /**
   * From here on nothing is taken away and nothing begins, until `repair`: others may still be putting back what Redis
   * has lost.
   */
  hold(): void {
    this.#holding = true;
  }

  get isHolding(): boolean {
    return this.#holding;
  }

  /** Looks whether what is held has been put back by others, so that it is no beginning. */
  tryHeld(): void {
    this.#held.settle();
  }

  /** Takes the steps that are owed. */
  repair(): void {
    this.#holding = false;
    this.#held.settle();
    const owed = [...this.#owed];
    this.#owed.clear();
    for (const former of owed) {
      const one = this.#ports.contributions.current(former);
      this.#inOrder
        .run(one.field, async () => {
          if (!one.certain || one.written !== one.wanted) await this.#agree(one);
          else this.#ports.contributions.settle(one);
        })
        // Owed again.
        .catch(() => undefined);
    }
  }

  /**
   * Redis has lost it: puts it back without anybody's hearing of it. What this node has not wanted any more since then
   * is put back too, and owed: nobody has heard of that yet.
   */
  async putBack(one: Contribution): Promise<void> {
    await this.#inOrder.run(one.field, async () => {
      const lost = one.written === 0 ? 0 : Math.max(one.wanted, 1);
      one.written = 0;
      one.certain = true;
      if (lost > 0) {
        const putBack = (actor: Actor): Promise<void> =>
          this.#make(one, { ...actor, mode: 'quiet', has: 0 }, lost);
        try {
          await this.#take(one, lost, putBack);
        } catch (error) {
          // To be put back still, at the next attempt.
          this.#ports.contributions.current(one).written = lost;
          throw error;
        }
      }
      if (one.wanted !== lost) this.#owed.add(one);
    });
  }

  #agree(one: Contribution): Promise<void> {
    const { wanted } = one;
    return this.#take(one, wanted, (actor) => this.#make(one, actor, wanted));
  }

  async #take<T>(one: Contribution, written: number, step: (actor: Actor) => Promise<T>): Promise<T> {
    const { membership, contributions, onSwept, onLost } = this.#ports;
    const { nodeId } = membership;
    const has = one.certain ? one.written : 0;
    const mode = this.#holding ? 'held' : 'live';
    one.turns += 1;
    try {
      const result = await step({ nodeId, mode, has, epoch: this.#epoch });
      const current = contributions.current(one);
      // What was contributed under an id that is over meanwhile is swept with it.
      current.written = membership.nodeId === nodeId ? written : 0;
      current.certain = true;
      if (current !== one) current.turns += 2;
      if (current.wanted === current.written) this.#owed.delete(current);
      else if (current !== one || current.written !== written) this.#owed.add(current);
      contributions.settle(current);
      return result;
    } catch (error) {
      if (error instanceof HeldError) throw error;
      const current = contributions.current(one);
      this.#owed.delete(one);
      this.#owed.add(current);
      if (error instanceof LostError) {
        // Nothing was done: that it is missing says what has to be put back.
        onLost();
        throw error;
      }
      if (error instanceof Unavailable && error.done === 'unknown') this.#epoch += 1;
      current.certain = false;
      if (error instanceof SweptError) onSwept();
      throw error;
    } finally {
      one.turns += 1;
    }
  }

  /** Tries again until it is known that it is no repetition of what Redis has lost. What is put back goes first. */
  async #takeLater<T>(one: Contribution, take: () => Promise<T>): Promise<T> {
    const { clock, waitMs } = this.#ports;
    const end = clock.now() + waitMs;
    const late = (): Error => {
      this.#owed.add(one);
      return new Unavailable('Redis has lost its data, and nodes are still putting back theirs', 'no');
    };
    for (;;) {
      if (this.#holding) await this.#held.wait(Math.max(0, end - clock.now()), clock, late);
      try {
        return await take();
      } catch (error) {
        if (!(error instanceof HeldError)) throw error;
      }
    }
  }

  /** Makes Redis have `wanted` of it. */
  async #make(one: Contribution, actor: Actor, wanted: number): Promise<void> {
    const { steps } = this.#ports;
    const { kind, appId, name, member, userId } = one;
    switch (kind) {
      case 'count':
        await steps.count(actor, appId, name, wanted, undefined);
        break;
      case 'member':
        if (wanted === 0) await steps.leave(actor, appId, name, userId);
        else if (member !== undefined) {
          // The place was given away once: it is not asked for again.
          await steps.join(actor, appId, name, member, { socketId: '', maxMembers: 0, wantsRoster: false });
        }
        break;
      case 'user':
        await (wanted === 0 ? steps.signedOut(actor, appId, name) : steps.signedIn(actor, appId, name));
        break;
    }
  }
}
