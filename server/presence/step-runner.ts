/**
 * Takes the steps that make Redis agree with what this node wants to contribute: one at a time for each thing, in the
 * order asked for. A step that fails is noted as owed, and made up for when Redis is back.
 */
import type { Membership } from '../cluster/membership.ts';
import { InOrder } from '../lib/in-order.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Contribution, Contributions } from './contributions.ts';
import type { Actor, PresenceSteps } from './presence-steps.ts';
import { SweptError } from './presence-steps.ts';

export interface StepRunnerPorts {
  readonly steps: PresenceSteps;
  readonly contributions: Contributions;
  readonly membership: Membership;
  readonly log: OccasionalLog;
  /** Done when steps can be taken; undefined if they can now. Rejects with `Unavailable` when that takes too long. */
  readonly whenReady: () => Promise<void> | undefined;
  /** Called when a step found this node swept. */
  readonly onSwept: () => void;
}

export class StepRunner {
  readonly #ports: StepRunnerPorts;
  readonly #inOrder = new InOrder();
  /** Things of which Redis may have something else than this node wants. */
  readonly #owed = new Set<Contribution>();
  #holding = false;

  constructor(ports: StepRunnerPorts) {
    this.#ports = ports;
  }

  /**
   * Takes a step, when Redis is there.
   * @param written what Redis has of it afterwards
   * @throws Unavailable, SweptError: the step is owed from then on
   */
  take<T>(one: Contribution, written: number, step: (actor: Actor) => Promise<T>): Promise<T> {
    return this.#inOrder.run(one.field, async () => {
      await this.#ports.whenReady();
      return this.#take(one, written, step);
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
    return step({ nodeId: this.#ports.membership.nodeId, mode: 'live' });
  }

  /** Redis may have something else of it than is wanted. */
  owe(one: Contribution): void {
    this.#owed.add(one);
  }

  /** From here on nothing is taken away, until `repair`: others may still be putting back what Redis has lost. */
  hold(): void {
    this.#holding = true;
  }

  /** Takes the steps that are owed. */
  repair(): void {
    this.#holding = false;
    const owed = [...this.#owed];
    this.#owed.clear();
    for (const one of owed) {
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
        await this.#take(one, lost, ({ nodeId }) => this.#make(one, { nodeId, mode: 'quiet' }, lost));
      }
      if (one.wanted !== lost) this.#owed.add(one);
    });
  }

  #agree(one: Contribution): Promise<void> {
    const { wanted } = one;
    return this.#take(one, wanted, (actor) => this.#make(one, actor, wanted));
  }

  async #take<T>(one: Contribution, written: number, step: (actor: Actor) => Promise<T>): Promise<T> {
    const { membership, contributions, onSwept } = this.#ports;
    try {
      const result = await step({ nodeId: membership.nodeId, mode: 'live' });
      one.written = written;
      one.certain = true;
      if (one.wanted === written) this.#owed.delete(one);
      contributions.settle(one);
      return result;
    } catch (error) {
      one.certain = false;
      this.#owed.add(one);
      if (error instanceof SweptError) onSwept();
      throw error;
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
