/**
 * Makes Redis and this node agree again after one of them lost something: a connection that was away, a lease that
 * lapsed, a Redis that came back empty or without its last writes. And takes away what a dead node left behind.
 */
import type { Departure, LeaseEvents } from '../cluster/lease-events.ts';
import { LEASE_MS } from '../cluster/leases.ts';
import type { Membership } from '../cluster/membership.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { SHARDS } from '../redis/keys.ts';
import type { Contribution, Contributions } from './contributions.ts';
import type { MissedNews } from './missed-news.ts';
import type { PresenceSteps } from './presence-steps.ts';
import type { RedisPresenceReads } from './redis-presence-reads.ts';
import type { RosterReplicas } from './roster-replicas.ts';
import type { StepRunner } from './step-runner.ts';

/** Steps under way at once. */
const BATCH = 200;

export interface RecoveryPorts {
  readonly steps: PresenceSteps;
  readonly reads: RedisPresenceReads;
  readonly replicas: RosterReplicas;
  readonly runner: StepRunner;
  readonly contributions: Contributions;
  readonly news: MissedNews;
  readonly membership: Membership;
  /** Marks a node as swept in one shard: what it still writes there is refused. */
  readonly close: (shard: number, nodeId: string, how: Departure) => Promise<void>;
  /** Forgets what is kept about a node in one shard, once nothing it contributed is left. */
  readonly forget: (shard: number, nodeId: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

export class PresenceRecovery implements LeaseEvents {
  readonly #ports: RecoveryPorts;
  /** Redis was away, or may have lost something: to be compared once the lease is renewed. */
  #doubtful = false;
  #comparing = false;
  /** Redis has forgotten its nodes, and they are putting back what it has lost. */
  #restoring = false;
  /** Until then other nodes may still be putting back what one of several Redis has lost. */
  #incompleteUntil = 0;

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
  }

  /** The connection is back, or some messages were missed. */
  doubt(): void {
    this.#doubtful = true;
  }

  renewed(): void {
    const { runner, replicas, news } = this.#ports;
    if (this.#doubtful && !this.#comparing) {
      this.#comparing = true;
      this.#doubtful = false;
      this.#compare()
        .catch((err: unknown) => {
          this.#doubtful = true;
          this.#ports.log.warn('compare', { err }, 'presence not compared with Redis: tried again');
        })
        .finally(() => {
          this.#comparing = false;
        });
      return;
    }
    if (!this.isComplete) {
      runner.tryHeld();
      return;
    }
    // What others have put back was announced to nobody.
    if (runner.isHolding) replicas.doubtAll();
    runner.repair();
    if (this.#comparing) return;
    replicas.compareStale();
    news.tell();
  }

  async renamed(reason: 'swept' | 'forgotten'): Promise<void> {
    const { contributions, runner, replicas } = this.#ports;
    replicas.doubtAll();
    if (reason === 'forgotten') {
      this.#ports.logger.warn({}, 'Redis has lost presence: putting it back');
      if (!(await this.#putBack([...contributions.all()])))
        throw new Unavailable('not all put back', 'unknown');
      return;
    }
    for (const one of [...contributions.all()]) {
      one.written = 0;
      one.certain = true;
      if (one.wanted > 0) runner.owe(one);
      contributions.settle(one);
    }
    if (this.isComplete) runner.repair();
  }

  restoring(): void {
    this.#restoring = true;
    this.#ports.runner.hold();
  }

  restored(): void {
    this.#restoring = false;
  }

  /** Those are members that copies of rosters here still have: swept with the former id, they are told and reported. */
  async remember(formerId: string): Promise<void> {
    const { steps, replicas, runner } = this.#ports;
    const actor = { nodeId: formerId, mode: 'remind', has: 0, epoch: runner.epoch } as const;
    const options = { socketId: '', maxMembers: 0, wantsRoster: false };
    for await (const { appId, channel, members } of replicas.notInRedis()) {
      for (let at = 0; at < members.length; at += BATCH) {
        const batch = members.slice(at, at + BATCH);
        await Promise.all(batch.map((member) => steps.join(actor, appId, channel, member, options)));
      }
    }
  }

  async sweep(nodeId: string, how: Departure): Promise<void> {
    const { close, reads, forget } = this.#ports;
    for (let shard = 0; shard < SHARDS; shard += 1) {
      await close(shard, nodeId, how);
      const fields = Object.keys(await reads.contributed(shard, nodeId));
      // Members first, then counts: a channel is vacated after its last member has gone.
      fields.sort((a, b) => 'mcu'.indexOf(a[0] ?? '') - 'mcu'.indexOf(b[0] ?? ''));
      for (let at = 0; at < fields.length; at += BATCH) {
        await Promise.all(fields.slice(at, at + BATCH).map((field) => this.#takeAway(nodeId, field)));
      }
      await forget(shard, nodeId);
    }
  }

  /** Compares what Redis has of this node with what it should have. */
  async #compare(): Promise<void> {
    const { steps, contributions, membership, replicas, runner } = this.#ports;
    const { nodeId } = membership;
    const lost: Contribution[] = [];
    const isSettled = ({ certain, written, turns }: Contribution): boolean =>
      certain && written > 0 && turns % 2 === 0;
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const before = new Map<Contribution, number>();
      for (const one of contributions.of(shard)) if (isSettled(one)) before.set(one, one.turns);
      const present = await steps.fence(nodeId, runner.epoch, shard);
      const missing = [...contributions.of(shard)].filter(({ field }) => present[field] === undefined);
      // What is missing for certain says that Redis has lost something here; else doubtful steps were taken, or not. A
      // step that was answered together with this question says nothing.
      if (missing.some((one) => isSettled(one) && before.get(one) === one.turns)) lost.push(...missing);
      else for (const one of missing) runner.owe(one);
      for (const [field, value] of Object.entries(present)) {
        const one = contributions.ofField(field);
        if (one === undefined || (one.certain && one.written === Number(value))) continue;
        one.certain = false;
        runner.owe(one);
      }
    }
    if (membership.nodeId !== nodeId) return;
    replicas.doubtAll();
    if (lost.length > 0) {
      this.#ports.logger.warn({ lost: lost.length }, 'Redis has lost presence: putting it back');
      this.#incompleteUntil = this.#ports.clock.now() + LEASE_MS;
      runner.hold();
      if (!(await this.#putBack(lost))) this.#doubtful = true;
    } else if (this.isComplete) runner.repair();
  }

  /** Whether all nodes have had the time to put back what Redis has lost. */
  get isComplete(): boolean {
    return !this.#restoring && this.#ports.clock.now() >= this.#incompleteUntil;
  }

  /** Returns whether all of it is back. New steps wait only for those about the same thing. */
  async #putBack(lost: readonly Contribution[]): Promise<boolean> {
    const { runner } = this.#ports;
    const unfinished = await Promise.all(
      lost.map((one) =>
        runner.putBack(one).then(
          () => false,
          () => true,
        ),
      ),
    );
    return !unfinished.includes(true);
  }

  async #takeAway(nodeId: string, field: string): Promise<void> {
    const { steps } = this.#ports;
    const actor = { nodeId, mode: 'sweep', has: 0, epoch: 0 } as const;
    const [appId = '', name = '', ...rest] = field.slice(1).split('\n');
    switch (field[0]) {
      case 'm':
        await steps.leave(actor, appId, name, rest.join('\n'));
        break;
      case 'c':
        await steps.count(actor, appId, name, 0, undefined);
        break;
      case 'u':
        await steps.signedOut(actor, appId, [name, ...rest].join('\n'));
        break;
    }
  }
}
