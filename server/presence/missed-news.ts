/**
 * What this node's sockets were told of topics whose messages were missed for a while may be out of date: how many
 * subscribe to a channel, and who of those they watch is online. So they are told anew, whether it changed or not.
 * (Rosters have copies to compare with: `roster-replicas.ts`.)
 */
import { subscriptionCount, watchlistEvents } from '../../protocol/index.ts';
import type { Publication } from '../broker/broker.ts';
import { FramePublication } from '../broker/publications.ts';
import { watchedUser } from '../broker/topics.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { Topic } from '../redis/keys.ts';

/** Topics looked up at once. */
const BATCH = 200;

/** Notes the topics on which news pass by. */
export interface Lookout {
  hasPassed(topic: Topic): boolean;
  end(): void;
}

export interface MissedNewsPorts {
  readonly online: (appId: string, userIds: readonly string[]) => Promise<readonly string[]>;
  readonly subscriptions: (appId: string, channel: string) => Promise<number>;
  /** Whether subscribers of a channel are told how many they are. */
  readonly tellsCount: (appId: string, channel: string) => boolean;
  readonly lookOut: () => Lookout;
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
      const batch = [...this.#topics.values()].slice(0, BATCH);
      // Taken out now: what is missed from here on is missed anew.
      for (const { appId, topic } of batch) this.#topics.delete(`${appId}\n${topic}`);
      const lookout = this.#ports.lookOut();
      try {
        const frames = await this.#frames(batch);
        for (const [topic, frame] of frames) {
          // News that came meanwhile may be later than what was read, and nothing is missing after them.
          if (!lookout.hasPassed(topic)) this.#deliver(topic, frame);
        }
      } catch (error) {
        this.missed(batch);
        throw error;
      } finally {
        lookout.end();
      }
    }
  }

  async #frames(topics: readonly Topic[]): Promise<ReadonlyArray<readonly [Topic, string]>> {
    const watched = new Map<string, Array<{ readonly topic: Topic; readonly userId: string }>>();
    const counted: Topic[] = [];
    for (const topic of topics) {
      const { appId } = topic;
      const userId = watchedUser(topic.topic);
      if (userId !== undefined) watched.set(appId, [...(watched.get(appId) ?? []), { topic, userId }]);
      else if (this.#ports.tellsCount(appId, topic.topic)) counted.push(topic);
    }
    const read = await Promise.all([
      ...counted.map(async (topic) => {
        const count = await this.#ports.subscriptions(topic.appId, topic.topic);
        return count > 0 ? [[topic, subscriptionCount(topic.topic, count)] as const] : [];
      }),
      ...[...watched].map(async ([appId, users]) => {
        const ids = users.map(({ userId }) => userId);
        const online = new Set(await this.#ports.online(appId, ids));
        return users.flatMap(({ topic, userId }) => {
          const [come, gone] = online.has(userId) ? [[userId], []] : [[], [userId]];
          const frame = watchlistEvents(come, gone);
          return frame === undefined ? [] : [[topic, frame] as const];
        });
      }),
    ]);
    return read.flat();
  }

  #deliver({ appId, topic }: Topic, frame: string): void {
    this.#ports.deliver(new FramePublication(appId, topic, frame));
  }
}
