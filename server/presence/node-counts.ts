/**
 * This node's subscription counts on their way to Redis: at once where a channel becomes occupied or vacated and where
 * subscribers are told each change, else a moment later with what came in meanwhile. Whoever joined or left waits for that,
 * so that a backend that asks then is told a count with it.
 */
import type { Clock } from '../lib/clock.ts';
import type { Contribution, Contributions } from './contributions.ts';
import { COUNT_INTERVAL_MS, FEW_SUBSCRIBERS } from './count-announcements.ts';
import type { PresenceSteps } from './presence-steps.ts';
import type { Counted } from './presence-store.ts';
import type { StepRunner } from './step-runner.ts';

/** Milliseconds in which changes are gathered where there are many subscribers, and where nobody is told counts at all. */
const OF_MANY_MS = 10;
const UNTOLD_MS = 100;

export interface NodeCountPorts {
  readonly steps: PresenceSteps;
  readonly runner: StepRunner;
  readonly contributions: Contributions;
  readonly clock: Clock;
}

export class NodeCounts {
  readonly #ports: NodeCountPorts;
  /** The cluster's counts as last heard of, of channels with many subscribers. */
  readonly #large = new Map<Contribution, number>();
  /** Counts to be written in a moment. */
  readonly #gathering = new Map<Contribution, Promise<void>>();
  readonly #telling = new Set<Contribution>();

  constructor(ports: NodeCountPorts) {
    this.#ports = ports;
  }

  /** See `PresenceStore.subscribed`. */
  async changed(appId: string, channel: string, count: number, joiner: string | undefined): Promise<Counted> {
    const { contributions, runner, steps } = this.#ports;
    const one = contributions.count(appId, channel);
    const isEdge = one.wanted === 0 || count === 0;
    one.wanted = count;
    one.wishes += 1;
    if (!isEdge && !steps.countsMatter(appId)) {
      void this.#gathered(one, UNTOLD_MS);
      return { subscriptions: count, told: false };
    }
    if (!isEdge && this.#large.has(one)) {
      await this.#gathered(one, OF_MANY_MS);
      return { subscriptions: this.#large.get(one) ?? one.wanted, told: false };
    }
    if (count === 0) {
      this.#large.delete(one);
      await runner.takeAway(one, (actor) => steps.count(actor, appId, channel, 0, undefined));
      return { subscriptions: 0, told: false };
    }
    try {
      return await this.#write(one, count, joiner);
    } catch (error) {
      if (isEdge) throw error;
      // If it was done after all, all but the joiner are told, who is to hear that announcement too.
      return { subscriptions: count, told: steps.tellsCount(appId, channel) };
    }
  }

  async #write(one: Contribution, count: number, joiner: string | undefined): Promise<Counted> {
    const { runner, steps } = this.#ports;
    const { appId, name } = one;
    const counted = await runner.take(one, count, (actor) => steps.count(actor, appId, name, count, joiner));
    // Given up meanwhile, it is not to be kept here.
    if (counted.subscriptions > FEW_SUBSCRIBERS && one.wanted > 0) {
      this.#large.set(one, counted.subscriptions);
      if (!counted.told) this.#tellLater(one);
    } else this.#large.delete(one);
    return counted;
  }

  /** Done when the count has been written with what else comes in within `ms`, or couldn't be. Never rejects. */
  #gathered(one: Contribution, ms: number): Promise<void> {
    let gathered = this.#gathering.get(one);
    if (gathered === undefined) {
      gathered = this.#ports.clock.pause(ms).then(async () => {
        this.#gathering.delete(one);
        // Written meanwhile, if it is 0.
        if (one.wanted > 0) await this.#write(one, one.wanted, undefined).catch(() => undefined);
      });
      this.#gathering.set(one, gathered);
    }
    return gathered;
  }

  /** After the interval either this count is told, or somebody has told a later one. */
  #tellLater(one: Contribution): void {
    const { steps, runner, clock } = this.#ports;
    if (!steps.tellsCount(one.appId, one.name) || this.#telling.has(one)) return;
    this.#telling.add(one);
    clock.after(COUNT_INTERVAL_MS, () => {
      this.#telling.delete(one);
      if (one.wanted === 0) return;
      runner.read((actor) => steps.tellCount(actor, one.appId, one.name)).catch(() => undefined);
    });
  }
}
