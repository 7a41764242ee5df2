/** One lane's requests when time is ours: retries, their bytes, their end, and who waits for whom. */
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../../../protocol/index.ts';
import { ConfigAppRegistry } from '../../../../server/apps/config-app-registry.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { randomIds } from '../../../../server/lib/random-ids.ts';
import type { PostRequest, PostResult } from '../../../../server/outgoing/poster.ts';
import { Counters } from '../../../../server/telemetry/counters.ts';
import { EndpointDirectory } from '../../../../server/webhooks/endpoint-directory.ts';
import { MemoryDeadLetters } from '../../../../server/webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from '../../../../server/webhooks/memory-webhook-queue.ts';
import { WebhookDelivery } from '../../../../server/webhooks/webhook-delivery.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const FAILED: PostResult = { ok: false, failure: 'answer', reason: 'the answer has status 500' };
const UNREACHABLE: PostResult = { ok: false, failure: 'connection', reason: 'connect ECONNREFUSED' };
const TAKEN: PostResult = { ok: true, status: 200 };
const miss = (channel: string): WebhookEvent => ({ name: 'cache_miss', channel });

const channelsOf = ({ body }: PostRequest): string[] =>
  (JSON.parse(body) as { events: { channel: string }[] }).events.map(({ channel }) => channel);
const isPoison = (channel: string): boolean => channel.startsWith('poison');

interface Attempt {
  readonly at: number;
  readonly request: PostRequest;
}

function node(
  answer: (request: PostRequest, attempt: number) => PostResult,
  webhooks: object[] = [{ url: 'http://a/' }],
) {
  const config = configFrom({ apps: [{ id: '1', key: 'key', secret: 'secret', webhooks }] });
  const clock = new FakeClock();
  const started = clock.now();
  const counters = new Counters();
  const log = new OccasionalLog(clock, silentLogger);
  const ids = randomIds();
  const endpoints = new EndpointDirectory(config.apps);
  const errors: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => errors.push(fields) };
  const deadLetters = new MemoryDeadLetters(config.webhooks, { ids, clock, log });
  const queue = new MemoryWebhookQueue(config.webhooks, {
    endpoints,
    deadLetters,
    ids,
    clock,
    counters,
    log,
  });
  const attempts: Attempt[] = [];
  const poster = {
    post: async (request: PostRequest) => {
      attempts.push({ at: clock.now() - started, request });
      return answer(request, attempts.length);
    },
    close: () => undefined,
  };
  const delivery = new WebhookDelivery(
    { timeoutMs: 4000, retryMs: 300_000, backoff: { firstMs: 1000, longestMs: 128_000 } },
    {
      queue,
      endpoints,
      deadLetters,
      poster,
      registry: new ConfigAppRegistry(config.apps),
      clock,
      chance: () => 0,
      counters,
      log,
      logger,
    },
  );
  delivery.start();
  return {
    queue,
    attempts,
    counters,
    delivery,
    errors,
    configure(...webhooks: object[]): void {
      const [app] = configFrom({ apps: [{ id: '1', key: 'key', secret: 'secret', webhooks }] }).apps;
      for (const gone of endpoints.update({ id: '1', webhooks: app?.webhooks ?? [] })) delivery.end(gone);
    },
    endpoint: () => {
      const [endpoint] = endpoints.of('1');
      if (endpoint === undefined) throw new Error('an endpoint was configured');
      return endpoint;
    },
    queued: () => endpoints.of('1').reduce((sum, endpoint) => sum + queue.queued(endpoint), 0),
    seconds: () => attempts.map(({ at }) => at / 1000),
    letters: () =>
      deadLetters.list({ appId: undefined, endpoint: undefined, limit: 1000, cursor: undefined }).letters,
    async advance(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 250) {
        clock.advance(Math.min(250, ms - passed));
        await new Promise(setImmediate);
      }
    },
  };
}

