/**
 * One node's part in delivering one shard: makes the shard its own when it is the node to do so, reads events as they
 * come, keeps account of who has had them, and lets go of it. Only who holds a shard's lease delivers its events, in
 * their order; who can't be sure to hold it forgets what it has read, and begins again.
 */
import type { Membership } from '../cluster/membership.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Counters } from '../telemetry/counters.ts';
import { Settlements } from './settlements.ts';
import type { Claim, Entry, EntryKeeper, ShardReceiver } from './shard-entry.ts';
import type { Read, ShardStore } from './shard-store.ts';
import type { StoredEvent } from './stored-event.ts';

export interface ShardPorts {
  readonly store: ShardStore;
  readonly membership: Pick<Membership, 'safeUntil'>;
  readonly receiver: ShardReceiver;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** Events in one answer of the store. */
const PAGE = 200;
const RETRY_MS = 1000;

export class WebhookShard implements EntryKeeper {
  readonly #number: number;
  readonly #requestMs: number;
  readonly #ports: ShardPorts;
  readonly #settlements: Settlements;
  #mine = false;
  /** Nothing more is read. */
  #closing = false;
  #claim: Claim | undefined;
  /** What was read under the claim and is not settled. */
  readonly #entries = new Map<string, Entry>();
  /** The last entries that were read under the claim. */
  #after: string | undefined;
  #afterSpilled: string | undefined;
  #wanted = false;
  #reading = false;
  #leaving = false;
  #cancelDue: (() => void) | undefined;
  #cancelNext: (() => void) | undefined;

  /** @param requestMs milliseconds one request to a receiver may take: none begins when the lease ends before that */
  constructor(number: number, requestMs: number, ports: ShardPorts) {
    this.#number = number;
    this.#requestMs = requestMs;
    this.#ports = ports;
    this.#settlements = new Settlements(number, ports);
  }

