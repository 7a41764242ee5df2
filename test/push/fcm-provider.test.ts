/** FCM HTTP v1 through real HTTP/2: access tokens, messages, and what each answer means. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/lib/system-clock.ts';
import { FcmProvider } from '../../server/push/providers/fcm-provider.ts';
import type { Verdict } from '../../server/push/push-provider.ts';
import { error, FakeFcm, fcmError, invalid } from '../support/push/fake-fcm.ts';
import { type FakeAnswer, type Fault, INTERNAL_ERROR, REFUSED_STREAM } from '../support/push/fake-http2.ts';
import { AT_ONCE, addresses, fakeTls, prepared, providerPorts } from '../support/push/provider-ports.ts';

const HELLO = { notification: { title: 'Hello', body: 'Grüße, 世界' }, data: { order: '1' } };

let fake: FakeFcm;
let provider: FcmProvider;

beforeEach(async () => {
  fake = await FakeFcm.start();
  provider = providerOf(fake);
});

afterEach(async () => {
  provider.close();
  await fake.close();
});

function providerOf(
  { endpoint }: FakeFcm,
  credentials = fake.credentials(),
  ports = providerPorts(),
): FcmProvider {
  return new FcmProvider({ credentials, endpoint }, ports);
}

async function sendTo(...tokens: readonly string[]): Promise<readonly Verdict[]> {
  return provider.send(prepared(provider, HELLO), addresses(...tokens), AT_ONCE);
}

async function sendOne(): Promise<Verdict | undefined> {
  const [verdict] = await sendTo('device-1');
  return verdict;
}

describe('sending', () => {
  it('sends one message per device, each with its token, and gives their names', async () => {
    const verdicts = await sendTo('device-1', 'device-2', 'device-3');
    expect(verdicts).toEqual([
      { kind: 'sent', messageId: expect.stringMatching(/^projects\/test-project\/messages\//) },
      { kind: 'sent', messageId: expect.any(String) },
      { kind: 'sent', messageId: expect.any(String) },
    ]);
    expect(fake.taken.map(({ message }) => message)).toEqual([
      { token: 'device-1', ...HELLO },
      { token: 'device-2', ...HELLO },
      { token: 'device-3', ...HELLO },
    ]);
  });

  it('escapes what a token may hold', async () => {
    await sendTo('quote"back\\slash', 'ümlaut');
    expect(fake.taken.map(({ message }) => message['token'])).toEqual(['quote"back\\slash', 'ümlaut']);
  });

  it('sends an empty message', async () => {
    await provider.send(prepared(provider, {}), addresses('device-1'), AT_ONCE);
    expect(fake.taken[0]?.message).toEqual({ token: 'device-1' });
  });

  it('has nothing to do without devices', async () => {
    expect(await sendTo()).toEqual([]);
    expect(fake.tokenRequests).toBe(0);
  });

  it('speaks TLS, and trusts nobody unknown', async () => {
    const secure = await FakeFcm.start({ tls: fakeTls });
    const trusting = providerOf(secure, secure.credentials());
    const { tls: _, ...ports } = providerPorts();
    const strict = providerOf(secure, secure.credentials(), ports as ReturnType<typeof providerPorts>);
    const message = prepared(trusting, HELLO);
    expect(await trusting.send(message, addresses('device-1'), AT_ONCE)).toMatchObject([{ kind: 'sent' }]);
    expect(await strict.send(message, addresses('device-1'), AT_ONCE)).toMatchObject([
      { kind: 'misconfigured', code: 'UNTRUSTED', reason: expect.stringContaining('self-signed') },
    ]);
    trusting.close();
    strict.close();
    await secure.close();
  });

  it('uses one connection for many messages at once, and no more than 100 streams', async () => {
    await sendOne();
    fake.http2.failNext(...Array.from({ length: 90 }, () => ({ slowMs: 50 })));
    const verdicts = await sendTo(...Array.from({ length: 90 }, (_, i) => `device-${i}`));
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(fake.http2.connections).toHaveLength(1);
    expect(fake.http2.mostAtOnce).toBeGreaterThan(50);
  });

  it('sends the whole of a large batch, over several connections, each device once', async () => {
    const tokens = Array.from({ length: 2000 }, (_, i) => `device-${i}`);
    const verdicts = await sendTo(...tokens);
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(fake.taken.map(({ message }) => message['token']).sort()).toEqual([...tokens].sort());
    expect(fake.http2.mostAtOnce).toBeLessThanOrEqual(100);
    expect(fake.http2.connections.length).toBeLessThanOrEqual(8);
  });
});

describe('groups', () => {
  it('sends to a topic', async () => {
    const verdict = await provider.sendToGroup(prepared(provider, HELLO), { topic: 'news' }, AT_ONCE);
    expect(verdict).toMatchObject({ kind: 'sent' });
    expect(fake.taken[0]?.message).toEqual({ topic: 'news', ...HELLO });
  });

  it('sends to a condition', async () => {
    const condition = "'dogs' in topics || 'cats' in topics";
    await provider.sendToGroup(prepared(provider, HELLO), { condition }, AT_ONCE);
    expect(fake.taken[0]?.message).toEqual({ condition, ...HELLO });
  });

  it('refuses more than 2048 bytes for a topic', async () => {
    const message = prepared(provider, { data: { text: 'x'.repeat(2100) } });
    expect(await provider.sendToGroup(message, { topic: 'news' }, AT_ONCE)).toEqual({
      kind: 'refused',
      code: 'PAYLOAD_TOO_LARGE',
      reason: expect.stringContaining('2048'),
    });
    expect(fake.taken).toEqual([]);
  });
});

describe('expiry', () => {
  let expiresAt = 0;

  async function sendExpiring(payload: object): Promise<Readonly<Record<string, unknown>> | undefined> {
    expiresAt = Date.now() + 3_600_500;
    await provider.send(prepared(provider, payload), addresses('device-1'), { ...AT_ONCE, expiresAt });
    return fake.taken[0]?.message;
  }

  it('is told to every platform', async () => {
    const { android, apns, webpush } = (await sendExpiring(HELLO)) as Record<string, object>;
    expect(android).toEqual({ ttl: expect.stringMatching(/^(3600|3599)s$/) });
    expect(webpush).toEqual({ headers: { TTL: expect.stringMatching(/^(3600|3599)$/) } });
    const { headers } = apns as { headers: Record<string, string> };
    expect(Math.abs(Number(headers['apns-expiration']) - expiresAt / 1000)).toBeLessThan(3);
  });

  it('leaves what the message says itself', async () => {
    const message = await sendExpiring({ android: { ttl: '60s', priority: 'HIGH' } });
    expect(message).toMatchObject({ android: { ttl: '60s', priority: 'HIGH' } });
  });
});

/** FCM's documented errors, in the forms that it answers with. */
const ERRORS: ReadonlyArray<readonly [name: string, answer: FakeAnswer, verdict: object]> = [
  ['UNREGISTERED', fcmError(404, 'NOT_FOUND', 'UNREGISTERED'), { kind: 'dead', code: 'UNREGISTERED' }],
  ['404 without detail', error(404, 'NOT_FOUND', 'x'), { kind: 'misconfigured', code: 'NOT_FOUND' }],
  [
    'INVALID_ARGUMENT with a field',
    invalid('message.android.ttl', 'x'),
    { kind: 'refused', code: 'INVALID_ARGUMENT' },
  ],
  [
    'INVALID_ARGUMENT whose field is the token',
    invalid('message.token', 'Invalid registration token'),
    { kind: 'dead', code: 'INVALID_ARGUMENT' },
  ],
  [
    'INVALID_ARGUMENT without a field',
    fcmError(400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'),
    { kind: 'refused', code: 'INVALID_ARGUMENT' },
  ],
  [
    'SENDER_ID_MISMATCH',
    fcmError(403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH'),
    { kind: 'refused', code: 'SENDER_ID_MISMATCH' },
  ],
  [
    'PERMISSION_DENIED',
    error(403, 'PERMISSION_DENIED', 'x'),
    { kind: 'misconfigured', code: 'PERMISSION_DENIED' },
  ],
  [
    'THIRD_PARTY_AUTH_ERROR',
    fcmError(401, 'UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR'),
    { kind: 'misconfigured', code: 'THIRD_PARTY_AUTH_ERROR' },
  ],
  [
    'QUOTA_EXCEEDED',
    fcmError(429, 'RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED'),
    { kind: 'retry', code: 'QUOTA_EXCEEDED', afterMs: 60_000 },
  ],
  [
    '429 without detail',
    error(429, 'RESOURCE_EXHAUSTED', 'x'),
    { kind: 'retry', code: 'RESOURCE_EXHAUSTED', afterMs: 60_000 },
  ],
  [
    'UNAVAILABLE',
    fcmError(503, 'UNAVAILABLE', 'UNAVAILABLE'),
    { kind: 'retry', code: 'UNAVAILABLE', afterMs: 10_000 },
  ],
  ['INTERNAL', fcmError(500, 'INTERNAL', 'INTERNAL'), { kind: 'retry', code: 'INTERNAL', afterMs: 10_000 }],
  [
    'UNSPECIFIED_ERROR of a server',
    fcmError(500, 'UNKNOWN', 'UNSPECIFIED_ERROR'),
    { kind: 'retry', code: 'UNSPECIFIED_ERROR', afterMs: 10_000 },
  ],
  [
    'UNSPECIFIED_ERROR of a client',
    fcmError(400, 'UNKNOWN', 'UNSPECIFIED_ERROR'),
    { kind: 'refused', code: 'UNSPECIFIED_ERROR' },
  ],
  [
    '502 that is no JSON',
    { status: 502, body: '<html>' },
    { kind: 'retry', code: 'HTTP_502', afterMs: 10_000 },
  ],
  ['400 that is no JSON', { status: 400, body: '<html>' }, { kind: 'refused', code: 'HTTP_400' }],
  ['a redirect', { status: 302, headers: { location: '/x' } }, { kind: 'misconfigured', code: 'HTTP_302' }],
];

describe('answers', () => {
  it.each(ERRORS)('%s', async (_name, answer, verdict) => {
    fake.byToken.set('device-2', answer);
    const [first, second, third] = await sendTo('device-1', 'device-2', 'device-3');
    expect(second).toMatchObject({ ...verdict, reason: expect.any(String) });
    expect([first, third]).toMatchObject([{ kind: 'sent' }, { kind: 'sent' }]);
  });

  it.each([
    ['seconds', () => '7', 7000, 7000],
    ['a date', () => new Date(Date.now() + 30_000).toUTCString(), 27_000, 30_000],
    ['a date that is over', () => new Date(Date.now() - 30_000).toUTCString(), 0, 0],
    ['more than an hour', () => '86400', 3_600_000, 3_600_000],
  ])('Retry-After in %s', async (_form, value, least, most) => {
    const answer = fcmError(503, 'UNAVAILABLE', 'UNAVAILABLE');
    fake.byToken.set('device-1', { ...answer, headers: { 'retry-after': value() } });
    const verdict = await sendOne();
    if (verdict?.kind !== 'retry') throw new Error(`not to be repeated: ${JSON.stringify(verdict)}`);
    expect(verdict.afterMs).toBeGreaterThanOrEqual(least);
    expect(verdict.afterMs).toBeLessThanOrEqual(most);
  });
});

describe('faults of the connection', () => {
  const FAULTS: ReadonlyArray<readonly [name: string, fault: Fault, verdict: object]> = [
    ['a reset stream', { reset: INTERNAL_ERROR }, { kind: 'retry', code: 'NO_ANSWER' }],
    ['a cut connection', { cut: true }, { kind: 'retry', code: 'NO_ANSWER' }],
    ['a refused stream is begun again', { reset: REFUSED_STREAM }, { kind: 'sent' }],
    ['GOAWAY: begun again on another connection', { goAway: { reason: 'Shutdown' } }, { kind: 'sent' }],
    ['a slow answer', { slowMs: 80 }, { kind: 'sent' }],
  ];

  it.each(FAULTS)('%s', async (_name, fault, verdict) => {
    await sendOne();
    fake.http2.failNext(fault);
    expect(await sendOne()).toMatchObject(verdict);
  });

  it('a stream that is refused again and again', async () => {
    await sendOne();
    fake.http2.failNext(...Array.from({ length: 4 }, () => ({ reset: REFUSED_STREAM })));
    expect(await sendOne()).toMatchObject({ kind: 'retry', code: 'UNREACHABLE' });
  });

  it('nobody listens', async () => {
    await sendOne();
    const port = Number(new URL(fake.endpoint).port);
    await fake.http2.close();
    expect(await sendOne()).toMatchObject({
      kind: 'retry',
      code: 'UNREACHABLE',
      reason: `127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    fake = await FakeFcm.start();
  });
});

describe('access tokens', () => {
  it('are fetched once for messages that are sent at once', async () => {
    await Promise.all([sendOne(), sendOne(), sendTo('a', 'b', 'c')]);
    expect(fake.tokenRequests).toBe(1);
    await sendOne();
    expect(fake.tokenRequests).toBe(1);
  });

  it.each([
    ['without TLS', {}],
    ['with TLS', { tls: fakeTls }],
  ])('come from a token_uri that speaks nothing but HTTP/2, %s', async (_name, options) => {
    const other = await FakeFcm.start({ ...options, tokenOverHttp2: true });
    const one = providerOf(other, other.credentials());
    expect(await one.send(prepared(one, HELLO), addresses('x'), AT_ONCE)).toMatchObject([{ kind: 'sent' }]);
    one.close();
    await other.close();
  });

  it('a refused one is replaced once, by one request, and nothing is lost', async () => {
    await sendOne();
    fake.revokeTokens();
    const verdicts = await sendTo(...Array.from({ length: 50 }, (_, i) => `device-${i}`));
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(fake.tokenRequests).toBe(2);
    expect(fake.taken).toHaveLength(51);
  });

  it('one that is refused when new means that the account is wrong', async () => {
    fake.byToken.set('device-1', error(401, 'UNAUTHENTICATED', 'x'));
    expect(await sendOne()).toMatchObject({ kind: 'misconfigured', code: 'UNAUTHENTICATED' });
    expect(fake.tokenRequests).toBe(2);
  });

  it.each([
    [
      'invalid_grant',
      { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } },
      { kind: 'misconfigured', code: 'invalid_grant', reason: expect.stringContaining('Invalid JWT') },
    ],
    [
      'invalid_client',
      { status: 401, body: { error: 'invalid_client' } },
      { kind: 'misconfigured', code: 'invalid_client' },
    ],
    ['503', { status: 503, body: 'later' }, { kind: 'retry', code: 'TOKEN_HTTP_503' }],
    ['no token', { status: 200, body: {} }, { kind: 'misconfigured', code: 'TOKEN_ANSWER' }],
  ])('the token service answers %s', async (_name, answer, verdict) => {
    fake.tokenFaults.push(answer);
    expect(await sendTo('device-1', 'device-2')).toMatchObject([verdict, verdict]);
    expect(fake.tokenRequests).toBe(1);
  });

  it('nobody listens at token_uri', async () => {
    provider.close();
    provider = providerOf(fake, fake.credentials({ token_uri: 'http://127.0.0.1:9/token' }));
    expect(await sendOne()).toMatchObject({ kind: 'retry', code: 'TOKEN_UNREACHABLE' });
  });

  it('are not written into verdicts', async () => {
    fake.tokenFaults.push({ status: 400, body: { error: 'invalid_grant' } });
    expect(JSON.stringify(await sendOne())).not.toMatch(/ya29|PRIVATE|assertion/);
  });
});

describe('addresses', () => {
  it.each([
    ['a private endpoint', 'https://10.1.2.3', {}],
    ['an endpoint on this machine', 'https://localhost:9', {}],
    ['an endpoint without TLS', 'http://fcm.example.com', {}],
  ])('%s is refused unless the operator allows it', async (_name, endpoint) => {
    const strict = new FcmProvider(
      { credentials: fake.credentials(), endpoint },
      providerPorts({ allowPrivate: false }),
    );
    const message = prepared(strict, HELLO);
    const [verdict] = await strict.send(message, addresses('device-1'), AT_ONCE);
    expect(verdict).toMatchObject({
      kind: 'misconfigured',
      code: 'FORBIDDEN_ADDRESS',
      reason: expect.stringContaining('CARILLON_ALLOW_PRIVATE_ADDRESSES'),
    });
    strict.close();
    expect(fake.tokenRequests).toBe(0);
  });

  it('a name that resolves to a private address is refused as well', async () => {
    const { names: _, ...ports } = providerPorts({ allowPrivate: false });
    const { NameLookup } = await import('../../server/outgoing/name-lookup.ts');
    const names = new NameLookup(async () => [{ address: '192.168.1.1', family: 4 }], systemClock);
    const strict = new FcmProvider(
      { credentials: fake.credentials({ token_uri: 'https://token.example.com/' }), endpoint: undefined },
      { ...ports, names },
    );
    const [verdict] = await strict.send(prepared(strict, HELLO), addresses('x'), AT_ONCE);
    expect(verdict).toMatchObject({ kind: 'misconfigured', code: 'FORBIDDEN_ADDRESS' });
    strict.close();
  });
});

describe('stopping', () => {
  it('leaves messages that have not begun for another time, and waits for those that have', async () => {
    const narrow = await FakeFcm.start({ maxConcurrentStreams: 2 });
    const one = providerOf(narrow, narrow.credentials());
    const message = prepared(one, HELLO);
    await one.send(message, addresses('first'), AT_ONCE);
    narrow.http2.failNext(...Array.from({ length: 20 }, () => ({ slowMs: 300 })));
    const stop = new AbortController();
    const tokens = Array.from({ length: 20 }, (_, i) => `device-${i}`);
    const sending = one.send(message, addresses(...tokens), { ...AT_ONCE, signal: stop.signal });
    await expect.poll(() => narrow.http2.connections[0]?.streams).toBe(2);
    stop.abort();
    const kinds = (await sending).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'sent')).toHaveLength(narrow.taken.length - 1);
    expect(kinds.filter((kind) => kind === 'retry').length).toBeGreaterThan(10);
    one.close();
    await narrow.close();
  });

  it('begins nothing when the signal has been aborted before', async () => {
    const options = { ...AT_ONCE, signal: AbortSignal.abort() };
    const verdicts = await provider.send(prepared(provider, HELLO), addresses('a', 'b'), options);
    expect(verdicts).toMatchObject([{ kind: 'retry' }, { kind: 'retry' }]);
    expect(fake.taken).toEqual([]);
  });

  it('a closed provider answers, and keeps no connection', async () => {
    await sendOne();
    provider.close();
    expect(await sendOne()).toMatchObject({ kind: 'retry' });
    await expect.poll(() => fake.http2.open).toBe(0);
  });
});