describe('a receiver that fails', () => {
  it('is tried again after 1, 2, 4, 8… seconds, then the events are dead letters', async () => {
    const { queue, advance, seconds, letters, counters, queued } = node(() => FAILED);
    queue.add('1', miss('a'));
    await advance(300_000);
    expect(seconds()).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255].map((after) => after + 0.25));
    expect(letters()).toMatchObject([
      { appId: '1', endpoint: 'http://a/', attempts: 9, reason: 'the answer has status 500' },
    ]);
    expect(counters.webhooksOf('1')).toEqual({ sent: 0, failedAttempts: 9, deadLetters: 1 });
    expect(queued()).toBe(0);
  });

  it('gets the same bytes and the same signature each time', async () => {
    const { queue, advance, attempts } = node((_request, attempt) => (attempt < 4 ? FAILED : TAKEN));
    queue.add('1', miss('a'));
    await advance(10_000);
    expect(attempts).toHaveLength(4);
    expect(new Set(attempts.map(({ request }) => JSON.stringify([request.body, request.headers]))).size).toBe(
      1,
    );
  });

  it('keeps later events of the channel behind the earlier ones', async () => {
    const { queue, advance, attempts } = node((_request, attempt) => (attempt < 3 ? FAILED : TAKEN));
    queue.add('1', miss('a'));
    await advance(500);
    queue.add('1', { name: 'channel_occupied', channel: 'a' });
    await advance(10_000);
    expect(
      attempts.map(({ request }) => (JSON.parse(request.body) as { events: object[] }).events),
    ).toMatchObject([
      [{ name: 'cache_miss' }],
      [{ name: 'cache_miss' }],
      [{ name: 'cache_miss' }],
      [{ name: 'channel_occupied' }],
    ]);
  });

  it('drains into dead letters at the pace of time, each event tried at least once', async () => {
    const { queue, advance, attempts, letters } = node(() => FAILED);
    for (let n = 0; n < 100; n += 1) queue.add('1', miss('a'));
    await advance(320_000);
    expect(letters()).toHaveLength(100);
    const tried = new Set(
      attempts.flatMap(({ request }) =>
        (JSON.parse(request.body) as { events: { id: string }[] }).events.map(({ id }) => id),
      ),
    );
    expect(tried.size).toBe(100);
  });

  it('holds up no other endpoint', async () => {
    const { queue, advance, attempts } = node(
      ({ url }) => (url.href === 'http://a/' ? FAILED : TAKEN),
      [{ url: 'http://a/' }, { url: 'http://b/' }],
    );
    for (let n = 0; n < 50; n += 1) {
      queue.add('1', miss('a'));
      await advance(250);
    }
    await advance(250);
    const taken = attempts.filter(({ request }) => request.url.href === 'http://b/');
    expect(taken).toHaveLength(50);
    expect(taken.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, n) => (n + 1) * 250));
  });
});

