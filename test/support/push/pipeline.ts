/** The push pipeline with providers that are fakes, over a queue and a registry that are not. */
import { setTimeout as pause } from 'node:timers/promises';
import { randomIds } from '../../../server/lib/random-ids.ts';
import type { Audience } from '../../../server/push/audience.ts';
import { buildPush, type Push, type PushParts } from '../../../server/push/build-push.ts';
import type { ProviderName } from '../../../server/push/device.ts';
import type { DeviceStore } from '../../../server/push/device-store.ts';
import { PIPELINE_DEFAULTS, type PipelineSettings } from '../../../server/push/pipeline.ts';
import type { NewPublish, Outcome, PublishReport } from '../../../server/push/publish.ts';
import type { Attempts } from '../../../server/push/push-metrics.ts';
import type { PushProvider } from '../../../server/push/push-provider.ts';
import type { FinishedPublish, PushQueue } from '../../../server/push/push-queue.ts';
import { FakeClock } from '../fake-clock.ts';
import { silentLogger } from '../silent-logger.ts';
import { FakeProvider } from './fake-provider.ts';
import { newPublish } from './publishes.ts';

const INSTANCE = '11111111-1111-4111-8111-111111111111';

export interface TestNode {
  readonly push: Push;
  readonly clock: FakeClock;
  readonly fcm: FakeProvider;
  readonly apns: FakeProvider;
  readonly webpush: FakeProvider;
  /** What the hook was told. It rejects as often as `hookFailures` says first. */
  readonly finished: FinishedPublish[];
  hookFailures: number;
  /** Users who are connected. */
  readonly online: Set<string>;
  /** What is known of users that messages may name. */
  readonly known: Map<string, Readonly<Record<string, unknown>>>;
  readonly attempts: Array<Attempts & { readonly count: number }>;
  /** Accepts a publish of the app; returns its public id. */
  accept(changes?: Partial<NewPublish>): Promise<string>;
  report(publicId: string): Promise<PublishReport>;
  outcomes(publicId: string): Promise<readonly Outcome[]>;
  /** Waits for the end of a publish, and returns how it came out. */
  ended(publicId: string): Promise<PublishReport>;
}

export interface NodeParts {
  readonly appId: string;
  readonly queue: PushQueue;
  readonly audience?: Audience | undefined;
  readonly devices?: DeviceStore | undefined;
  readonly clock?: FakeClock;
  readonly settings?: Partial<PipelineSettings>;
  readonly providers?: ReadonlyMap<ProviderName, PushProvider>;
  readonly keeping?: Parameters<typeof buildPush>[2];
}

/** What passes between two looks. */
export const TICK_MS = 50;

const KEEP = { keepDays: 30, maxInactiveDeviceDays: 0 };

/** Not started. Chance is 1: every pause is as long as it can be. */
export function testNode(parts: NodeParts): TestNode {
  const { appId, queue, audience, devices, clock = new FakeClock(), settings, keeping = KEEP } = parts;
  const fcm = new FakeProvider();
  const apns = new FakeProvider();
  const webpush = new FakeProvider();
  const providers =
    parts.providers ??
    new Map<ProviderName, PushProvider>([
      ['fcm', fcm],
      ['apns', apns],
      ['webpush', webpush],
    ]);
  const none = new Map<ProviderName, PushProvider>();
  const ports: PushParts = {
    queue,
    audience,
    devices,
    providersOf: (id) => (id === appId ? providers : none),
    instanceOf: (id) => (id === appId ? INSTANCE : undefined),
    connected: (_app, users) => users.filter((user) => node.online.has(user)),
    userValues: async (_app, users) => new Map(users.map((user) => [user, node.known.get(user) ?? {}])),
    hook: {
      wants: ({ target, door }) => target.kind === 'users' && door === 'beams',
      async finished(publish) {
        if (node.hookFailures > 0) {
          node.hookFailures -= 1;
          throw new Error('the hook fails');
        }
        node.finished.push(publish);
      },
    },
    metrics: {
      attempted: (attempts, count) => void node.attempts.push({ ...attempts, count }),
      jobDone: () => undefined,
      scheduled: () => undefined,
    },
    clock,
    chance: () => 1,
    ids: randomIds(),
    logger: silentLogger,
  };
  const push = buildPush(ports, { ...PIPELINE_DEFAULTS, ...settings }, keeping);
  const node: TestNode = {
    push,
    clock,
    fcm,
    apns,
    webpush,
    finished: [],
    hookFailures: 0,
    online: new Set(),
    known: new Map(),
    attempts: [],
    async accept(changes = {}) {
      const answer = await push.publishing.accept(newPublish({ appId, ...changes }));
      if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer));
      return answer.publicId;
    },
    async report(publicId) {
      const report = await push.publishing.report(appId, publicId);
      if (report === undefined) throw new Error(`there is no publish ${publicId}`);
      return report;
    },
    async outcomes(publicId) {
      return (await push.publishing.outcomes(appId, publicId, { after: undefined, limit: 10_000 })).items;
    },
    async ended(publicId) {
      return until(async () => {
        // Timers that were set meanwhile come due.
        clock.advance(TICK_MS);
        const report = await node.report(publicId);
        return report.finishedAt === undefined ? undefined : report;
      });
    },
  };
  return node;
}

/** Waits for `look` to find something; in real time, which is the database's. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let tries = 0; tries < 5000; tries += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(5);
  }
  throw new Error('waited in vain');
}
