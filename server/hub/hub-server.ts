/** The hub: does for each worker what Redis does for a node, over what a node that is alone has in itself. */
import type { RelayedGrant, RelayOutcome } from '../auth/grant-relay.ts';
import type { GrantStore } from '../auth/grant-store.ts';
import { EventData, EventPublication } from '../broker/publications.ts';
import type { CachedEvent } from '../cache/channel-cache.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Rate } from '../limits/token-bucket.ts';
import type { DeadLetters } from '../webhooks/dead-letters.ts';
import type { EndpointDirectory } from '../webhooks/endpoint-directory.ts';
import type { WebhookQueue } from '../webhooks/webhook-queue.ts';
import type { HubLink } from './hub-link.ts';
import type { CachedPublication, HubService, Revocation, UserName, WorkerService } from './hub-services.ts';
import type { HubTopics } from './hub-topics.ts';
import { type ImmediateStore, WorkerShares } from './worker-shares.ts';

/** Milliseconds that a termination, or a revocation, waits for a worker that doesn't say that it is done. */
const TOLD_MS = 2000;

export interface HubServerPorts {
  readonly topics: HubTopics;
  readonly presence: ImmediateStore;
  readonly cache: {
    publish(publication: EventPublication, ttlMs: number): Eventual<void>;
    get(appId: string, channel: string): CachedEvent | undefined;
    firstMiss(appId: string, channel: string, forMs: number): boolean;
  };
  readonly departures: {
    left(appId: string, userId: string): void;
    leftSince(appId: string, userIds: readonly string[], since: number): string[];
  };
  readonly limiter: { take(name: string, rate: Rate): number };
  /** Remembers revocations. */
  readonly revocations: Pick<GrantStore, 'revoke'> & {
    revokedAt(appId: string, userId: string, now: number): number | undefined;
  };
  readonly webhooks: WebhookQueue;
  readonly deadLetters: DeadLetters;
  readonly endpoints: EndpointDirectory;
  readonly clock: Clock;
}

type Link = HubLink<WorkerService>;

export class HubServer {
  readonly #ports: HubServerPorts;
  readonly #shares: WorkerShares;
  /** By the numbers that their socket ids begin with. */
  readonly #links = new Map<number, Link>();

  constructor(ports: HubServerPorts) {
    this.#ports = ports;
    this.#shares = new WorkerShares(ports.presence);
  }

  /** Serves a worker from here on. @param number what its socket ids begin with */
  add(number: number, link: Link): void {
    this.#links.set(number, link);
    this.#ports.topics.add(link);
    link.serve(this.#serviceOf(number, link));
  }

  /** The worker is gone: takes away what it contributed, and tells who has to hear of that. */
  remove(number: number): void {
    const link = this.#links.get(number);
    if (link === undefined) return;
    this.#links.delete(number);
    this.#ports.topics.remove(link);
    this.#shares.sweep(number);
  }

  #serviceOf(number: number, link: Link): HubService {
    const { topics, presence, cache, departures, limiter, revocations, webhooks, deadLetters } = this.#ports;
    const shares = this.#shares;
    return {
      settled: () => undefined,

      follow: (topic) => topics.follow(link, topic),
      unfollow: (topic) => topics.unfollow(link, topic),
      terminate: (user) => this.#tellAll('terminated', user),

      subscribed: (change) => shares.subscribed(number, change),
      join: (wish) => shares.join(number, wish),
      leave: ({ appId, channel, userId }) => shares.leave(number, appId, channel, userId),
      signedIn: ({ appId, userId }) => shares.signedIn(number, appId, userId),
      signedOut: ({ appId, userId }) => shares.signedOut(number, appId, userId),
      online: ({ appId, userIds }) => presence.online(appId, userIds),
      channels: ({ appId, prefix }) => presence.channels(appId, prefix),
      channel: ({ appId, channel }) => presence.channel(appId, channel),
      members: ({ appId, channel }) => presence.members(appId, channel),

      cache: (event) => {
        cache.publish(publicationOf(event), event.ttlMs);
      },
      cached: ({ appId, channel }) => cache.get(appId, channel),
      firstMiss: ({ appId, channel, forMs }) => cache.firstMiss(appId, channel, forMs),

      left: ({ appId, userId }) => departures.left(appId, userId),
      leftSince: ({ appId, userIds, since }) => departures.leftSince(appId, userIds, since),

      takeToken: ({ name, rate }) => limiter.take(name, rate),

      relayGrant: (grant) => this.#relay(number, grant),
      revoke: (revocation) => {
        const { appId, userId, now, forMs } = revocation;
        revocations.revoke(appId, userId, now, forMs);
        return this.#tellAll('revoked', revocation);
      },
      revokedAt: ({ appId, userId, now }) => revocations.revokedAt(appId, userId, now),

      webhook: ({ appId, event }) => {
        webhooks.add(appId, event);
      },
      replayWebhooks: ({ appId, endpoint: name, events }) => {
        const endpoint = this.#ports.endpoints.find(appId, name);
        if (endpoint === undefined) throw new Error(`app ${appId} has no endpoint ${name}`);
        webhooks.replay(endpoint, events);
      },
      addLetters: (undelivered) => deadLetters.add(undelivered),
      listLetters: (query) => deadLetters.list(query),
      takeLetters: (selection) => deadLetters.take(selection),
      forgetLetters: (letters) => deadLetters.forget(letters),
      restoreLetters: (letters) => deadLetters.restore(letters),
    };
  }

  /** Done when every worker has done it, so that whoever comes afterwards is not meant; or when one is too slow. */
  #tellAll(name: 'terminated', user: UserName): Promise<void>;
  #tellAll(name: 'revoked', revocation: Revocation): Promise<void>;
  #tellAll(name: 'terminated' | 'revoked', about: UserName & Revocation): Promise<void> {
    // A worker that is gone, or has yet to begin, has nobody to close.
    const all = [...this.#links.values()].map((link) => link.insist(name, about).catch(() => undefined));
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(TOLD_MS, resolve);
      Promise.all(all).then(() => {
        cancel();
        resolve();
      });
    });
  }

  #relay(from: number, grant: RelayedGrant): Eventual<RelayOutcome> {
    const number = Number(grant.socketId.split('.', 1)[0]);
    const link = this.#links.get(number);
    // Not an id that any worker gave, or one of the asker's whose connection is gone.
    if (link === undefined || number === from) return 'unknown';
    return link.call('recordGrant', grant);
  }
}

function publicationOf(cached: CachedPublication): EventPublication {
  const { appId, channel, event, data, exceptSocketId, userId } = cached;
  return new EventPublication(appId, channel, event, new EventData(data), exceptSocketId, userId);
}
