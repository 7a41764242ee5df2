/** The HMS provider against a service that checks what Huawei's checks, over real sockets. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../server/lib/system-clock.ts';
import { AddressPolicy } from '../../../../server/outgoing/address-policy.ts';
import { NameLookup } from '../../../../server/outgoing/name-lookup.ts';
import { systemResolve } from '../../../../server/outgoing/system-resolve.ts';
import { HmsProvider } from '../../../../server/push/providers/hms-provider.ts';
import {
  isPayloadProblem,
  type ProviderGroup,
  type SendOptions,
  type Verdict,
} from '../../../../server/push/push-provider.ts';
import { FakeHms, HMS_APP, hmsAnswer } from '../../../support/push/fake-hms.ts';
import type { FakeAnswer } from '../../../support/push/fake-http2.ts';

const MESSAGE = {
  notification: { title: 'Parcel', body: 'Arrives tomorrow ✓' },
  android: { urgency: 'NORMAL', ttl: '3600s', notification: { click_action: { type: 3 } } },
};
const NEVER = new AbortController().signal;
const UNTIL_EVER: SendOptions = { signal: NEVER, expiresAt: undefined };

const started: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of started.splice(0)) await stop();
});

interface Settings {
  readonly http1?: boolean;
  readonly allowPrivate?: boolean;
  readonly appSecret?: string;
  readonly now?: () => number;
}

async function setUp({
  http1 = false,
  allowPrivate = true,
  appSecret = HMS_APP.appSecret,
  now,
}: Settings = {}) {
  const hms = await FakeHms.start({ http1 });
  const clock = now === undefined ? systemClock : { ...systemClock, now };
  const { endpoint, tokenEndpoint } = hms;
  const provider = new HmsProvider(
    { appId: HMS_APP.appId, appSecret, endpoint, tokenEndpoint },
    {
      policy: new AddressPolicy({ allowPrivate, allowLoopback: allowPrivate }),
      names: new NameLookup(systemResolve, clock),
      clock,
      chance: () => 0,
    },
  );
  started.push(
    () => provider.close(),
    () => hms.stop(),
  );
  return { hms, provider };
}

const preparedBy = (provider: HmsProvider, message: object = MESSAGE) => {
  const prepared = provider.prepare(message);
  if (isPayloadProblem(prepared)) throw new Error(prepared.problem);
  return prepared;
};

const push = (
  provider: HmsProvider,
  tokens: readonly string[],
  options: SendOptions = UNTIL_EVER,
  message: object = MESSAGE,
): Promise<readonly Verdict[]> =>
  provider.send(
    preparedBy(provider, message),
    tokens.map((token) => ({ token })),
    options,
  );

const kindsOf = (verdicts: readonly Verdict[]): string[] => verdicts.map(({ kind }) => kind);
const tokensFrom = (count: number): string[] => Array.from({ length: count }, (_, at) => `token-${at}`);

describe('HMS', () => {
  it.each([false, true])('gets one request for many tokens (HTTP/1.1 only: %s)', async (http1) => {
    const { hms, provider } = await setUp({ http1 });
    const verdicts = await push(provider, ['a', 'b', 'c']);
    expect(verdicts).toEqual(
      ['a', 'b', 'c'].map(() => ({ kind: 'sent', messageId: expect.stringMatching(/^request-/) })),
    );
    expect(hms.taken.map(({ message }) => message)).toEqual([{ ...MESSAGE, token: ['a', 'b', 'c'] }]);
  });

  it('gets at most a thousand tokens in a request, each once', async () => {
    const { hms, provider } = await setUp();
    const tokens = tokensFrom(2500);
    const verdicts = await push(provider, [...tokens, ...tokens.slice(0, 10)]);
    expect(kindsOf(verdicts)).toEqual(Array.from({ length: 2510 }, () => 'sent'));
    const sizes = hms.taken.map(({ message }) => (message['token'] as string[]).length);
    expect(sizes.sort()).toEqual([1000, 1000, 500]);
    expect(new Set(hms.taken.flatMap(({ message }) => message['token'] as string[])).size).toBe(2500);
  });

  it('is asked for one access token, until five minutes before its end', async () => {
    let now = systemClock.now();
    const { hms, provider } = await setUp({ now: () => now });
    await Promise.all([push(provider, ['a']), push(provider, ['b']), push(provider, tokensFrom(3000))]);
    now += 3_200_000;
    await push(provider, ['c']);
    expect(hms.tokenRequests).toBe(1);
    now += 250_000;
    await push(provider, ['d']);
    // The old one serves until the new one is there.
    await vi.waitFor(() => expect(hms.tokenRequests).toBe(2));
  });

  it('gets a message without content as it is', async () => {
    const { hms, provider } = await setUp();
    await push(provider, ['a'], UNTIL_EVER, {});
    await push(provider, ['a'], UNTIL_EVER, { data: '{"a":1}' });
    expect(hms.taken.map(({ message }) => message)).toEqual([
      { token: ['a'] },
      { data: '{"a":1}', token: ['a'] },
    ]);
  });

  it('is told the time that is left, where that is shorter', async () => {
    const now = systemClock.now();
    const { hms, provider } = await setUp({ now: () => now });
    const until = (seconds: number): SendOptions => ({ signal: NEVER, expiresAt: now + seconds * 1000 });
    await push(provider, ['a'], until(60));
    await push(provider, ['a'], until(7200));
    await push(provider, ['a'], until(90), { data: 'x' });
    expect(hms.taken.map(({ message }) => (message['android'] as { ttl: string }).ttl)).toEqual([
      '60s',
      '3600s',
      '90s',
    ]);
    expect(hms.taken[0]?.message).toMatchObject({ android: { urgency: 'NORMAL' } });
  });

  it('keeps topics and conditions itself', async () => {
    const { hms, provider } = await setUp();
    const groups: ProviderGroup[] = [{ topic: 'weather' }, { condition: "'a' in topics && 'b' in topics" }];
    for (const group of groups)
      expect(await provider.sendToGroup(preparedBy(provider), group, UNTIL_EVER)).toMatchObject({
        kind: 'sent',
      });
    expect(hms.taken.map(({ message }) => message)).toEqual(
      groups.map((group) => ({ ...MESSAGE, ...group })),
    );
  });

  it('takes no condition with more than five topics', async () => {
    const { hms, provider } = await setUp();
    const condition = Array.from('abcdef', (name) => `'${name}' in topics`).join(' || ');
    expect(await provider.sendToGroup(preparedBy(provider), { condition }, UNTIL_EVER)).toEqual({
      kind: 'refused',
      code: 'INVALID_CONDITION',
      reason: 'the condition names 6 topics, and the limit of HMS is 5',
    });
    expect(hms.taken).toEqual([]);
  });

  it('is not asked for what nobody gets', async () => {
    const { hms, provider } = await setUp();
    expect(await push(provider, [])).toEqual([]);
    expect(hms.tokenRequests).toBe(0);
  });

  it('is a private address only where those are allowed', async () => {
    const { hms, provider } = await setUp({ allowPrivate: false });
    expect(await push(provider, ['a'])).toEqual([
      {
        kind: 'misconfigured',
        code: 'FORBIDDEN_ADDRESS',
        reason: expect.stringContaining('CARILLON_ALLOW_PRIVATE_ADDRESSES'),
      },
    ]);
    expect(hms.tokenRequests).toBe(0);
  });

  it('gets nothing new once sending is stopped', async () => {
    const { hms, provider } = await setUp();
    const verdicts = await push(provider, ['a'], { signal: AbortSignal.abort(), expiresAt: undefined });
    expect(verdicts).toEqual([expect.objectContaining({ kind: 'retry', code: 'UNREACHABLE' })]);
    expect(hms.taken).toEqual([]);
  });

  it('is tried again later when nobody is there', async () => {
    const { hms, provider } = await setUp();
    await push(provider, ['a']);
    await hms.stop();
    expect(await push(provider, ['a'])).toEqual([expect.objectContaining({ kind: 'retry' })]);
  });
});

describe('an HMS message', () => {
  const problemOf = async (message: object): Promise<string | undefined> => {
    const { provider } = await setUp();
    const prepared = provider.prepare(message);
    return isPayloadProblem(prepared) ? prepared.problem : undefined;
  };
  // {"data":"…"} around it.
  const ofBytes = (bytes: number): object => ({ data: 'x'.repeat(bytes - 11) });

  it('may have 4096 bytes and no more', async () => {
    expect(await problemOf(ofBytes(4096))).toBeUndefined();
    expect(await problemOf(ofBytes(4097))).toBe('the HMS message has 4097 bytes, and the limit is 4096');
  });

  it.each([
    [{ token: ['a'] }, 'the HMS message has a "token"; who gets it is said elsewhere'],
    [{ topic: 'a' }, 'the HMS message has a "topic"'],
    [{ condition: 'a' }, 'the HMS message has a "condition"'],
    [{ data: { a: 1 } }, '"data" must be a string'],
    [{ notification: 'x' }, '"notification" must be an object'],
    [{ android: 'x' }, '"android" must be an object'],
    [{ android: { collapse_key: -2 } }, '"android.collapse_key" must be a whole number from -1 to 100'],
    [{ android: { collapse_key: 101 } }, '"android.collapse_key" must be a whole number from -1 to 100'],
    [{ android: { urgency: 'LOW' } }, '"android.urgency" must be HIGH or NORMAL'],
    [{ android: { ttl: 60 } }, '"android.ttl" must be seconds such as "3600s", at most "1296000s"'],
    [{ android: { ttl: '60' } }, '"android.ttl" must be seconds such as "3600s"'],
    [{ android: { ttl: '1296001s' } }, '"android.ttl" must be seconds such as "3600s"'],
    [{ android: { notification: [] } }, '"android.notification" must be an object'],
    [
      { android: { notification: { click_action: { type: 9 } } } },
      '"android.notification.click_action.type" must be one of 1, 2, 3, 4',
    ],
    [
      { android: { notification: { buttons: [{}, {}, {}, {}] } } },
      '"android.notification.buttons" must be a list of at most 3',
    ],
  ])('is refused before it is sent: %j', async (message, problem) => {
    expect(await problemOf(message)).toContain(problem);
  });
});

describe('what HMS answers', () => {
  const refused = { kind: 'refused' };
  const misconfigured = { kind: 'misconfigured' };
  const retry = (afterMs: number | undefined = undefined) => ({ kind: 'retry', afterMs });
  const of = (code: string, status?: number): FakeAnswer => hmsAnswer(code, 'in words', status);

  it.each<readonly [name: string, answer: FakeAnswer, verdict: object]>([
    ['80000000, all accepted', of('80000000'), { kind: 'sent' }],
    ['80100001, parameters', of('80100001', 400), refused],
    ['80100003, structure', of('80100003', 400), refused],
    ['80100004, a TTL that is over', of('80100004', 400), refused],
    ['80100013, collapse_key', of('80100013', 400), refused],
    ['80100016, sensitive content', of('80100016'), refused],
    ['80100017, too many topic tasks', of('80100017'), retry()],
    ['80100018, no review', of('80100018'), refused],
    ['80300002, no right to push', of('80300002'), misconfigured],
    ['80300007, the token is invalid', of('80300007'), { kind: 'dead' }],
    ['80300008, too large', of('80300008'), refused],
    ['80300010, too many tokens, though it is one', of('80300010'), refused],
    ['80300011, no right to high priority', of('80300011'), misconfigured],
    ['80300013, the address for receipts', of('80300013'), misconfigured],
    ['80600003, no OAuth service', of('80600003', 500), retry()],
    ['81000001, internal', of('81000001', 500), retry()],
    ['81000001 with 200', of('81000001'), retry()],
    ['an unknown code', of('80999999'), refused],
    ['an unknown code with 500', of('80999999', 500), retry()],
    ['503, flow control', { status: 503 }, retry(5000)],
    ['503 with a time', { status: 503, headers: { 'retry-after': '9' } }, retry(9000)],
    ['429', { status: 429 }, retry(5000)],
    ['500', { status: 500 }, retry()],
    ['502', { status: 502, body: '<html>' }, retry()],
    ['404, a wrong address', { status: 404 }, misconfigured],
    ['403', { status: 403 }, misconfigured],
    ['302, which is not followed', { status: 302, headers: { location: '/' } }, misconfigured],
    ['400 without a code', { status: 400 }, refused],
    ['200 without a code', { status: 200, body: 'OK' }, refused],
    ['a part, but not which', hmsAnswer('80100000', 'Success'), refused],
  ])('is understood: %s', async (_, answer, verdict) => {
    const { hms, provider } = await setUp();
    hms.faults.push(answer);
    expect(await push(provider, ['a'])).toEqual([expect.objectContaining(verdict)]);
    expect(hms.faults).toEqual([]);
  });

  it('has its code and its words in the verdict', async () => {
    const { hms, provider } = await setUp();
    hms.faults.push(of('80100013'), { status: 400 });
    expect(await push(provider, ['a'])).toEqual([{ kind: 'refused', code: '80100013', reason: 'in words' }]);
    expect(await push(provider, ['a'])).toEqual([
      { kind: 'refused', code: 'HTTP_400', reason: 'HMS answered with status 400' },
    ]);
  });

  it('80100000: the tokens it lists are dead, the others have it', async () => {
    const { hms, provider } = await setUp();
    hms.illegal.add('b').add('d');
    expect(kindsOf(await push(provider, ['a', 'b', 'c', 'd']))).toEqual(['sent', 'dead', 'sent', 'dead']);
  });

  it('80300007 of many: tokens are dead only where others were taken before', async () => {
    let now = systemClock.now();
    const { hms, provider } = await setUp({ now: () => now });
    hms.illegal.add('a').add('b');
    expect(kindsOf(await push(provider, ['a', 'b']))).toEqual(['refused', 'refused']);
    await push(provider, ['c']);
    expect(kindsOf(await push(provider, ['a', 'b']))).toEqual(['dead', 'dead']);
    now += 25 * 3_600_000;
    expect(kindsOf(await push(provider, ['a', 'b']))).toEqual(['refused', 'refused']);
  });

  it('80300010: they are sent in two halves', async () => {
    const { hms, provider } = await setUp();
    hms.faults.push(of('80300010'), of('80300010'));
    expect(kindsOf(await push(provider, tokensFrom(9)))).toEqual(tokensFrom(9).map(() => 'sent'));
    expect(hms.taken.flatMap(({ message }) => message['token'] as string[]).sort()).toEqual(tokensFrom(9));
    expect(hms.taken).toHaveLength(3);
  });

  it.each(['80200001', '80200003', '80200005'])('%s: a new access token is fetched, once', async (code) => {
    const { hms, provider } = await setUp();
    await push(provider, ['a']);
    hms.faults.push(of(code));
    expect(kindsOf(await push(provider, ['a']))).toEqual(['sent']);
    expect(hms.tokenRequests).toBe(2);
    hms.faults.push(of(code), of(code));
    expect(await push(provider, ['a'])).toEqual([expect.objectContaining({ kind: 'misconfigured', code })]);
    expect(hms.tokenRequests).toBe(3);
  });

  it('80200003 for many at once: they share the new access token', async () => {
    const { hms, provider } = await setUp();
    await push(provider, ['a']);
    hms.revoke();
    expect(kindsOf(await push(provider, tokensFrom(4000)))).toEqual(tokensFrom(4000).map(() => 'sent'));
    expect(hms.tokenRequests).toBe(2);
  });

  it.each([
    ['a wrong secret', { appSecret: 'wrong' }, undefined, { kind: 'misconfigured', code: '1101' }],
    ['a failure', {}, { status: 500 }, { kind: 'retry', code: 'TOKEN_HTTP_500' }],
    [
      'an answer without a token',
      {},
      { status: 200, body: {} },
      { kind: 'misconfigured', code: 'TOKEN_ANSWER' },
    ],
  ] as const)('at the token endpoint: %s', async (_, settings, fault, verdict) => {
    const { hms, provider } = await setUp(settings);
    if (fault !== undefined) hms.tokenFaults.push(fault);
    const verdicts = await push(provider, ['a', 'b']);
    expect(verdicts).toEqual([expect.objectContaining(verdict), expect.objectContaining(verdict)]);
    expect(JSON.stringify(verdicts)).not.toContain('secret');
    expect(hms.taken).toEqual([]);
  });
});
