/**
 * This node's copy of a presence channel's members, for as long as it has members there itself. It follows the
 * channel's messages by their version: each change counts one up, so that what is missing shows.
 */
import { memberAdded, memberRemoved } from '../../protocol/index.ts';
import type { RosterChange } from '../redis/cluster-messages.ts';
import type { RosterSnapshot } from './presence-steps.ts';
import { Roster } from './roster.ts';

/** Messages kept while the first snapshot is under way; past it a second one is needed. */
const MAX_HELD = 1000;

/**
 * Whether a member that others say was removed has connections to this node. Such a one is here whatever others believe:
 * the node was taken for dead and contributes it again, so its own clients are not told that it went and came back.
 * `by` is the node that removed it: this one itself knows what it does.
 */
export type IsOwn = (userId: string, by: string | undefined) => boolean;

export class RosterReplica {
  /** The same object for as long as the replica lives. */
  readonly roster = new Roster();
  /** Members of this node, those still on their way included. */
  members = 0;
  /** Changes were missed: the copy is to be compared with a snapshot. */
  stale = false;
  /** 0 until the first snapshot. */
  #version = 0;
  #asked = false;
  readonly #isOwn: IsOwn;
  readonly #held: Array<{ readonly change: RosterChange; readonly deliver: () => void }> = [];
  readonly #waiting: Array<{ readonly version: number; readonly resolve: () => void }> = [];

  constructor(isOwn: IsOwn) {
    this.#isOwn = isOwn;
  }

  get isLoaded(): boolean {
    return this.#version > 0;
  }

  /** Of the last change the copy has. */
  get version(): number {
    return this.#version;
  }

  /** Whether who joins now is to bring the first snapshot: one does, the others wait for it. */
  asksForSnapshot(): boolean {
    if (this.isLoaded || this.#asked) return false;
    this.#asked = true;
    return true;
  }

  /** Who was to bring the snapshot came without. */
  askedInVain(): void {
    this.#asked = false;
  }

  /** A message of the channel came by. `deliver` gives it to this node's sockets, if it is news to them. */
  receive(change: RosterChange, deliver: () => void): void {
    if (!this.isLoaded) {
      if (this.#held.length < MAX_HELD) this.#held.push({ change, deliver });
      else this.stale = true;
      return;
    }
    const { version, op, userId, userInfo, by } = change;
    if (version <= this.#version) return;
    if (version > this.#version + 1) this.stale = true;
    if (op === 'removed' && this.#isOwn(userId, by)) this.stale = true;
    else if (op === 'added' ? this.roster.add(userId, userInfo) : this.roster.remove(userId)) deliver();
    this.#reach(version);
  }

  /**
   * The first snapshot, or one to compare with. One that is older than the copy is of no use, unless it is older than
   * the copy was when it was asked for: then Redis has lost its last changes, as in a failover, and counts on from there.
   * @param askedAt version of the copy at that time
   */
  load(snapshot: RosterSnapshot, askedAt: number, tell: (frame: string) => void, channel: string): void {
    const hasLost = snapshot.version < askedAt;
    if (snapshot.version < this.#version && !hasLost) return;
    // Messages from before and after the loss can't be told apart: looked at once more.
    this.stale = hasLost;
    const present = new Set(snapshot.entries.map(({ userId }) => userId));
    for (const userId of this.roster.ids()) {
      if (present.has(userId)) continue;
      // Until Redis has it too; should it leave before, the next look finds out.
      if (this.#isOwn(userId, undefined)) this.stale = true;
      else if (this.roster.remove(userId)) tell(memberRemoved(channel, userId));
    }
    for (const { userId, userInfo } of snapshot.entries) {
      if (this.roster.add(userId, userInfo) && this.isLoaded) tell(memberAdded(channel, userId, userInfo));
    }
    this.#reach(snapshot.version);
    for (const { change, deliver } of this.#held.splice(0)) this.receive(change, deliver);
  }

  /** Done when the copy has that version. */
  reached(version: number): Promise<void> | undefined {
    if (this.#version >= version) return undefined;
    return new Promise((resolve) => this.#waiting.push({ version, resolve }));
  }

  #reach(version: number): void {
    this.#version = version;
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1) {
      const waiting = this.#waiting[at];
      if (waiting === undefined || waiting.version > version) continue;
      this.#waiting.splice(at, 1);
      waiting.resolve();
    }
  }
}
