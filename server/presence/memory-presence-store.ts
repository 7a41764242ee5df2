/** Presence of a node that is alone. Complete, and the running specification of the port. */
import { memberAdded, memberRemoved, watchlistEvents } from '../../protocol/index.ts';
import type { Broker } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import { watchTopic } from '../broker/topics.ts';
import type { ChannelSummary, JoinResult, Member, Occupancy, PresenceStore } from './presence-store.ts';
import { Roster } from './roster.ts';

const UNOCCUPIED: ChannelSummary = { subscriptions: 0, users: 0 };

class AppPresence {
  readonly subscriptions = new Map<string, number>();
  readonly rosters = new Map<string, Roster>();
  readonly online = new Set<string>();
}

export class MemoryPresenceStore implements PresenceStore {
  readonly #apps = new Map<string, AppPresence>();
  readonly #broker: Pick<Broker, 'publish'>;

  /** @param broker takes the announcements */
  constructor(broker: Pick<Broker, 'publish'>) {
    this.#broker = broker;
  }

  subscribed(appId: string, channel: string, count: number): Occupancy {
    const { subscriptions } = this.#app(appId);
    const before = subscriptions.get(channel) ?? 0;
    if (count > 0) subscriptions.set(channel, count);
    else subscriptions.delete(channel);
    const transition =
      before === 0 && count > 0 ? 'occupied' : before > 0 && count === 0 ? 'vacated' : undefined;
    return { subscriptions: count, transition };
  }

  join(appId: string, channel: string, member: Member, socketId: string, maxMembers: number): JoinResult {
    const { rosters } = this.#app(appId);
    const roster = rosters.get(channel) ?? new Roster();
    if (maxMembers > 0 && roster.size >= maxMembers && !roster.has(member.userId)) return { joined: false };
    const added = roster.add(member.userId, member.userInfo);
    rosters.set(channel, roster);
    if (added) this.#announce(appId, channel, memberAdded(channel, member.userId, member.userInfo), socketId);
    return { joined: true, added, roster };
  }

  leave(appId: string, channel: string, userId: string): void {
    const { rosters } = this.#app(appId);
    const roster = rosters.get(channel);
    if (!roster?.remove(userId)) return;
    if (roster.size === 0) rosters.delete(channel);
    this.#announce(appId, channel, memberRemoved(channel, userId));
  }

  roster(appId: string, channel: string): Roster {
    return this.#app(appId).rosters.get(channel) ?? new Roster();
  }

  signedIn(appId: string, userId: string): void {
    const { online } = this.#app(appId);
    if (online.has(userId)) return;
    online.add(userId);
    this.#announce(appId, watchTopic(userId), watchlistEvents([userId], []));
  }

  signedOut(appId: string, userId: string): void {
    if (!this.#app(appId).online.delete(userId)) return;
    this.#announce(appId, watchTopic(userId), watchlistEvents([], [userId]));
  }

  online(appId: string, userIds: readonly string[]): string[] {
    const { online } = this.#app(appId);
    return userIds.filter((userId) => online.has(userId));
  }

  channels(appId: string, prefix: string): Map<string, ChannelSummary> {
    const app = this.#app(appId);
    const found = new Map<string, ChannelSummary>();
    for (const [name, subscriptions] of app.subscriptions) {
      if (!name.startsWith(prefix)) continue;
      found.set(name, { subscriptions, users: app.rosters.get(name)?.size ?? 0 });
    }
    return found;
  }

  channel(appId: string, channel: string): ChannelSummary {
    const app = this.#app(appId);
    const subscriptions = app.subscriptions.get(channel);
    if (subscriptions === undefined) return UNOCCUPIED;
    return { subscriptions, users: app.rosters.get(channel)?.size ?? 0 };
  }

  members(appId: string, channel: string): string[] {
    return this.roster(appId, channel).ids();
  }

  #app(appId: string): AppPresence {
    let app = this.#apps.get(appId);
    if (app === undefined) {
      app = new AppPresence();
      this.#apps.set(appId, app);
    }
    return app;
  }

  #announce(appId: string, topic: string, frame: string | undefined, exceptSocketId?: string): void {
    if (frame !== undefined) this.#broker.publish(new FramePublication(appId, topic, frame, exceptSocketId));
  }
}
