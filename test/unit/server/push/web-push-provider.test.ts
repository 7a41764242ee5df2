/** The Web Push provider against a push service that checks what the browsers' own check, over real sockets. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../server/lib/system-clock.ts';
import { AddressPolicy } from '../../../../server/outgoing/address-policy.ts';
import { NameLookup } from '../../../../server/outgoing/name-lookup.ts';
import { systemResolve } from '../../../../server/outgoing/system-resolve.ts';
import { WebPushProvider } from '../../../../server/push/providers/web-push-provider.ts';
import { isPayloadProblem, type Verdict } from '../../../../server/push/push-provider.ts';
import {
  FakePushService,
  type FakePushServiceOptions,
  type PushFailure,
} from '../../../support/push/fake-push-service.ts';
import { vapidPair } from '../../../support/push/fake-vapid.ts';

const NEVER = new AbortController().signal;
const PAYLOAD = { payload: { notification: { title: 'Parcel', body: 'Arrives tomorrow ✓' } } };
const PAIR = vapidPair();
const HOUR = 3_600_000;

interface Settings {
  readonly allowPrivate?: boolean;
  readonly allowLoopback?: boolean;
  readonly allowedOrigins?: readonly string[];
  readonly now?: () => number;
  readonly resolve?: typeof systemResolve;
}

const started: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of started.splice(0)) await stop();
});

async function serviceOf(options: FakePushServiceOptions = {}): Promise<FakePushService> {
  const service = await FakePushService.start(options);
  started.push(() => service.stop());
  return service;
}

function providerOf(settings: Settings = {}): WebPushProvider {
  const {
    allowPrivate = true,
    allowLoopback = true,
    allowedOrigins = [],
    now,
    resolve = systemResolve,
  } = settings;
  const clock = now === undefined ? systemClock : { ...systemClock, now };
  const provider = new WebPushProvider(
    { ...PAIR, subject: 'mailto:ops@example.com', allowedOrigins },
    {
      policy: new AddressPolicy({ allowPrivate, allowLoopback }),
      names: new NameLookup(resolve, clock),
      clock,
      chance: () => 0,
      tls: { ca: FakePushService.ca },
    },
  );
  started.push(() => provider.close());
  return provider;
}

interface Sent {
  readonly payload?: object;
  readonly expiresAt?: number;
  readonly signal?: AbortSignal;
}

function push(
  provider: WebPushProvider,
  tokens: readonly string[],
  { payload = PAYLOAD, expiresAt, signal = NEVER }: Sent = {},
): Promise<readonly Verdict[]> {
  const prepared = provider.prepare(payload);
  if (isPayloadProblem(prepared)) throw new Error(prepared.problem);
  return provider.send(
    prepared,
    tokens.map((token) => ({ token })),
    { signal, expiresAt },
  );
}

async function pushOne(provider: WebPushProvider, token: string, sent?: Sent): Promise<Verdict> {
  const [verdict] = await push(provider, [token], sent);
  return verdict as Verdict;
}

describe('Web Push', () => {
  it.each(['h2', 'h2c', 'https/1.1', 'http/1.1'] as const)(
    'is taken by a service that speaks %s',
    async (protocol) => {
      const service = await serviceOf({ protocol });
      const provider = providerOf();
      const subscriptions = Array.from({ length: 40 }, () => service.subscribe(PAIR.publicKey));
      const verdicts = await push(provider, subscriptions);
      expect(service.complaints).toEqual([]);
      expect(verdicts.map(({ kind }) => kind)).toEqual(subscriptions.map(() => 'sent'));
      expect(verdicts[0]).toEqual({
        kind: 'sent',
        messageId: expect.stringContaining(`${service.origin}/m/`),
      });
      expect(service.messages.map(({ plaintext }) => plaintext)).toEqual(
        subscriptions.map(() => JSON.stringify(PAYLOAD.payload)),
      );
      expect(service.messages[0]?.httpVersion).toBe(protocol.endsWith('1.1') ? '1.1' : '2.0');
    },
  );

  it('tries HTTP/2 once at a service that speaks HTTP/1.1 only', async () => {
    const service = await serviceOf({ protocol: 'https/1.1' });
    const provider = providerOf();
    for (let i = 0; i < 3; i += 1)
      expect(await pushOne(provider, service.subscribe())).toMatchObject({ kind: 'sent' });
    // One for HTTP/2, and one that is kept.
    expect(service.connections).toBe(2);
  });

  it('goes over one connection as long as it serves', async () => {
    const service = await serviceOf({ protocol: 'h2' });
    const provider = providerOf();
    await push(
      provider,
      Array.from({ length: 50 }, () => service.subscribe()),
    );
    await push(
      provider,
      Array.from({ length: 50 }, () => service.subscribe()),
    );
    expect(service.messages).toHaveLength(100);
    expect(service.connections).toBe(1);
  });

  it('tells TTL, urgency and topic', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    const token = service.subscribe();
    await pushOne(provider, token);
    await pushOne(provider, token, { payload: { ...PAYLOAD, ttl: 60, urgency: 'high', topic: 'order-1' } });
    expect(service.messages.map(({ headers: { ttl, urgency, topic } }) => [ttl, urgency, topic])).toEqual([
      ['2419200', undefined, undefined],
      ['60', 'high', 'order-1'],
    ]);
  });

  it('tells no TTL beyond the time after which nobody wants it', async () => {
    const now = systemClock.now();
    const service = await serviceOf();
    const provider = providerOf({ now: () => now });
    const token = service.subscribe();
    await pushOne(provider, token, { expiresAt: now + 90_001 });
    await pushOne(provider, token, { expiresAt: now + HOUR, payload: { ...PAYLOAD, ttl: 5 } });
    await pushOne(provider, token, { expiresAt: now - 1 });
    expect(service.messages.map(({ headers }) => headers['ttl'])).toEqual(['91', '5', '0']);
  });

  it('signs one token for each service, and a new one after six hours', async () => {
    let now = systemClock.now();
    const services = [await serviceOf({ now: () => now }), await serviceOf({ now: () => now })];
    const provider = providerOf({ now: () => now });
    for (const hours of [0, 5, 2, 5]) {
      now += hours * HOUR;
      for (const service of services) await pushOne(provider, service.subscribe(PAIR.publicKey));
    }
    for (const { messages, complaints } of services) {
      const used = messages.map(({ headers }) => headers['authorization']);
      expect(complaints).toEqual([]);
      expect(used).toHaveLength(4);
      expect(used[1]).toBe(used[0]);
      expect(used[2]).not.toBe(used[0]);
      expect(used[3]).toBe(used[2]);
    }
  });

  it('leaves room for others between encryptions', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    let over = false;
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await push(
      provider,
      Array.from({ length: 80 }, () => service.subscribe()),
    );
    over = true;
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('answers at once when there is nobody to send to', async () => {
    expect(await push(providerOf(), [])).toEqual([]);
  });
});

describe('a Web Push payload', () => {
  const problemOf = (payload: object): string | undefined => {
    const prepared = providerOf().prepare(payload);
    return isPayloadProblem(prepared) ? prepared.problem : undefined;
  };
  // {"a":"…"} around it.
  const ofBytes = (bytes: number): object => ({ payload: { a: `${'é'.repeat((bytes - 9) / 2)}x` } });

  it('may have 3993 bytes and no more', () => {
    expect(problemOf(ofBytes(3993))).toBeUndefined();
    expect(problemOf(ofBytes(3995))).toBe('the Web Push payload has 3995 bytes, and the limit is 3993');
  });

  it.each([
    [{}, 'the Web Push "payload" must be an object'],
    [{ payload: 'text' }, 'the Web Push "payload" must be an object'],
    [{ ...PAYLOAD, ttl: -1 }, 'the Web Push "ttl" must be a whole number of seconds from 0 on'],
    [{ ...PAYLOAD, ttl: 1.5 }, 'the Web Push "ttl" must be a whole number of seconds from 0 on'],
    [{ ...PAYLOAD, ttl: '5' }, 'the Web Push "ttl" must be a whole number of seconds from 0 on'],
    [{ ...PAYLOAD, urgency: 'urgent' }, 'the Web Push "urgency" must be one of very-low, low, normal, high'],
    [{ ...PAYLOAD, topic: 'a b' }, 'the Web Push "topic" must be 1 to 32 letters, digits or any of - _'],
    [{ ...PAYLOAD, topic: 'x'.repeat(33) }, 'the Web Push "topic" must be 1 to 32 letters'],
  ])('is refused before it is sent: %j', (payload, problem) => {
    expect(problemOf(payload)).toContain(problem);
  });
});

describe('what a push service answers', () => {
  const sent = (messageId?: string) => ({ kind: 'sent', messageId });
  const retry = (afterMs: number | undefined, code: string) => ({ kind: 'retry', afterMs, code });
  const cases: ReadonlyArray<readonly [name: string, failure: PushFailure, verdict: object]> = [
    ['200', { status: 200 }, sent()],
    ['201 with a Location', { status: 201, headers: { location: '/m/1' } }, sent('/m/1')],
    ['202 for a receipt', { status: 202 }, sent()],
    ['204', { status: 204 }, sent()],
    [
      '301, which is not followed',
      { status: 301, headers: { location: '/m' } },
      { kind: 'refused', code: 'HTTP_301' },
    ],
    [
      '307, which is not followed',
      { status: 307, headers: { location: '/m' } },
      { kind: 'refused', code: 'HTTP_307' },
    ],
    ['400', { status: 400, body: '{"reason":"BadTtl"}' }, { kind: 'refused', code: 'HTTP_400' }],
    ['401', { status: 401 }, { kind: 'misconfigured', code: 'HTTP_401' }],
    ['403, once', { status: 403 }, { kind: 'refused', code: 'HTTP_403' }],
    ['404', { status: 404 }, { kind: 'dead', code: 'HTTP_404' }],
    ['410', { status: 410 }, { kind: 'dead', code: 'HTTP_410' }],
    ['413', { status: 413 }, { kind: 'refused', code: 'HTTP_413' }],
    ['408', { status: 408 }, retry(undefined, 'HTTP_408')],
    ['429', { status: 429 }, retry(undefined, 'HTTP_429')],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, retry(7000, 'HTTP_429')],
    [
      '429 with a date that is over',
      { status: 429, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } },
      retry(0, 'HTTP_429'),
    ],
    ['500', { status: 500 }, retry(undefined, 'HTTP_500')],
    ['502', { status: 502 }, retry(undefined, 'HTTP_502')],
    ['503 with seconds', { status: 503, headers: { 'retry-after': '30' } }, retry(30_000, 'HTTP_503')],
    ['no answer, but a reset', 'reset', retry(undefined, 'NO_ANSWER')],
  ];

  it.each(cases)('is understood in HTTP/2: %s', async (_, failure, verdict) => {
    const service = await serviceOf({ protocol: 'h2' });
    service.failNext([failure]);
    expect(await pushOne(providerOf(), service.subscribe())).toMatchObject(verdict);
    expect(service.requests).toBe(1);
  });

  it.each(cases)('is understood in HTTP/1.1: %s', async (_, failure, verdict) => {
    const service = await serviceOf({ protocol: 'https/1.1' });
    service.failNext([failure]);
    expect(await pushOne(providerOf(), service.subscribe())).toMatchObject(verdict);
    expect(service.requests).toBe(1);
  });

  it("is repeated in the reason, as far as it is short: Mozilla's message, Apple's reason", async () => {
    const service = await serviceOf();
    const provider = providerOf();
    const reasonFor = async (body: string): Promise<string> => {
      service.failNext([{ status: 400, body }]);
      const verdict = await pushOne(provider, service.subscribe());
      return 'reason' in verdict ? verdict.reason : '';
    };
    const answered = 'the push service answered with status 400';
    expect(await reasonFor('{"code":400,"errno":112,"message":"Invalid TTL"}')).toBe(
      `${answered}: Invalid TTL`,
    );
    expect(await reasonFor('{"reason":"BadWebPushTopic"}')).toBe(`${answered}: BadWebPushTopic`);
    expect(await reasonFor('no\r\ngood')).toBe(`${answered}: no good`);
    expect(await reasonFor('<html></html>')).toBe(answered);
    expect(await reasonFor('x'.repeat(20_000))).toBe(`${answered}: ${'x'.repeat(200)}`);
  });

  it('tells each subscription apart', async () => {
    const service = await serviceOf();
    const [gone, busy, fine] = [service.subscribe(), service.subscribe(), service.subscribe()];
    service.forget(gone);
    service.failNext([{ status: 429 }], busy);
    const verdicts = await push(providerOf(), [gone, busy, fine, gone]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['dead', 'retry', 'sent', 'dead']);
  });
});

describe('a subscription made with another key', () => {
  it('is dead when it is refused again, and others are not', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    const [stranger, ours] = [service.subscribe(vapidPair().publicKey), service.subscribe(PAIR.publicKey)];
    const kinds = async () => (await push(provider, [stranger, ours])).map(({ kind }) => kind);
    expect(await kinds()).toEqual(['refused', 'sent']);
    expect(await kinds()).toEqual(['dead', 'sent']);
    expect(service.complaints).toEqual(['VapidPkHashMismatch', 'VapidPkHashMismatch']);
  });

  it('is known by what some services say with 400', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    const token = service.subscribe();
    service.failNext([
      { status: 400, body: '{"reason":"VapidPkHashMismatch"}' },
      { status: 400, body: 'UnauthorizedRegistration' },
    ]);
    expect(await pushOne(provider, token)).toMatchObject({ kind: 'refused' });
    expect(await pushOne(provider, token)).toMatchObject({ kind: 'dead' });
  });

  it('is not held against subscriptions when our key is refused for all', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    const foreign = vapidPair().publicKey;
    const tokens = Array.from({ length: 25 }, () => service.subscribe(foreign));
    await push(provider, tokens);
    const again = await push(provider, tokens);
    expect(again.map(({ kind }) => kind)).toEqual(tokens.map(() => 'misconfigured'));
    // One of ours is taken: the key is in order after all.
    expect(await pushOne(provider, service.subscribe(PAIR.publicKey))).toMatchObject({ kind: 'sent' });
    expect(await pushOne(provider, tokens[0] ?? '')).toMatchObject({ kind: 'dead' });
  });
});

describe('where Web Push goes', () => {
  it.each([
    ['no JSON', 'x', 'MALFORMED_SUBSCRIPTION'],
    ['another service', '{"endpoint":"https://push.example.com/x","keys":KEYS}', 'UNKNOWN_SERVICE'],
    ['an address', '{"endpoint":"https://8.8.8.8/x","keys":KEYS}', 'UNKNOWN_SERVICE'],
    ['no point', '{"endpoint":"http://127.0.0.1:9/x","keys":NOKEYS}', 'MALFORMED_SUBSCRIPTION'],
  ])('is checked before each request: %s', async (_, template, code) => {
    const keys = `{"p256dh":"${PAIR.publicKey}","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`;
    const beside = `{"p256dh":"${Buffer.alloc(65, 4).toString('base64url')}","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`;
    const token = template.replace('NOKEYS', beside).replace('KEYS', keys);
    expect(await pushOne(providerOf(), token)).toMatchObject({ kind: 'refused', code });
  });

  it('is never a private address that a name of a known service resolves to', async () => {
    const service = await serviceOf({ protocol: 'h2' });
    const provider = providerOf({
      allowPrivate: false,
      allowLoopback: false,
      allowedOrigins: [`https://push.example.com:${new URL(service.origin).port}`],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const token = service.subscribe().replace('localhost', 'push.example.com');
    expect(await pushOne(provider, token)).toMatchObject({ kind: 'refused', code: 'FORBIDDEN_ADDRESS' });
    expect(service.connections).toBe(0);
  });

  it('is this machine only where private addresses are allowed, also in development', async () => {
    const service = await serviceOf({ protocol: 'h2c' });
    const provider = providerOf({ allowPrivate: false, allowLoopback: true });
    expect(await pushOne(provider, service.subscribe())).toMatchObject({
      kind: 'refused',
      code: 'UNKNOWN_SERVICE',
    });
    expect(service.connections).toBe(0);
  });

  it('is no service whose certificate is not to be trusted', async () => {
    const service = await serviceOf({ protocol: 'h2' });
    const provider = providerOf({
      allowedOrigins: [`https://push.example.com:${new URL(service.origin).port}`],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const token = service.subscribe().replace('localhost', 'push.example.com');
    expect(await pushOne(provider, token)).toMatchObject({ kind: 'retry', code: 'UNTRUSTED' });
    expect(service.requests).toBe(0);
  });

  it.each(['h2', 'h2c'] as const)('is tried again later when nobody is there: %s', async (protocol) => {
    const service = await serviceOf({ protocol });
    const token = service.subscribe();
    await service.stop();
    expect(await pushOne(providerOf(), token)).toMatchObject({ kind: 'retry', code: 'UNREACHABLE' });
  });
});

describe('stopping Web Push', () => {
  it.each(['h2', 'https/1.1'] as const)(
    'lets what is under way finish, and begins nothing more: %s',
    async (protocol) => {
      const service = await serviceOf({ protocol });
      const provider = providerOf();
      await pushOne(provider, service.subscribe());
      const controller = new AbortController();
      const sending = push(
        provider,
        Array.from({ length: 300 }, () => service.subscribe()),
        { signal: controller.signal },
      );
      while (service.requests < 20) await systemClock.pause(1);
      controller.abort();
      const verdicts = await sending;
      const taken = verdicts.filter(({ kind }) => kind === 'sent').length;
      expect(taken).toBe(service.messages.length - 1);
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(300);
      const others = verdicts.filter(({ kind }) => kind !== 'sent');
      expect(others.map((verdict) => ('code' in verdict ? verdict.code : ''))).toEqual(
        others.map(() => 'UNREACHABLE'),
      );
    },
  );

  it('fails what comes after the end', async () => {
    const service = await serviceOf();
    const provider = providerOf();
    provider.close();
    expect(await pushOne(provider, service.subscribe())).toMatchObject({
      kind: 'retry',
      code: 'UNREACHABLE',
    });
  });
});
