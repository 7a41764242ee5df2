/** The push queue of a node without a database: the same promises, for as long as the process lives, and bounded. */
import type { Page, PageQuery } from './device-store.ts';
import { HeldPublish } from './held-publish.ts';
import { type Job, LANES, type Lane, laneOf, type NewJob, sizeOf } from './jobs.ts';
import type { Outcome, PublishReport } from './publish.ts';
import {
  type AcceptedPublish,
  type Claim,
  type Claimed,
  type FinishedPublish,
  IDEMPOTENCY_MS,
  type NewReceipt,
  type PushQueue,
  PushQueueFull,
  type QueuedPublish,
  type Room,
  type Settlement,
  TURN_MS,
} from './push-queue.ts';
import { type HeldJob, SortedJobs } from './sorted-jobs.ts';

export interface MemoryLimits {
  /** Jobs that are not done. */
  readonly jobs: number;
  /** Outcomes that are remembered; the oldest finished publishes are forgotten first. */
  readonly outcomes: number;
}

const LIMITS: MemoryLimits = { jobs: 100_000, outcomes: 100_000 };

interface Lease {
  readonly job: HeldJob;
  readonly owner: string;
  until: number;
}

export class MemoryPushQueue implements PushQueue {
  readonly #limits: MemoryLimits;
  /** By number, which is the order of acceptance. */
  readonly #publishes = new Map<number, HeldPublish>();
  readonly #byPublicId = new Map<string, HeldPublish>();
  readonly #byKey = new Map<string, HeldPublish>();
  readonly #waiting = new SortedJobs(({ runAt }) => runAt);
  readonly #ready = new Map<Lane, SortedJobs>(
    LANES.map((lane) => [lane, new SortedJobs(({ turn }) => turn)]),
  );
  readonly #leases = new Map<number, Lease>();
  #lastPublish = 0;
  #lastJob = 0;
  /** Outcomes, and one for each publish. */
  #remembered = 0;

  constructor(limits: MemoryLimits = LIMITS) {
    this.#limits = limits;
  }

  /** @throws PushQueueFull */
  async accept(
    publish: AcceptedPublish,
    jobs: readonly NewJob[],
    targeted: number,
  ): ReturnType<PushQueue['accept']> {
    const { appId, publicId, idempotency, createdAt } = publish;
    const key = idempotency && `${appId}\n${idempotency.key}`;
    const same = key === undefined ? undefined : this.#byKey.get(key);
    if (same !== undefined && same.publish.createdAt > createdAt - IDEMPOTENCY_MS) {
      const equal = same.publish.idempotency?.fingerprint === idempotency?.fingerprint;
      return equal ? { kind: 'accepted', publicId: same.publish.publicId } : { kind: 'conflict' };
    }
    if (this.#byPublicId.has(`${appId}\n${publicId}`)) return { kind: 'conflict' };
    if (this.#openJobs() + jobs.length > this.#limits.jobs) throw new PushQueueFull(this.#limits.jobs);
    this.#lastPublish += 1;
    const kept = new HeldPublish({ ...publish, id: this.#lastPublish }, jobs, targeted);
    this.#publishes.set(kept.publish.id, kept);
    this.#byPublicId.set(`${appId}\n${publicId}`, kept);
    if (key !== undefined) this.#byKey.set(key, kept);
    this.#remembered += 1;
    this.#add(kept, jobs, createdAt);
    return { kind: 'accepted', publicId };
  }

  async publish(id: number): Promise<QueuedPublish | undefined> {
    return this.#publishes.get(id)?.publish;
  }

  async claim({ owner, now, lostBefore, leaseUntil, rooms }: Claim): Promise<Claimed> {
    for (const { job, until } of [...this.#leases.values()]) {
      if (until <= lostBefore) this.#giveUp(job);
    }
    for (
      let next = this.#waiting.first;
      next !== undefined && next.runAt <= now;
      next = this.#waiting.first
    ) {
      this.#waiting.shift();
      this.#readyOf(laneOf(next.work)).add(next);
    }
    const jobs = rooms.flatMap((room) => this.#take(room)).map((job) => this.#lease(job, owner, leaseUntil));
    const times = [this.#waiting.first?.runAt, ...[...this.#leases.values()].map(({ until }) => until)];
    const known = times.filter((at) => at !== undefined);
    return { jobs, nextAt: known.length === 0 ? undefined : Math.min(...known) };
  }

  async extend(owner: string, ids: readonly number[], leaseUntil: number): Promise<readonly number[]> {
    return ids.filter((id) => {
      const lease = this.#leases.get(id);
      if (lease?.owner !== owner) return false;
      lease.until = leaseUntil;
      return true;
    });
  }

  async release(owner: string): Promise<void> {
    for (const lease of [...this.#leases.values()]) {
      if (lease.owner === owner) this.#giveUp(lease.job);
    }
  }

  async postpone(job: Job, runAt: number): Promise<void> {
    const lease = this.#leaseOf(job);
    if (lease === undefined) return;
    this.#leases.delete(job.id);
    lease.job.runAt = runAt;
    this.#waiting.add(lease.job);
  }

  async settle(job: Job, settlement: Settlement): Promise<boolean> {
    if (this.#leaseOf(job) === undefined) return false;
    this.#leases.delete(job.id);
    const kept = this.#publishes.get(job.publishId);
    if (kept === undefined || job.work.kind === 'notify') return true;
    this.#remembered += kept.settle(settlement);
    this.#add(kept, settlement.next, settlement.at);
    if (kept.openJobs === 0) this.#finish(kept, settlement.at);
    return true;
  }

  async cancel(appId: string, publicId: string, now: number): Promise<boolean> {
    const kept = this.#byPublicId.get(`${appId}\n${publicId}`);
    if (kept === undefined || !kept.cancel()) return false;
    for (const job of this.#waiting.extract(kept.publish.id)) {
      job.turn = now;
      this.#readyOf(laneOf(job.work)).add(job);
    }
    return true;
  }

  async report(appId: string, publicId: string): Promise<PublishReport | undefined> {
    return this.#byPublicId.get(`${appId}\n${publicId}`)?.report();
  }

  async outcomes(appId: string, publicId: string, page: PageQuery): Promise<Page<Outcome>> {
    const kept = this.#byPublicId.get(`${appId}\n${publicId}`);
    return kept?.outcomes(page) ?? { items: [], hasMore: false };
  }

  async finished(publishId: number): Promise<FinishedPublish | undefined> {
    return this.#publishes.get(publishId)?.finished();
  }

  async receive(receipt: NewReceipt): Promise<boolean> {
    return this.#byPublicId.get(`${receipt.appId}\n${receipt.publicId}`)?.receive(receipt) ?? false;
  }

  async forget(before: number): Promise<number> {
    let forgotten = 0;
    for (const kept of [...this.#publishes.values()]) {
      if (kept.finishedAt === undefined || kept.finishedAt >= before) continue;
      this.#forget(kept);
      forgotten += 1;
    }
    return forgotten;
  }

  async backlog(): Promise<ReadonlyMap<Lane, number>> {
    const lanes = [...this.#ready].map(([lane, jobs]) => [lane, jobs.length] as const);
    return new Map(lanes.filter(([, jobs]) => jobs > 0));
  }

  #openJobs(): number {
    let jobs = this.#waiting.length + this.#leases.size;
    for (const ready of this.#ready.values()) jobs += ready.length;
    return jobs;
  }

  #readyOf(lane: Lane): SortedJobs {
    return this.#ready.get(lane) ?? this.#waiting;
  }

  #add(kept: HeldPublish, jobs: readonly NewJob[], now: number): void {
    for (const job of jobs) {
      this.#lastJob += 1;
      const ready = job.runAt <= now;
      if (ready) kept.turn = Math.max(kept.turn, now) + TURN_MS;
      const turn = ready ? kept.turn : job.runAt;
      const held = { ...job, id: this.#lastJob, publishId: kept.publish.id, turn, claims: 0 };
      if (ready) this.#readyOf(laneOf(job.work)).add(held);
      else this.#waiting.add(held);
    }
  }

  #take({ lane, jobs, recipients, idle }: Room): HeldJob[] {
    const ready = this.#readyOf(lane);
    const taken: HeldJob[] = [];
    let left = recipients;
    while (taken.length < jobs) {
      const next = ready.first;
      if (next === undefined) break;
      if (sizeOf(next.work) > left && !(idle && taken.length === 0)) break;
      left -= sizeOf(next.work);
      taken.push(next);
      ready.shift();
    }
    return taken;
  }

  #lease(held: HeldJob, owner: string, until: number): Job {
    held.claims += 1;
    this.#leases.set(held.id, { job: held, owner, until });
    const { id, publishId, work, tries, claims } = held;
    const kept = this.#publishes.get(publishId);
    const cancelled = kept?.status === 'cancelled';
    return { id, publishId, work, tries, claims, cancelled, openJobs: kept?.openJobs ?? 0 };
  }

  #leaseOf({ id, claims }: Job): Lease | undefined {
    const lease = this.#leases.get(id);
    return lease?.job.claims === claims ? lease : undefined;
  }

  #giveUp(job: HeldJob): void {
    this.#leases.delete(job.id);
    this.#readyOf(laneOf(job.work)).add(job);
  }

  #finish(kept: HeldPublish, at: number): void {
    kept.finish(at);
    if (kept.publish.notify) this.#add(kept, [{ work: { kind: 'notify' }, runAt: at, tries: 0 }], at);
    for (const oldest of this.#publishes.values()) {
      if (this.#remembered <= this.#limits.outcomes) break;
      if (oldest.finishedAt !== undefined && oldest !== kept) this.#forget(oldest);
    }
  }

  #forget(kept: HeldPublish): void {
    const { id, appId, publicId, idempotency } = kept.publish;
    this.#remembered -= 1 + kept.size;
    this.#publishes.delete(id);
    this.#byPublicId.delete(`${appId}\n${publicId}`);
    const key = idempotency && `${appId}\n${idempotency.key}`;
    if (key !== undefined && this.#byKey.get(key) === kept) this.#byKey.delete(key);
  }
}
