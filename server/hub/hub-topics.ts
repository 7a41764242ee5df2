/** Which workers follow which topics: a publication goes to those, encoded once, and to no others. */
import type { Broker, Publication } from '../broker/broker.ts';
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { MemberPublication } from '../presence/member-publication.ts';
import type { HubLink } from './hub-link.ts';
import type { TopicName, WorkerService } from './hub-services.ts';
import { encodePublication, type FrameRecord } from './hub-wire.ts';

type Link = HubLink<WorkerService>;

/** Milliseconds a worker may leave unread what was sent to it before it is given up. */
const STUCK_MS = 10_000;

export interface HubTopicPorts {
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

export class HubTopics implements Pick<Broker, 'publish'> {
  readonly #ports: HubTopicPorts;
  readonly #links = new Set<Link>();
  readonly #followers = new Map<string, Set<Link>>();
  /** Workers that don't read as fast as others publish. While there are any, nobody's publications are read. */
  readonly #crowded = new Set<Link>();

  constructor(ports: HubTopicPorts) {
    this.#ports = ports;
  }

  add(link: Link): void {
    this.#links.add(link);
    if (this.#crowded.size > 0) link.pause();
    link.onPublication((publication) => this.#forward(publication));
  }

  remove(link: Link): void {
    this.#links.delete(link);
    this.#relieved(link);
    for (const [key, followers] of this.#followers) {
      if (followers.delete(link) && followers.size === 0) this.#followers.delete(key);
    }
  }

  follow(link: Link, { appId, topic }: TopicName): void {
    const key = keyOf(appId, topic);
    const followers = this.#followers.get(key);
    if (followers === undefined) this.#followers.set(key, new Set([link]));
    else followers.add(link);
  }

  unfollow(link: Link, { appId, topic }: TopicName): void {
    const key = keyOf(appId, topic);
    const followers = this.#followers.get(key);
    if (followers?.delete(link) && followers.size === 0) this.#followers.delete(key);
  }

  /** What the hub itself has to say. */
  publish(publication: Publication): void {
    const followers = this.#followers.get(keyOf(publication.appId, publication.topic));
    if (followers === undefined) return;
    const change = publication instanceof MemberPublication ? publication.change : undefined;
    this.#send(encodePublication(publication, change), followers);
  }

  #forward({ appId, topic, record }: FrameRecord): void {
    const followers = this.#followers.get(keyOf(appId, topic));
    if (followers !== undefined) this.#send(record, followers);
  }

  #send(record: Buffer, followers: ReadonlySet<Link>): void {
    for (const link of followers) {
      link.send(record);
      if (link.isCrowded) this.#wait(link);
    }
  }

  /** Whoever publishes has to wait for the slowest: that way what waits is bounded, here and in the workers. */
  #wait(link: Link): void {
    if (this.#crowded.has(link)) return;
    this.#crowded.add(link);
    for (const each of this.#links) each.pause();
    const { clock, log } = this.#ports;
    const cancel = clock.after(STUCK_MS, () => {
      log.warn('stuck', { bytes: link.bytesWaiting }, 'a worker does not read: it is given up');
      link.close();
    });
    link.drained().then(() => {
      cancel();
      this.#relieved(link);
    });
  }

  #relieved(link: Link): void {
    if (!this.#crowded.delete(link) || this.#crowded.size > 0) return;
    for (const each of this.#links) each.resume();
  }
}

/** App ids have no line end. */
const keyOf = (appId: string, topic: string): string => `${appId}\n${topic}`;
