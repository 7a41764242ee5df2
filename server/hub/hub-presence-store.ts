/**
 * Presence of a worker whose hub is its parent: transitions are decided there (`worker-shares.ts`), rosters are answered
 * from copies here. See the port.
 */
import type {
  ChannelSummary,
  Counted,
  JoinResult,
  Member,
  PresenceStore,
} from '../presence/presence-store.ts';
import type { HubLink } from './hub-link.ts';
import type { HubRosters } from './hub-rosters.ts';
import type { ParentService } from './hub-services.ts';

export class HubPresenceStore implements PresenceStore {
  readonly #link: HubLink<ParentService>;
  readonly #rosters: HubRosters;

  /** @param rosters told of every change by the broker */
  constructor(link: HubLink<ParentService>, rosters: HubRosters) {
    this.#link = link;
    this.#rosters = rosters;
  }

  subscribed(appId: string, channel: string, count: number, joiner?: string): Promise<Counted> {
    const change = { appId, channel, count, joiner };
    // A fall is never refused.
    if (joiner === undefined) return this.#link.insist('subscribed', change);
    return this.#link.call('subscribed', change);
  }

  async join(
    appId: string,
    channel: string,
    member: Member,
    socketId: string,
    maxMembers: number,
  ): Promise<JoinResult> {
    const copy = this.#rosters.enter(appId, channel);
    const wantsRoster = !copy.isLoaded;
    const wish = { appId, channel, member, socketId, maxMembers, wantsRoster };
    try {
      const reply = await this.#link.call('join', wish, (answer) => {
        // At once: the next change of the roster may be in what has arrived already.
        if (answer.joined && answer.roster !== undefined) copy.load(answer.roster);
      });
      if (reply.joined) return { joined: true, added: reply.added, roster: copy.roster };
    } catch (error) {
      this.#rosters.leave(appId, channel);
      throw error;
    }
    this.#rosters.leave(appId, channel);
    return { joined: false };
  }

  leave(appId: string, channel: string, userId: string): void {
    this.#rosters.leave(appId, channel);
    this.#link.note('leave', { appId, channel, userId });
  }

  signedIn(appId: string, userId: string): Promise<void> {
    return this.#link.call('signedIn', { appId, userId });
  }

  signedOut(appId: string, userId: string): void {
    this.#link.note('signedOut', { appId, userId });
  }

  online(appId: string, userIds: readonly string[]): Promise<string[]> {
    return this.#link.call('online', { appId, userIds });
  }

  channels(appId: string, prefix: string): Promise<Map<string, ChannelSummary>> {
    return this.#link.call('channels', { appId, prefix });
  }

  channel(appId: string, channel: string): Promise<ChannelSummary> {
    return this.#link.call('channel', { appId, channel });
  }

  members(appId: string, channel: string): Promise<string[]> {
    return this.#link.call('members', { appId, channel });
  }
}
