/** A hub and its workers' links in this process, over real local sockets. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { ConfigAppRegistry } from '../../server/apps/config-app-registry.ts';
import { MemoryGrantStore } from '../../server/auth/memory-grant-store.ts';
import { MemoryChannelCache } from '../../server/cache/memory-channel-cache.ts';
import { configFrom } from '../../server/config/parse.ts';
import { HubLink, type Service } from '../../server/hub/hub-link.ts';
import { HubServer } from '../../server/hub/hub-server.ts';
import type { ParentService, WorkerService } from '../../server/hub/hub-services.ts';
import { HubTopics } from '../../server/hub/hub-topics.ts';
import type { Clock } from '../../server/lib/clock.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { MemoryRateLimiter } from '../../server/limits/memory-rate-limiter.ts';
import { MemoryDepartures } from '../../server/presence/memory-departures.ts';
import { MemoryPresenceStore } from '../../server/presence/memory-presence-store.ts';
import { Counters } from '../../server/telemetry/counters.ts';
import { EndpointDirectory } from '../../server/webhooks/endpoint-directory.ts';
import { MemoryDeadLetters } from '../../server/webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from '../../server/webhooks/memory-webhook-queue.ts';
import { FakeClock } from './fake-clock.ts';
import { silentLogger } from './silent-logger.ts';
import { webhook } from './webhook-settings.ts';
import { RecordingSink } from './webhook-sinks.ts';

export const COUNTING_APP = 'counting-app';

export interface HubOptions {
  readonly clock?: Clock;
  readonly deadLetterLimit?: number;
}

/** Both ends of a socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  const here = connect(address.port, '127.0.0.1');
  const [there] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [here, there];
}

/** Both ends of a link, started; the first end is the worker's. */
export async function linkPair<A extends Service, B extends Service>(): Promise<[HubLink<A>, HubLink<B>]> {
  const [here, there] = await socketPair();
  const pair: [HubLink<A>, HubLink<B>] = [new HubLink<A>(here), new HubLink<B>(there)];
  for (const link of pair) link.start();
  return pair;
}

export class TestHub {
  readonly links: HubLink<ParentService>[] = [];
  readonly reported = new RecordingSink();
  readonly endpoints = new EndpointDirectory([{ id: COUNTING_APP, webhooks: [webhook()] }]);
  /** The hub's own queue; presence reports to `reported` instead. */
  readonly webhooks: MemoryWebhookQueue;
  readonly #server: HubServer;
  readonly #hubEnds: HubLink<WorkerService>[] = [];

  constructor({ clock = new FakeClock(), deadLetterLimit = 100 }: HubOptions = {}) {
    const log = new OccasionalLog(clock, silentLogger);
    const ports = { clock, log, ids: randomIds(), counters: new Counters(), endpoints: this.endpoints };
    const { apps, webhooks: settings } = configFrom({
      apps: [{ id: COUNTING_APP, key: 'key', secret: 'secret' }],
      webhooks: { deadLetterLimit, graceMs: 0 },
    });
    const registry = new ConfigAppRegistry(apps);
    const topics = new HubTopics({ clock, log });
    const deadLetters = new MemoryDeadLetters(settings, ports);
    this.webhooks = new MemoryWebhookQueue(settings, { ...ports, deadLetters });
    this.#server = new HubServer({
      topics,
      presence: new MemoryPresenceStore({ broker: topics, webhooks: this.reported, registry, clock }),
      cache: new MemoryChannelCache({ maxEntries: 1000, maxBytes: 1_000_000 }, topics, clock),
      departures: new MemoryDepartures(100, clock),
      limiter: new MemoryRateLimiter(1000, clock),
      revocations: new MemoryGrantStore(),
      webhooks: this.webhooks,
      deadLetters,
      endpoints: this.endpoints,
      clock,
    });
  }

  /** A worker's link; the numbers of socket ids are 1, 2, … */
  async connect(): Promise<HubLink<ParentService>> {
    const [worker, hub] = await linkPair<ParentService, WorkerService>();
    const number = this.#hubEnds.push(hub);
    this.#server.add(number, hub);
    hub.onEnd(() => this.#server.remove(number));
    this.links.push(worker);
    return worker;
  }

  /** Done when everything that workers said has reached everybody whom it concerns. */
  async settled(): Promise<void> {
    for (const link of this.links) await link.call('settled', undefined).catch(() => undefined);
    for (const link of this.links) await link.call('settled', undefined).catch(() => undefined);
  }

  stop(): void {
    for (const link of this.links) link.close();
  }
}
