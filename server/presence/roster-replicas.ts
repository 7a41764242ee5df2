/** This node's copies of rosters: one for each presence channel in which it has members. */
import type { Publication } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { RosterSnapshot } from './presence-steps.ts';
import type { Member } from './presence-store.ts';
import { type IsOwn, RosterReplica } from './roster-replica.ts';

/** Milliseconds after which a message that should have come is looked up instead, and how often. */
const LATE_MS = 500;
const ATTEMPTS = 10;

export interface RosterReplicaPorts {
  /** The roster as Redis has it; undefined if there is none. */
  readonly read: (appId: string, channel: string) => Promise<RosterSnapshot | undefined>;
  /** See `IsOwn`. */
  readonly isOwn: (appId: string, channel: string, ...member: Parameters<IsOwn>) => boolean;
  /** Gives a publication to this node's sockets. */
  readonly deliver: (publication: Publication) => void;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

interface Kept {
  readonly appId: string;
  readonly channel: string;
  readonly replica: RosterReplica;
}

/** A member that has just joined, as Redis answered. */
interface Arrival {
  readonly userId: string;
  readonly version: number;
  readonly least: number;
}

export class RosterReplicas {
  readonly #ports: RosterReplicaPorts;
  readonly #kept = new Map<string, Kept>();
  readonly #comparing = new Map<RosterReplica, Promise<void>>();

  constructor(ports: RosterReplicaPorts) {
    this.#ports = ports;
  }

  find(appId: string, channel: string): RosterReplica | undefined {
    return this.#kept.get(`${appId}\n${channel}`)?.replica;
  }

  /** The channel's copy, with one member of this node more. */
  enter(appId: string, channel: string): RosterReplica {
    const key = `${appId}\n${channel}`;
    let kept = this.#kept.get(key);
    if (kept === undefined) {
      const isOwn: IsOwn = (...member) => this.#ports.isOwn(appId, channel, ...member);
      kept = { appId, channel, replica: new RosterReplica(isOwn) };
      this.#kept.set(key, kept);
    }
    kept.replica.members += 1;
    return kept.replica;
  }

  /** One member of this node less; without any the copy is of no use. */
  leave(appId: string, channel: string): void {
    const key = `${appId}\n${channel}`;
    const replica = this.#kept.get(key)?.replica;
    if (replica === undefined) return;
    replica.members -= 1;
    if (replica.members === 0) this.#kept.delete(key);
  }

  /** @param askedAt version of the copy when the snapshot was asked for */
  load(
    appId: string,
    channel: string,
    replica: RosterReplica,
    snapshot: RosterSnapshot,
    askedAt: number,
  ): void {
    replica.load(
      snapshot,
      askedAt,
      (frame) => this.#ports.deliver(new FramePublication(appId, channel, frame)),
      channel,
    );
  }

  /**
   * Done when the copy has that version and the member that came with it: at once, when its message comes, or when it was
   * looked up, because the message that was missed may be the very one that added the member.
   * No version can be lower than `least`, unless Redis has lost some.
   */
  async reached(
    appId: string,
    channel: string,
    replica: RosterReplica,
    { userId, version, least }: Arrival,
  ): Promise<void> {
    if (version < least) await this.#compare({ appId, channel, replica });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const reached = replica.reached(version);
      const late = reached === undefined || (await this.#within(reached));
      if (replica.roster.has(userId) && (reached === undefined || !late)) return;
      await this.#compare({ appId, channel, replica });
    }
    throw new Unavailable('the roster did not come', 'unknown');
  }

  /** All copies may have missed changes. */
  doubtAll(): void {
    for (const { replica } of this.#kept.values()) replica.stale = true;
  }

  /** Compares the copies that missed changes with Redis, and tells this node's sockets what they missed. */
  compareStale(): void {
    for (const kept of this.#kept.values()) if (kept.replica.stale) this.#compare(kept);
  }

  /** Members that copies have and Redis has not, of this node or others. */
  async *notInRedis(): AsyncGenerator<{
    readonly appId: string;
    readonly channel: string;
    readonly members: readonly Member[];
  }> {
    for (const { appId, channel, replica } of [...this.#kept.values()]) {
      const present = new Set((await this.#ports.read(appId, channel))?.entries.map(({ userId }) => userId));
      const members = replica.roster.all().filter(({ userId }) => !present.has(userId));
      if (present.size > 0 && members.length > 0) yield { appId, channel, members };
    }
  }

  /** One look at a time, for all who wait. */
  #compare(kept: Kept): Promise<void> {
    const { replica } = kept;
    let comparing = this.#comparing.get(replica);
    if (comparing === undefined) {
      comparing = this.#look(kept).finally(() => this.#comparing.delete(replica));
      this.#comparing.set(replica, comparing);
    }
    return comparing;
  }

  async #look({ appId, channel, replica }: Kept): Promise<void> {
    const askedAt = replica.version;
    try {
      const snapshot = await this.#ports.read(appId, channel);
      // Without members in Redis, this node's own are still to be put back.
      if (snapshot !== undefined) this.load(appId, channel, replica, snapshot, askedAt);
    } catch (err) {
      this.#ports.log.warn('roster', { err }, 'roster not read: tried again later');
    }
  }

  /** Whether it took too long. */
  #within(reached: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(LATE_MS, () => resolve(true));
      reached.then(() => {
        cancel();
        resolve(false);
      });
    });
  }
}
