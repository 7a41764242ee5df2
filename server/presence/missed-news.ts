/**
 * What this node's sockets were told of topics whose messages were missed for a while may be out of date: how many
 * subscribe to a channel, and who of those they watch is online. So they are told anew, whether it changed or not.
 * (Rosters have copies to compare with: `roster-replicas.ts`.)
 */
import { subscriptionCount, watchlistEvents } from '../../protocol/index.ts';
import type { Publication } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import { watchedUser, watchTopic } from '../broker/topics.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Topic } from '../redis/keys.ts';

/** Topics looked up at once. */
const BATCH = 200;
/** Reads of the same users at most, when there is no end of changes. */
const MAX_READS = 5;

export interface MissedNewsPorts {
  readonly online: (appId: string, userIds: readonly string[]) => Promise<readonly string[]>;
  readonly subscriptions: (appId: string, channel: string) => Promise<number>;
  /** Whether subscribers of a channel are told how many they are. */
  readonly tellsCount: (appId: string, channel: string) => boolean;
  /** Messages of topics received so far, of this node's own topics and all others. */
  readonly received: () => number;
  /** Gives a publication to this node's sockets. */
  readonly deliver: (publication: Publication) => void;
  readonly log: OccasionalLog;
}

export class MissedNews {
  readonly #ports: MissedNewsPorts;
  readonly #topics = new Map<string, Topic>();
  #telling = false;

  constructor(ports: MissedNewsPorts) {
    this.#ports = ports;
  }

  /** Messages of these topics may have been missed. */
  missed(topics: readonly Topic[]): void {
    for (const topic of topics) this.#topics.set(`${topic.appId}\n${topic.topic}`, topic);
  }

  /** Tells what was missed. What can't be read is left for the next time. */
  tell(): void {
    if (this.#telling || this.#topics.size === 0) return;
    this.#telling = true;
    this.#tell()
      .catch((err: unknown) => {
        this.#ports.log.warn('missed news', { err }, 'news missed and not read: tried again later');
      })
      .finally(() => {
        this.#telling = false;
      });
  }

  async #tell(): Promise<void> {
    while (this.#topics.size > 0) {
      const batch = [...this.#topics].slice(0, BATCH);
      const users = new Map<string, string[]>();
      const counted: Topic[] = [];
      for (const [, topic] of batch) {
        const user = watchedUser(topic.topic);
        if (user !== undefined) users.set(topic.appId, [...(users.get(topic.appId) ?? []), user]);
        else if (this.#ports.tellsCount(topic.appId, topic.topic)) counted.push(topic);
      }
      await Promise.all([
        ...counted.map((topic) => this.#tellCount(topic)),
        ...[...users].map(([appId, userIds]) => this.#tellStanding(appId, userIds)),
      ]);
      for (const [key] of batch) this.#topics.delete(key);
    }
  }

  async #tellCount({ appId, topic }: Topic): Promise<void> {
    const count = await this.#ports.subscriptions(appId, topic);
    if (count > 0) this.#deliver(appId, topic, subscriptionCount(topic, count));
  }

  /** A change that passed while it was read may be older or newer than what was read: then it is read again. */
  async #tellStanding(appId: string, userIds: readonly string[]): Promise<void> {
    let online: ReadonlySet<string> = new Set();
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const before = this.#ports.received();
      online = new Set(await this.#ports.online(appId, userIds));
      if (this.#ports.received() === before) break;
    }
    for (const userId of userIds) {
      const frame = online.has(userId) ? watchlistEvents([userId], []) : watchlistEvents([], [userId]);
      if (frame !== undefined) this.#deliver(appId, watchTopic(userId), frame);
    }
  }

  #deliver(appId: string, topic: string, frame: string): void {
    this.#ports.deliver(new FramePublication(appId, topic, frame));
  }
}
