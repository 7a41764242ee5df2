/** The in-memory implementations keep their ports' promises. */
import { describe, expect, it } from 'vitest';
import { ConfigAppRegistry } from '../../server/apps/config-app-registry.ts';
import { MemoryGrantStore } from '../../server/auth/memory-grant-store.ts';
import type { Publication } from '../../server/broker/broker.ts';
import { MemoryBroker } from '../../server/broker/memory-broker.ts';
import { EventData, EventPublication } from '../../server/broker/publications.ts';
import { MemoryChannelCache } from '../../server/cache/memory-channel-cache.ts';
import { configFrom } from '../../server/config/parse.ts';
import { MemoryRateLimiter } from '../../server/limits/memory-rate-limiter.ts';
import type { Departures } from '../../server/presence/departures.ts';
import { MemoryDepartures } from '../../server/presence/memory-departures.ts';
import { MemoryPresenceStore } from '../../server/presence/memory-presence-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { frameText } from '../support/publications.ts';
import { RecordingSink } from '../support/webhook-sinks.ts';
import { brokerContract } from './broker.contract.ts';
import { channelCacheContract } from './channel-cache.contract.ts';
import { departuresContract } from './departures.contract.ts';
import { grantStoreContract } from './grant-store.contract.ts';
import { COUNTING_APP, presenceStoreContract } from './presence-store.contract.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

const countingApps = () =>
  new ConfigAppRegistry(configFrom({ apps: [{ id: COUNTING_APP, key: 'key', secret: 'secret' }] }).apps);

describe('MemoryBroker', () => {
  const nothing = async (): Promise<void> => undefined;
  brokerContract(async () => ({ brokers: [new MemoryBroker()], settled: nothing, stop: nothing }));
});

describe('MemoryDepartures', () => {
  departuresContract(async () => {
    const clock = new FakeClock();
    const left = new MemoryDepartures(10, clock);
    const departures: Departures = {
      left(appId, userId) {
        clock.advance(1);
        left.left(appId, userId);
      },
      leftSince: (...question) => left.leftSince(...question),
    };
    return { departures, other: departures, now: () => clock.now(), stop: async () => undefined };
  });

  it('remembers so many, and those for a day and an hour', () => {
    const clock = new FakeClock();
    const departures = new MemoryDepartures(2, clock);
    const users = ['a', 'b', 'c', 'd'];
    for (const user of ['a', 'b', 'c', 'b']) departures.left('app', user);
    expect(departures.leftSince('app', users, 0)).toEqual(['b', 'c']);
    clock.advance(25 * 3600 * 1000);
    departures.left('app', 'd');
    expect(departures.leftSince('app', users, 0)).toEqual(['d']);
  });
});

describe('MemoryGrantStore', () => {
  grantStoreContract(async () => {
    const store = new MemoryGrantStore();
    return { store, other: store, stop: async () => undefined };
  });
});

describe('MemoryRateLimiter', () => {
  rateLimiterContract(async () => {
    const clock = new FakeClock();
    return {
      limiter: new MemoryRateLimiter(100, clock),
      advance: async (ms) => clock.advance(ms),
      stop: async () => undefined,
    };
  });
});

describe('MemoryPresenceStore', () => {
  presenceStoreContract(async () => {
    const published: Publication[] = [];
    const sink = new RecordingSink();
    const broker = {
      publish: (publication: Publication) => {
        published.push(publication);
      },
    };
    const clock = new FakeClock();
    const store = new MemoryPresenceStore({ broker, webhooks: sink, registry: countingApps(), clock });
    return {
      store,
      announced: async () =>
        published.map((publication) => ({
          topic: publication.topic,
          frame: frameText(publication),
          except: publication.exceptSocketId,
        })),
      reported: async () => sink.events,
    };
  });
});

describe('MemoryChannelCache', () => {
  const room = { maxEntries: 3, maxBytes: 1000 };
  const event = (channel: string, data: string): EventPublication =>
    new EventPublication('app', channel, 'e', new EventData(data));

  channelCacheContract(async () => {
    const clock = new FakeClock();
    const delivered: Publication[] = [];
    const broker = new MemoryBroker();
    broker.start({ deliver: (publication) => delivered.push(publication), terminate: () => undefined });
    const cache = new MemoryChannelCache(room, broker, clock);
    return {
      caches: [cache, cache],
      follow: async () => undefined,
      delivered: async () => delivered,
      advance: async (ms) => clock.advance(ms),
      stop: async () => undefined,
    };
  });

  it('the least recently written events go when there are too many', () => {
    const clock = new FakeClock();
    const cache = new MemoryChannelCache(room, new MemoryBroker(), clock);
    for (const channel of ['a', 'b', 'c', 'a', 'd']) cache.publish(event(channel, 'd'), 1000);
    expect(['a', 'b', 'c', 'd'].filter((channel) => cache.get('app', channel) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ]);
  });

  it('and when they are too large together', () => {
    const clock = new FakeClock();
    const cache = new MemoryChannelCache(room, new MemoryBroker(), clock);
    for (const channel of ['a', 'b']) cache.publish(event(channel, 'd'.repeat(300)), 1000);
    expect(cache.get('app', 'a')).toBeUndefined();
    expect(cache.get('app', 'b')).toMatchObject({ data: 'd'.repeat(300) });
  });
});
