/** The implementations over the hub of several workers keep their ports' promises. */
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryGrantStore } from '../../server/auth/memory-grant-store.ts';
import type { Publication } from '../../server/broker/broker.ts';
import { HubBroker } from '../../server/hub/hub-broker.ts';
import { HubChannelCache } from '../../server/hub/hub-channel-cache.ts';
import { HubDeadLetters } from '../../server/hub/hub-dead-letters.ts';
import { HubGrantStore } from '../../server/hub/hub-grant-store.ts';
import { HubPresenceStore } from '../../server/hub/hub-presence-store.ts';
import { HubRateLimiter } from '../../server/hub/hub-rate-limiter.ts';
import { HubRosters } from '../../server/hub/hub-rosters.ts';
import { HubWebhookQueue } from '../../server/hub/hub-webhook-queue.ts';
import type { Lane } from '../../server/webhooks/webhook-endpoint.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { COUNTING_APP, TestHub } from '../support/hub.ts';
import { frameText } from '../support/publications.ts';
import { brokerContract } from './broker.contract.ts';
import { channelCacheContract } from './channel-cache.contract.ts';
import { deadLettersContract } from './dead-letters.contract.ts';
import { grantStoreContract } from './grant-store.contract.ts';
import { type Announced, presenceStoreContract } from './presence-store.contract.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

const hubs: TestHub[] = [];
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.stop();
});

function startHub(options: ConstructorParameters<typeof TestHub>[0] = {}): TestHub {
  const hub = new TestHub(options);
  hubs.push(hub);
  return hub;
}

const nobodyListens = (): void => undefined;

describe('HubBroker', () => {
  brokerContract(async () => {
    const hub = startHub();
    const brokers = [await hub.connect(), await hub.connect()].map(
      (link) => new HubBroker(link, nobodyListens),
    );
    return { brokers, settled: () => hub.settled(), stop: async () => hub.stop() };
  });
});

describe('HubPresenceStore', () => {
  presenceStoreContract(async () => {
    const hub = startHub();
    const rosters = new HubRosters();
    const link = await hub.connect();
    const broker = new HubBroker(link, rosters.changed.bind(rosters));
    const observer = new HubBroker(await hub.connect(), nobodyListens);
    const announced: Announced[] = [];
    const deliver = (publication: Publication): void => {
      const { topic, exceptSocketId } = publication;
      announced.push({ topic, frame: frameText(publication), except: exceptSocketId });
    };
    broker.start({ deliver: nobodyListens, terminate: nobodyListens });
    observer.start({ deliver, terminate: nobodyListens });
    for (const app of ['app-1', COUNTING_APP]) {
      for (const topic of ['a', 'presence-a', '!watch-7']) {
        await broker.follow(app, topic);
        await observer.follow(app, topic);
      }
    }
    return {
      store: new HubPresenceStore(link, rosters),
      announced: async () => {
        await hub.settled();
        return announced;
      },
      reported: async () => {
        await hub.settled();
        return hub.reported.events;
      },
    };
  });
});

describe('HubChannelCache', () => {
  channelCacheContract(async () => {
    const clock = new FakeClock();
    const hub = startHub({ clock });
    const [first, second] = [await hub.connect(), await hub.connect()];
    const delivered: Publication[] = [];
    const broker = new HubBroker(second, nobodyListens);
    broker.start({ deliver: (publication) => delivered.push(publication), terminate: nobodyListens });
    return {
      caches: [new HubChannelCache(first), new HubChannelCache(second)],
      follow: (appId, topic) => broker.follow(appId, topic),
      delivered: async () => {
        await hub.settled();
        return delivered;
      },
      advance: async (ms) => clock.advance(ms),
      stop: async () => hub.stop(),
    };
  });
});

describe('HubRateLimiter', () => {
  rateLimiterContract(async () => {
    const clock = new FakeClock();
    const hub = startHub({ clock });
    const limiters = [new HubRateLimiter(await hub.connect()), new HubRateLimiter(await hub.connect())];
    let turn = 0;
    return {
      // In turns, as connections would be spread.
      limiter: {
        take: async (name, rate) => {
          turn += 1;
          const limiter = limiters[turn % 2];
          if (limiter === undefined) throw new Error('there are two');
          return limiter.take(name, rate);
        },
      },
      advance: async (ms) => clock.advance(ms),
      stop: async () => hub.stop(),
    };
  });
});

describe('HubGrantStore', () => {
  grantStoreContract(async () => {
    const hub = startHub();
    return {
      store: new HubGrantStore(await hub.connect(), new MemoryGrantStore()),
      other: new HubGrantStore(await hub.connect(), new MemoryGrantStore()),
      stop: async () => hub.stop(),
    };
  });
});

describe('HubDeadLetters', () => {
  deadLettersContract(async (deadLetterLimit) => {
    const hub = startHub({ deadLetterLimit });
    return new HubDeadLetters(await hub.connect());
  });
});

describe('HubWebhookQueue', () => {
  it('hands events of all workers to the one queue, each channel in its order', async () => {
    const hub = startHub();
    const lanes: Lane[] = [];
    hub.webhooks.start((lane) => lanes.push(lane));
    const queues = [await hub.connect(), await hub.connect()].map(
      (link) => new HubWebhookQueue(link, hub.endpoints),
    );
    for (const [n, queue] of queues.entries()) {
      for (const name of ['channel_occupied', 'channel_vacated'] as const) {
        await queue.add(COUNTING_APP, { name, channel: `c${n}` });
      }
    }
    await hub.settled();
    hub.webhooks.close();
    const taken: Array<{ readonly name: string; readonly channel: string }> = [];
    for (const lane of lanes) {
      taken.push(...(await hub.webhooks.take(lane)).map(({ json }) => JSON.parse(json)));
    }
    for (const channel of ['c0', 'c1']) {
      expect(taken.filter((event) => event.channel === channel).map(({ name }) => name)).toEqual([
        'channel_occupied',
        'channel_vacated',
      ]);
    }
  });

  it('puts dead letters back into it, and refuses those of an endpoint that is not there', async () => {
    const hub = startHub();
    hub.webhooks.start(() => undefined);
    const queue = new HubWebhookQueue(await hub.connect(), hub.endpoints);
    const [endpoint] = hub.endpoints.of(COUNTING_APP);
    if (endpoint === undefined) throw new Error('the app has an endpoint');
    await queue.replay(endpoint, [{ id: '1', channel: 'c', at: 0, json: '{}' }]);
    expect(hub.webhooks.queued(endpoint)).toBe(1);
    hub.endpoints.update({ id: COUNTING_APP, webhooks: [] });
    await expect(queue.replay(endpoint, [])).rejects.toThrow('has no endpoint');
  });
});
