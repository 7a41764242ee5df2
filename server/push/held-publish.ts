/** One publish in memory, with what became of it. */

import type { ProviderName } from './device.ts';
import type { Page, PageQuery } from './device-store.ts';
import type { NewJob } from './jobs.ts';
import { type CountedOutcomes, classifyUsers, countByProvider, deviceIdOf } from './outcome-summaries.ts';
import type { Outcome, PublishCounts, PublishReport, PublishStatus } from './publish.ts';
import type { FinishedPublish, NewOutcome, NewReceipt, QueuedPublish, Settlement } from './push-queue.ts';

interface KeptOutcome extends NewOutcome {
  readonly at: number;
}

export class HeldPublish {
  readonly publish: QueuedPublish;
  status: PublishStatus;
  finishedAt: number | undefined;
  /** Of the last job that was ready at once. */
  turn: number;
  /** Jobs not settled, notifications aside. */
  openJobs: number;
  #targeted: number;
  #cutShort = false;
  readonly #outcomes = new Map<string, KeptOutcome>();
  /** Times of receipts by kind and device. */
  readonly #receipts = new Map<string, number>();

  constructor(publish: QueuedPublish, jobs: readonly NewJob[], targeted: number) {
    this.publish = publish;
    const scheduled = jobs.every(({ runAt }) => runAt > publish.createdAt);
    this.status = scheduled ? 'scheduled' : 'running';
    this.turn = publish.createdAt;
    this.openJobs = jobs.length;
    this.#targeted = targeted;
  }

  get size(): number {
    return this.#outcomes.size;
  }

  /** Notes what came of a job; returns how many outcomes were new. */
  settle({ outcomes, next, targeted, cutShort, at }: Settlement): number {
    const before = this.#outcomes.size;
    for (const outcome of outcomes) {
      if (!this.#outcomes.has(outcome.recipient)) this.#outcomes.set(outcome.recipient, { ...outcome, at });
    }
    this.openJobs += next.length - 1;
    this.#targeted += targeted;
    this.#cutShort ||= cutShort;
    if (this.status === 'scheduled') this.status = 'running';
    return this.#outcomes.size - before;
  }

  finish(at: number): void {
    this.finishedAt = at;
    if (this.status === 'cancelled') return;
    this.status = this.#cutShort || this.#count('expired') > 0 ? 'expired' : 'finished';
  }

  cancel(): boolean {
    if (this.status !== 'scheduled' && this.status !== 'running') return false;
    this.status = 'cancelled';
    return true;
  }

  /** False if it is known. */
  receive({ kind, deviceId, at }: NewReceipt): boolean {
    const key = `${kind} ${deviceId}`;
    if (this.#receipts.has(key)) return false;
    this.#receipts.set(key, at);
    return true;
  }

  report(): PublishReport {
    const { publicId, door, createdAt } = this.publish;
    const { status, finishedAt } = this;
    return { publicId, door, status, createdAt, finishedAt, counts: this.#counts() };
  }

  outcomes({ after, limit }: PageQuery): Page<Outcome> {
    const keys = [...this.#outcomes.keys()].filter((key) => after === undefined || key > after).sort();
    const items = keys.slice(0, limit).flatMap((key) => {
      const outcome = this.#outcomes.get(key);
      return outcome === undefined ? [] : [this.#reported(outcome)];
    });
    return { items, hasMore: keys.length > limit };
  }

  finished(): FinishedPublish {
    const { appId, publicId, door, target, publishWebhook } = this.publish;
    const outcomes = [...this.#outcomes.values()];
    const ofUsers = outcomes.flatMap(({ user, status }) => (user === undefined ? [] : [{ user, status }]));
    return {
      appId,
      publicId,
      door,
      target,
      publishWebhook,
      status: this.status,
      counts: this.#counts(),
      byProvider: countByProvider(outcomes.map(once)),
      users: target.kind === 'users' ? classifyUsers(target.users, ofUsers) : undefined,
    };
  }

  #reported({ recipient, ...outcome }: KeptOutcome): Outcome {
    return {
      ...outcome,
      key: recipient,
      deviceId: deviceIdOf(recipient),
      deliveredAt: this.#receipts.get(`delivered ${recipient}`),
      openedAt: this.#receipts.get(`opened ${recipient}`),
    };
  }

  #counts(): PublishCounts {
    const kinds = [...this.#receipts.keys()];
    return {
      targeted: this.#targeted,
      sent: this.#count('sent'),
      failed: this.#count('failed') + this.#count('dead'),
      dead: this.#count('dead'),
      skipped: this.#count('skipped'),
      expired: this.#count('expired'),
      cancelled: this.#count('cancelled'),
      delivered: kinds.filter((key) => key.startsWith('delivered ')).length,
      opened: kinds.filter((key) => key.startsWith('opened ')).length,
    };
  }

  #count(status: Outcome['status']): number {
    let count = 0;
    for (const outcome of this.#outcomes.values()) if (outcome.status === status) count += 1;
    return count;
  }
}

const once = ({
  provider,
  status,
}: {
  provider: ProviderName;
  status: Outcome['status'];
}): CountedOutcomes => ({
  provider,
  status,
  count: 1,
});
