/** Presence of a node that is alone. Complete, and the running specification of the port. */
import {
  channelType,
  type MemberWebhook,
  memberAdded,
  memberRemoved,
  watchlistEvents,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { Broker } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import { watchTopic } from '../broker/topics.ts';
import type { Clock } from '../lib/clock.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';
import { CountAnnouncements } from './count-announcements.ts';
import { MemberPublication } from './member-publication.ts';
import type { ChannelSummary, Counted, JoinResult, Member, PresenceStore } from './presence-store.ts';
import { Roster } from './roster.ts';

const UNOCCUPIED: ChannelSummary = { subscriptions: 0, users: 0 };

class AppPresence {
  readonly subscriptions = new Map<string, number>();
  readonly rosters = new Map<string, Roster>();
  readonly online = new Set<string>();

  /** Notes a channel's count, above 0. Returns whether it had one before. */
  count(channel: string, count: number): boolean {
    const before = this.subscriptions.size;
    this.subscriptions.set(channel, count);
    return this.subscriptions.size === before;
  }

  /** A presence channel is occupied from its first member on, even before that member's subscription is counted. */
  isOccupied(channel: string): boolean {
    return this.subscriptions.has(channel) || this.rosters.has(channel);
  }
}

export interface MemoryPresencePorts {
  /** Takes what sockets must hear. */
  readonly broker: Pick<Broker, 'publish'>;
  /** Takes what backends must hear, before sockets hear of it. */
  readonly webhooks: WebhookSink;
  readonly registry: Pick<AppRegistry, 'byId'>;
  readonly clock: Clock;
}

export class MemoryPresenceStore implements PresenceStore {
  readonly #apps = new Map<string, AppPresence>();
  readonly #broker: Pick<Broker, 'publish'>;
  readonly #webhooks: WebhookSink;
  readonly #registry: Pick<AppRegistry, 'byId'>;
  readonly #counts: CountAnnouncements;

  constructor({ broker, webhooks, registry, clock }: MemoryPresencePorts) {
    this.#broker = broker;
    this.#webhooks = webhooks;
    this.#registry = registry;
    this.#counts = new CountAnnouncements(broker, webhooks, clock);
  }

  subscribed(appId: string, channel: string, count: number, joiner?: string): Counted {
    const app = this.#app(appId);
    const had = count > 0 ? app.count(channel, count) : app.subscriptions.delete(channel);
    // Its members keep a channel occupied whatever the count.
    if (had !== count > 0 && !app.rosters.has(channel)) this.#occupancyChange(appId, channel, had, !had);
    return { subscriptions: count, told: this.#tellCount(appId, channel, count, joiner) };
  }

  join(appId: string, channel: string, member: Member, socketId: string, maxMembers: number): JoinResult {
    const app = this.#app(appId);
    const roster = app.rosters.get(channel) ?? new Roster();
    if (maxMembers > 0 && roster.size >= maxMembers && !roster.has(member.userId)) return { joined: false };
    const before = app.isOccupied(channel);
    const added = roster.add(member.userId, member.userInfo);
    app.rosters.set(channel, roster);
    // The stay of a member lies within that of its channel: occupied, added, removed, vacated.
    this.#occupancyChange(appId, channel, before, true);
    if (added) this.#tellMember('member_added', appId, channel, member.userId);
    if (added) {
      const frame = memberAdded(channel, member.userId, member.userInfo);
      this.#broker.publish(new MemberPublication(appId, channel, frame, { op: 'added', member }, socketId));
    }
    return { joined: true, added, roster };
  }

  leave(appId: string, channel: string, userId: string): void {
    const app = this.#app(appId);
    const roster = app.rosters.get(channel);
    if (!roster?.remove(userId)) return;
    if (roster.size === 0) app.rosters.delete(channel);
    this.#tellMember('member_removed', appId, channel, userId);
    this.#occupancyChange(appId, channel, true, app.isOccupied(channel));
    const frame = memberRemoved(channel, userId);
    this.#broker.publish(new MemberPublication(appId, channel, frame, { op: 'removed', userId }));
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
    return this.#app(appId).rosters.get(channel)?.ids() ?? [];
  }

  #app(appId: string): AppPresence {
    let app = this.#apps.get(appId);
    if (app === undefined) {
      app = new AppPresence();
      this.#apps.set(appId, app);
    }
    return app;
  }

  #tellCount(appId: string, channel: string, count: number, joiner: string | undefined): boolean {
    if (this.#registry.byId(appId)?.features.subscriptionCounts !== true) return false;
    const { kind } = channelType(channel);
    if (kind === 'presence' || kind === 'user') return false;
    return this.#counts.changed(appId, channel, count, joiner);
  }

  /** Backends are told of the transition from `before` to `after`, if it is one. */
  #occupancyChange(appId: string, channel: string, before: boolean, after: boolean): void {
    if (after === before) return;
    const name = after ? 'channel_occupied' : 'channel_vacated';
    if (this.#webhooks.wants(appId, name) && channelType(channel).kind !== 'user') {
      this.#webhooks.add(appId, { name, channel });
    }
  }

  #tellMember(name: MemberWebhook['name'], appId: string, channel: string, userId: string): void {
    if (this.#webhooks.wants(appId, name)) this.#webhooks.add(appId, { name, channel, userId });
  }

  #announce(appId: string, topic: string, frame: string | undefined): void {
    if (frame !== undefined) this.#broker.publish(new FramePublication(appId, topic, frame));
  }
}