  /** Whether it is this node's to deliver, by what nodes know of each other; the lease decides. */
  assign(mine: boolean): void {
    if (mine === this.#mine) return;
    this.#mine = mine;
    const { store } = this.#ports;
    if (mine) {
      store.watch(this.#number, () => this.wake());
      return;
    }
    store.unwatch(this.#number);
    this.#cancelDue?.();
    this.#cancelNext?.();
    if (this.#claim !== undefined) this.#leaveSoon();
  }

  /** There may be something to read. */
  wake(): void {
    if (!this.#mine || this.#leaving) return;
    this.#wanted = true;
    if (!this.#reading) void this.#readAll();
  }

  /** Whether nothing is known to come, so that looking makes sense. */
  get isIdle(): boolean {
    return this.#mine && this.#claim === undefined && this.#cancelDue === undefined && !this.#reading;
  }

  /** Whether an event may be sent from here, if the request begins now. */
  holds({ claim }: Entry): boolean {
    if (claim !== this.#claim) claim.lost = true;
    else if (!this.#mayBegin(claim)) {
      this.#lose();
      this.#again(RETRY_MS);
    }
    return !claim.lost;
  }

  /** A node that others may have taken for dead has lost its shards, however long their leases are. */
  #mayBegin({ until }: Claim): boolean {
    const { clock, membership } = this.#ports;
    const now = clock.now();
    return now + this.#requestMs <= until && now < membership.safeUntil;
  }

  /** An endpoint has had an event: delivered, or as a dead letter. */
  had(entry: Entry, endpoint: string): void {
    const { pending, stored } = entry;
    if (!pending.delete(endpoint)) return;
    if (pending.size > 0) {
      this.#settlements.progressed(stored.entry, endpoint, stored.done);
    } else {
      if (this.#entries.get(stored.entry) === entry) this.#entries.delete(stored.entry);
      this.#settlements.settled(stored.entry);
    }
    this.#settle();
  }

  /** Reads no more, but keeps the shard while something of it is under way. */
  close(): void {
    this.#closing = true;
  }

  /** Lets go of the shard at once. Nothing of it may be under way. */
  async release(): Promise<void> {
    const had = this.#claim !== undefined || this.#leaving;
    this.assign(false);
    this.#lose();
    if (had || !this.#settlements.isEmpty) await this.#settlements.flush(() => 'leave');
  }

  async #readAll(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#wanted && this.#mine && !this.#leaving) {
        this.#wanted = false;
        await this.#read();
      }
    } catch (error) {
      this.#ports.log.warn('', { err: error, shard: this.#number }, 'webhooks could not be read');
      this.#again(RETRY_MS);
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<void> {
    const { store, clock, receiver } = this.#ports;
    if (this.#claim !== undefined && clock.now() >= this.#claim.until) this.#lose();
    const claim = this.#claim;
    const sentAt = clock.now();
    const reading = await store.read({
      shard: this.#number,
      after: this.#after,
      afterSpilled: this.#afterSpilled,
      limit: this.#closing ? 0 : PAGE,
      busy: this.#entries.size > 0,
    });
    if (reading.by === 'another') {
      this.#lose();
      // Sooner, should that node die.
      this.#again(Math.min(reading.freeInMs + 1, RETRY_MS));
      return;
    }
    if (!this.#mine) {
      if (!this.#leaving) this.#leaveSoon();
      return;
    }
    if (claim !== this.#claim) {
      // Given up meanwhile, so this is not what follows on what is known here.
      this.#wanted = true;
      return;
    }
    if (reading.by === 'nobody') {
      this.#free();
    } else {
      this.#claim = claim ?? { until: 0, lost: false };
      this.#claim.until = sentAt + store.leaseMs;
      this.#report(reading);
      for (const stored of reading.spilled) this.#admit(this.#claim, stored, (entry) => receiver.bury(entry));
      for (const stored of reading.events) {
        this.#admit(this.#claim, stored, (entry) => receiver.deliver(entry));
      }
      this.#after = reading.last ?? this.#after;
      this.#afterSpilled = reading.lastSpilled ?? this.#afterSpilled;
    }
    if (reading.more) this.#wanted = true;
    this.#arm(reading);
  }

  #admit(claim: Claim, stored: StoredEvent, handle: (entry: Entry) => void): void {
    if (this.#entries.has(stored.entry) || this.#settlements.includes(stored.entry)) return;
    const had = this.#settlements.progressOf(stored.entry);
    const pending = new Set(this.#ports.receiver.endpointsOf(stored).filter((name) => !had.has(name)));
    if (pending.size === 0) {
      this.#settlements.settled(stored.entry);
      this.#settle();
      return;
    }
    const entry = { stored, shard: this, claim, pending };
    this.#entries.set(stored.entry, entry);
    handle(entry);
  }

  #report({ lapsedFrom, lost, events }: Read): void {
    const { counters, log, logger } = this.#ports;
    const shard = this.#number;
    if (lapsedFrom !== undefined) {
      counters.webhookShardsTakenOver += 1;
      logger.info({ shard, from: lapsedFrom, events: events.length }, 'webhooks taken over');
    }
    if (lost > 0) log.warn(`shard ${shard}`, { shard, events: lost }, 'webhooks lost: too many dead letters');
  }

  /** Looks again in time to keep the shard, and when the next grace is over. */
  #arm({ nextDueInMs }: Read): void {
    const { clock, store } = this.#ports;
    this.#cancelDue?.();
    this.#cancelDue = undefined;
    if (nextDueInMs !== undefined) {
      this.#cancelDue = clock.after(Math.max(1, nextDueInMs), () => {
        this.#cancelDue = undefined;
        this.wake();
      });
    }
    if (this.#claim !== undefined) this.#again((store.leaseMs - this.#requestMs) / 3);
    else this.#cancelNext?.();
  }

  #again(ms: number): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#ports.clock.after(ms, () => this.wake());
  }

  #settle(): void {
    this.#settlements
      .flush(() => (this.#entries.size === 0 ? 'idle' : 'keep'))
      .then(
        (released) => {
          if (!released || this.#entries.size > 0 || this.#reading) return;
          this.#free();
          this.#cancelNext?.();
        },
        () => undefined, // Tried again by itself, and logged.
      );
  }

  /** What was read is somebody else's to deliver, or to be read again. */
  #lose(): void {
    const claim = this.#claim;
    this.#free();
    this.#entries.clear();
    if (claim === undefined) return;
    claim.lost = true;
    this.#ports.receiver.forget(claim);
  }

  /** The shard is not this node's, so its next reading begins at the first entry. */
  #free(): void {
    this.#claim = undefined;
    this.#after = undefined;
    this.#afterSpilled = undefined;
  }

  /** Lets go of the shard when what may be under way is over. */
  #leaveSoon(): void {
    const underWay = this.#entries.size > 0;
    this.#lose();
    this.#leaving = true;
    this.#ports.clock.after(underWay ? this.#requestMs : 0, () => {
      const left = (): void => {
        this.#leaving = false;
        this.wake();
      };
      // If that fails the lease ends by itself.
      this.#settlements.flush(() => 'leave').then(left, left);
    });
  }
}