describe('a receiver that refuses some channels', () => {
  const refusing = (request: PostRequest): PostResult =>
    channelsOf(request).some(isPoison) ? FAILED : TAKEN;
  const POISON = Array.from({ length: 16 }, (_, n) => `poison-${n}`);
  const HEALTHY = Array.from({ length: 80 }, (_, n) => `healthy-${n}`);

  it('gets all others while it still refuses those, and only those become dead letters', async () => {
    const { queue, advance, counters, letters, queued } = node(refusing);
    for (const channel of [...POISON, ...HEALTHY, ...POISON, ...HEALTHY]) queue.add('1', miss(channel));
    await advance(10_000);
    expect(counters.webhooksOf('1')).toMatchObject({ sent: 160, deadLetters: 0 });
    expect(queued()).toBe(32);
    for (const channel of HEALTHY) queue.add('1', miss(channel));
    await advance(500);
    expect(counters.webhooksOf('1').sent).toBe(240);
    await advance(310_000);
    expect(counters.webhooksOf('1').sent).toBe(240);
    expect(
      letters()
        .map(({ event }) => event.channel)
        .sort(),
    ).toEqual([...POISON, ...POISON].sort());
    expect(letters().every(({ attempts }) => attempts === 9)).toBe(true);
    expect(queued()).toBe(0);
  });

  it('gets each channel in order and one request of it at a time, with the same bytes for the same events', async () => {
    let refuses = true;
    const { queue, advance, attempts } = node((request) => (refuses ? refusing(request) : TAKEN));
    for (const channel of POISON) queue.add('1', miss(channel));
    await advance(2000);
    for (const channel of POISON) queue.add('1', { name: 'channel_occupied', channel });
    await advance(8000);
    refuses = false;
    await advance(20_000);
    queue.add('1', { name: 'member_added', channel: 'poison-0', userId: '7' });
    await advance(250);
    const bodies = attempts.map(({ request }) => request.body).filter((body) => body.includes('"poison-0"'));
    const names = bodies.map((body) =>
      (JSON.parse(body) as { events: { channel: string; name: string }[] }).events
        .filter(({ channel }) => channel === 'poison-0')
        .map(({ name }) => name)
        .join(),
    );
    expect(names.slice(-3)).toEqual(['cache_miss', 'channel_occupied', 'member_added']);
    expect(new Set(names.slice(0, -2))).toEqual(new Set(['cache_miss']));
    expect(new Set(bodies.slice(1, -2)).size).toBe(1);
  });

  it('gets no request per channel when it refuses whatever it gets', async () => {
    const { queue, advance, attempts, letters } = node(() => FAILED);
    for (let n = 0; n < 2000; n += 1) queue.add('1', miss(`c-${n}`));
    await advance(250_000);
    expect(attempts.length).toBeLessThan(8 * (64 + 8) * 9);
    expect(letters()).toEqual([]);
  });

  it('keeps a batch together while no connection succeeds', async () => {
    const { queue, endpoint, advance, attempts } = node((_request, attempt) =>
      attempt < 4 ? UNREACHABLE : TAKEN,
    );
    const lane = endpoint().laneOf('c-0');
    const together = Array.from({ length: 40 }, (_, n) => `c-${n}`).filter(
      (channel) => endpoint().laneOf(channel) === lane,
    );
    for (const channel of together) queue.add('1', miss(channel));
    await advance(10_000);
    expect(attempts).toHaveLength(4);
    expect(new Set(attempts.map(({ request }) => request.body)).size).toBe(1);
    expect(attempts.map(({ request }) => channelsOf(request))[3]).toEqual(together);
  });
});

describe('an address where no request may ever go', () => {
  it('makes dead letters at once', async () => {
    const { queue, advance, letters } = node(() => ({ ok: false, failure: 'policy', reason: 'not allowed' }));
    queue.add('1', miss('a'));
    await advance(250);
    expect(letters()).toMatchObject([{ attempts: 1, reason: 'not allowed' }]);
  });
});

describe('stopping', () => {
  it('sends what waits and what was held back, at once', async () => {
    const { queue, delivery, attempts, advance, errors } = node(() => TAKEN);
    queue.add('1', { name: 'channel_vacated', channel: 'a' });
    queue.add('1', miss('a'));
    let stopped = false;
    delivery.stop(5000).then(() => {
      stopped = true;
    });
    while (!stopped) await advance(250);
    expect(
      attempts.flatMap(({ request }) => (JSON.parse(request.body) as { events: object[] }).events),
    ).toMatchObject([{ name: 'cache_miss' }, { name: 'channel_vacated' }]);
    expect(errors).toEqual([]);
  });

  it('gives up when its time is over, and says what was not sent', async () => {
    const { queue, delivery, advance, errors } = node(() => FAILED);
    queue.add('1', miss('a'));
    queue.add('1', miss('b'));
    const stopped = delivery.stop(5000);
    await advance(6000);
    await stopped;
    expect(errors).toEqual([{ appId: '1', endpoint: 'http://a/', events: 2 }]);
  });
});

