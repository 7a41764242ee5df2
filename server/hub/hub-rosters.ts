/**
 * A worker's copies of rosters: one for each presence channel in which it has members. The hub sends the members and
 * every change in one order, so a copy needs neither versions nor comparing.
 */
import type { MemberChange } from '../presence/member-publication.ts';
import type { Member } from '../presence/presence-store.ts';
import { Roster } from '../presence/roster.ts';

export class RosterCopy {
  /** The same object for as long as the copy lives. */
  readonly roster = new Roster();
  /** Members of this worker, those still on their way included. */
  members = 0;
  /** False until the hub has sent all members. */
  isLoaded = false;

  load(members: readonly Member[]): void {
    if (this.isLoaded) return;
    this.isLoaded = true;
    for (const { userId, userInfo } of members) this.roster.add(userId, userInfo);
  }
}

export class HubRosters {
  readonly #copies = new Map<string, RosterCopy>();

  /** The channel's copy, with one member of this worker more. */
  enter(appId: string, channel: string): RosterCopy {
    const key = keyOf(appId, channel);
    let copy = this.#copies.get(key);
    if (copy === undefined) {
      copy = new RosterCopy();
      this.#copies.set(key, copy);
    }
    copy.members += 1;
    return copy;
  }

  /** One member of this worker less; without any nobody looks at the copy. */
  leave(appId: string, channel: string): void {
    const key = keyOf(appId, channel);
    const copy = this.#copies.get(key);
    if (copy === undefined) return;
    copy.members -= 1;
    if (copy.members === 0) this.#copies.delete(key);
  }

  changed(appId: string, channel: string, change: MemberChange): void {
    const copy = this.#copies.get(keyOf(appId, channel));
    // What comes before the members themselves is among them.
    if (copy === undefined || !copy.isLoaded) return;
    if (change.op === 'added') copy.roster.add(change.member.userId, change.member.userInfo);
    else copy.roster.remove(change.userId);
  }
}

/** App ids and channels have no line end. */
const keyOf = (appId: string, channel: string): string => `${appId}\n${channel}`;