describe('an endpoint whose app changes', () => {
  it('goes on with what is queued, with its new settings', async () => {
    let up = false;
    const { queue, configure, advance, attempts } = node(
      () => (up ? TAKEN : UNREACHABLE),
      [{ url: 'http://a/?token=1' }],
    );
    queue.add('1', miss('x'));
    await advance(1000);
    expect(attempts).toHaveLength(1);
    configure({ url: 'http://b/' }, { url: 'http://a/?token=2', headers: { 'X-Tenant': 'blue' } });
    queue.add('1', miss('x'));
    up = true;
    await advance(10_000);
    const toA = attempts.filter(({ request }) => request.url.host === 'a').slice(1);
    expect(toA.map(({ request }) => [request.url.search, ...channelsOf(request)])).toEqual([
      ['?token=2', 'x'],
      ['?token=2', 'x'],
    ]);
    // A repetition has the bytes of the first attempt, headers included.
    expect(toA.map(({ request }) => request.headers['X-Tenant'])).toEqual([undefined, 'blue']);
    expect(attempts.filter(({ request }) => request.url.host === 'b')).toHaveLength(1);
  });

  it('takes over at once how many events a request carries', async () => {
    const { queue, configure, advance, attempts } = node(() => TAKEN);
    for (let count = 0; count < 2; count += 1) queue.add('1', miss('x'));
    await advance(1000);
    configure({ url: 'http://a/', batch: false });
    for (let count = 0; count < 2; count += 1) queue.add('1', miss('x'));
    await advance(1000);
    expect(attempts.map(({ request }) => channelsOf(request).length)).toEqual([2, 1, 1]);
  });
});

describe('an endpoint that is removed', () => {
  it('turns what is queued, and what is waiting for another try, into dead letters at once', async () => {
    const { queue, configure, advance, attempts, endpoint, letters, queued } = node(() => UNREACHABLE);
    const gone = endpoint();
    queue.add('1', miss('x'));
    await advance(8000);
    const before = attempts.length;
    for (const channel of ['x', 'y', 'z']) queue.add('1', miss(channel));
    configure();
    await advance(0);
    await new Promise(setImmediate);
    expect(
      letters()
        .map(({ event }) => event.channel)
        .sort(),
    ).toEqual(['x', 'x', 'y', 'z']);
    expect(new Set(letters().map(({ reason }) => reason))).toEqual(
      new Set(['the endpoint was removed from the app']),
    );
    expect([queue.queued(gone), queued(), attempts.length]).toEqual([0, 0, before]);
  });

  it('leaves a request under way to its end', async () => {
    let finish: (result: PostResult) => void = () => undefined;
    const { queue, configure, advance, letters, counters, endpoint } = node(
      () => new Promise<PostResult>((resolve) => (finish = resolve)) as never,
    );
    const gone = endpoint();
    queue.add('1', miss('x'));
    await advance(500);
    configure();
    finish(TAKEN);
    await advance(500);
    expect([letters().length, counters.webhooksOf('1').sent, queue.queued(gone)]).toEqual([0, 1, 0]);
  });

  it('and comes back is another one, whose events are delivered', async () => {
    const { queue, configure, advance, letters, attempts } = node(() => TAKEN);
    queue.add('1', miss('x'));
    configure();
    await advance(500);
    configure({ url: 'http://a/' });
    queue.add('1', miss('y'));
    await advance(500);
    expect(letters().map(({ event }) => event.channel)).toEqual(['x']);
    expect(attempts.flatMap(({ request }) => channelsOf(request))).toEqual(['y']);
  });

  it('keeps nobody waiting at a stop', async () => {
    const { queue, configure, advance, delivery, errors } = node(() => UNREACHABLE);
    queue.add('1', miss('x'));
    await advance(2000);
    configure();
    await advance(250);
    const stopped = delivery.stop(60_000);
    await advance(250);
    await stopped;
    expect(errors).toEqual([]);
  });
});
