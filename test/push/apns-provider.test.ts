/** APNs through real HTTP/2: provider tokens, headers, and what each answer means. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApnsSettings } from '../../server/apps/push-settings.ts';
import { ApnsProvider } from '../../server/push/providers/apns-provider.ts';
import type { SendOptions, Verdict } from '../../server/push/push-provider.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeApns, reason } from '../support/push/fake-apns.ts';
import { type Fault, REFUSED_STREAM } from '../support/push/fake-http2.ts';
import { FrozenProxy } from '../support/push/frozen-proxy.ts';
import {
  AT_ONCE,
  addresses,
  fakeTls,
  prepared,
  providerPorts,
  tlsFile,
  tlsText,
} from '../support/push/provider-ports.ts';

const HELLO = { headers: {}, payload: { aps: { alert: { title: 'Hello', body: 'Grüße' } } } };
const DEVICE = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const MINUTE = 60_000;

let fake: FakeApns;
let provider: ApnsProvider;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  fake = await FakeApns.start();
  fake.now = () => clock.now();
  provider = providerFor(fake);
});

afterEach(async () => {
  provider.close();
  await fake.close();
});

function providerFor(
  { endpoint, key, keyId, teamId, topic }: FakeApns,
  changes: Partial<ApnsSettings> = {},
  ports = providerPorts({ clock }),
): ApnsProvider {
  const credentials = { kind: 'token', key, keyId, teamId } as const;
  return new ApnsProvider({ credentials, bundleId: topic, endpoint, ...changes }, ports);
}

async function sendTo(...tokens: readonly string[]): Promise<readonly Verdict[]> {
  return provider.send(prepared(provider, HELLO), addresses(...tokens), AT_ONCE);
}

async function sendOne(block: object = HELLO, options: SendOptions = AT_ONCE): Promise<Verdict | undefined> {
  const [verdict] = await provider.send(prepared(provider, block), addresses(DEVICE), options);
  return verdict;
}

/** Headers that arrived with the last notification. */
function lastHeaders(): object | undefined {
  return fake.taken.at(-1)?.headers;
}

describe('sending', () => {
  it('sends the payload to each device, and gives the apns-id it made', async () => {
    const verdicts = await sendTo(DEVICE, OTHER);
    expect(fake.taken.map(({ token }) => token)).toEqual([DEVICE, OTHER]);
    expect(fake.taken.map(({ payload }) => payload)).toEqual([HELLO.payload, HELLO.payload]);
    const ids = fake.taken.map(({ headers }) => headers['apns-id']);
    expect(new Set(ids).size).toBe(2);
    expect(verdicts).toEqual(ids.map((messageId) => ({ kind: 'sent', messageId })));
  });

  it('opens the gate after the first answer, and then uses one connection for all', async () => {
    const tokens = Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(64, '0'));
    const verdicts = await sendTo(...tokens);
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(fake.taken.map(({ token }) => token).sort()).toEqual(tokens);
    expect(fake.http2.connections).toHaveLength(1);
  });

  it.each([
    ['that is no hexadecimal number', 'zz'.repeat(32)],
    ['that leads elsewhere', '../../4/broadcasts'],
    ['that is too long', 'a'.repeat(202)],
    ['that is empty', ''],
  ])('a token %s is refused without a request', async (_name, token) => {
    const [bad, good] = await sendTo(token, DEVICE);
    expect(bad).toMatchObject({ kind: 'refused', code: 'BadDeviceToken' });
    expect(good).toMatchObject({ kind: 'sent' });
    expect(fake.taken).toHaveLength(1);
  });

  it('identifies itself by a certificate where one is set up', async () => {
    const secure = await FakeApns.start({ tls: fakeTls, clientCa: tlsText('client-cert.pem') });
    const credentials = { kind: 'certificate', pfx: tlsFile('client.p12'), passphrase: 'secret' } as const;
    const certified = providerFor(secure, { credentials });
    const verdicts = await certified.send(prepared(certified, HELLO), addresses(DEVICE, OTHER), AT_ONCE);
    expect(verdicts).toMatchObject([{ kind: 'sent' }, { kind: 'sent' }]);
    expect(secure.taken[0]?.headers.authorization).toBeUndefined();
    expect(secure.taken[0]?.headers['apns-topic']).toBe('org.example.app');
    certified.close();
    await secure.close();
  });

  it('a service that wants a certificate, and gets none', async () => {
    const secure = await FakeApns.start({ tls: fakeTls, clientCa: tlsText('client-cert.pem') });
    const without = providerFor(secure);
    const [verdict] = await without.send(prepared(without, HELLO), addresses(DEVICE), AT_ONCE);
    expect(verdict).toMatchObject({ kind: 'misconfigured', code: 'UNTRUSTED' });
    without.close();
    await secure.close();
  });

  it('a certificate whose password is wrong', async () => {
    const credentials = { kind: 'certificate', pfx: tlsFile('client.p12'), passphrase: 'wrong' } as const;
    const wrong = providerFor(fake, { credentials, endpoint: 'https://localhost:9' });
    const [verdict] = await wrong.send(prepared(wrong, HELLO), addresses(DEVICE), AT_ONCE);
    expect(verdict).toMatchObject({ kind: 'misconfigured', code: 'UNTRUSTED' });
    wrong.close();
  });
});

describe('headers', () => {
  it('are derived where they are left out', async () => {
    await sendOne();
    expect(lastHeaders()).toMatchObject({ 'apns-topic': 'org.example.app', 'apns-push-type': 'alert' });
    expect(lastHeaders()).not.toHaveProperty('apns-priority');
    expect(lastHeaders()).not.toHaveProperty('apns-expiration');
  });

  it('a notification that shows nothing is background, with priority 5', async () => {
    await sendOne({ headers: {}, payload: { aps: { 'content-available': 1 }, id: 7 } });
    expect(lastHeaders()).toMatchObject({ 'apns-push-type': 'background', 'apns-priority': '5' });
  });

  it('content-available beside an alert stays an alert', async () => {
    await sendOne({ headers: {}, payload: { aps: { 'content-available': 1, badge: 2 } } });
    expect(lastHeaders()).toMatchObject({ 'apns-push-type': 'alert' });
  });

  it.each([
    ['voip', 'org.example.app.voip'],
    ['complication', 'org.example.app.complication'],
    ['fileprovider', 'org.example.app.pushkit.fileprovider'],
    ['location', 'org.example.app.location-query'],
    ['pushtotalk', 'org.example.app.voip-ptt'],
    ['liveactivity', 'org.example.app.push-type.liveactivity'],
    ['widgets', 'org.example.app.push-type.widgets'],
    ['controls', 'org.example.app.push-type.controls'],
  ])('the topic of push type %s', async (type, topic) => {
    await sendOne({ headers: { 'apns-push-type': type }, payload: { aps: {} } });
    expect(lastHeaders()).toMatchObject({ 'apns-topic': topic, 'apns-push-type': type });
  });

  it('the push type follows from a topic that says it', async () => {
    await sendOne({ headers: { 'apns-topic': 'org.example.app.voip' }, payload: { call: 1 } });
    expect(lastHeaders()).toMatchObject({ 'apns-topic': 'org.example.app.voip', 'apns-push-type': 'voip' });
  });

  it('what the sender says goes out as it is', async () => {
    const headers = {
      'APNs-Priority': '5',
      'apns-expiration': '0',
      'apns-collapse-id': 'order-1',
      'apns-id': '0c9f2f57-6b1e-4f0a-9d55-3a7b1c2e8f64',
    };
    const verdict = await sendOne({ ...HELLO, headers }, { ...AT_ONCE, expiresAt: clock.now() + MINUTE });
    expect(lastHeaders()).toMatchObject({
      'apns-priority': '5',
      'apns-expiration': '0',
      'apns-collapse-id': 'order-1',
    });
    expect(verdict).toEqual({ kind: 'sent', messageId: headers['apns-id'] });
  });

  it('the expiry of the publish is told in seconds', async () => {
    await sendOne(HELLO, { ...AT_ONCE, expiresAt: 1_793_000_000_999 });
    expect(lastHeaders()).toMatchObject({ 'apns-expiration': '1793000000' });
  });
});

describe('provider tokens', () => {
  it('one serves for all requests until it is 45 minutes old', async () => {
    await sendTo(DEVICE, OTHER);
    clock.advance(44 * MINUTE);
    await sendOne();
    expect(fake.providerTokens.size).toBe(1);
    clock.advance(2 * MINUTE);
    await sendOne();
    expect(fake.providerTokens.size).toBe(2);
  });

  it('an expired one is renewed once for all who had it, and nothing is lost', async () => {
    await sendOne();
    fake.http2.failNext(...Array.from({ length: 20 }, () => reason(403, 'ExpiredProviderToken')));
    const verdicts = await sendTo(...Array.from({ length: 20 }, () => DEVICE));
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(fake.providerTokens.size).toBe(2);
  });

  it('one that is expired when new means that the clock is wrong', async () => {
    fake.now = () => clock.now() + 3 * 60 * MINUTE;
    expect(await sendOne()).toMatchObject({
      kind: 'misconfigured',
      code: 'ExpiredProviderToken',
      reason: expect.stringContaining('clock'),
    });
  });

  it('TooManyProviderTokenUpdates: the token stays for twenty minutes', async () => {
    await sendOne();
    clock.advance(40 * MINUTE);
    fake.byToken.set(DEVICE, reason(429, 'TooManyProviderTokenUpdates'));
    expect(await sendOne()).toMatchObject({ kind: 'retry', code: 'TooManyProviderTokenUpdates' });
    fake.byToken.clear();
    clock.advance(10 * MINUTE);
    await sendOne();
    expect(fake.providerTokens.size).toBe(1);
    clock.advance(11 * MINUTE);
    fake.byToken.clear();
    await sendOne();
    expect(fake.providerTokens.size).toBe(2);
  });

  it('of another key or team are wrong settings', async () => {
    const { key, teamId } = fake;
    const other = providerFor(fake, { credentials: { kind: 'token', key, keyId: 'OTHER00000', teamId } });
    const [verdict] = await other.send(prepared(other, HELLO), addresses(DEVICE), AT_ONCE);
    expect(verdict).toMatchObject({ kind: 'misconfigured', code: 'InvalidProviderToken' });
    other.close();
  });
});

/** Apple's table of reasons. */
const REASONS: ReadonlyArray<readonly [status: number, name: string, kind: Verdict['kind']]> = [
  [400, 'BadDeviceToken', 'refused'],
  [400, 'DeviceTokenNotForTopic', 'refused'],
  [400, 'MissingDeviceToken', 'refused'],
  [400, 'BadCollapseId', 'refused'],
  [400, 'BadExpirationDate', 'refused'],
  [400, 'BadMessageId', 'refused'],
  [400, 'BadPriority', 'refused'],
  [400, 'InvalidPushType', 'refused'],
  [400, 'PayloadEmpty', 'refused'],
  [400, 'DuplicateHeaders', 'refused'],
  [400, 'BadTopic', 'misconfigured'],
  [400, 'MissingTopic', 'misconfigured'],
  [400, 'TopicDisallowed', 'misconfigured'],
  [400, 'IdleTimeout', 'retry'],
  [403, 'InvalidProviderToken', 'misconfigured'],
  [403, 'MissingProviderToken', 'misconfigured'],
  [403, 'BadCertificate', 'misconfigured'],
  [403, 'BadCertificateEnvironment', 'misconfigured'],
  [403, 'BadEnvironmentKeyIdInToken', 'misconfigured'],
  [403, 'BadEnvironmentKeyInToken', 'misconfigured'],
  [403, 'UnrelatedKeyIdInToken', 'misconfigured'],
  [403, 'Forbidden', 'misconfigured'],
  [404, 'BadPath', 'refused'],
  [405, 'MethodNotAllowed', 'refused'],
  [410, 'Unregistered', 'dead'],
  [410, 'ExpiredToken', 'dead'],
  [413, 'PayloadTooLarge', 'refused'],
  [429, 'TooManyRequests', 'retry'],
  [500, 'InternalServerError', 'retry'],
  [503, 'ServiceUnavailable', 'retry'],
  [503, 'Shutdown', 'retry'],
];

describe('answers', () => {
  it.each(REASONS)('%i %s: %s', async (status, name, kind) => {
    fake.byToken.set(DEVICE, reason(status, name, status === 410 ? { timestamp: 1_700_000_000_000 } : {}));
    const [verdict, other] = await sendTo(DEVICE, OTHER);
    expect(verdict).toMatchObject({ kind, code: name, reason: expect.any(String) });
    expect(other).toMatchObject({ kind: 'sent' });
  });

  it('Retry-After is passed on', async () => {
    const answer = { ...reason(429, 'TooManyRequests'), headers: { 'retry-after': '30' } };
    fake.byToken.set(DEVICE, answer);
    expect(await sendOne()).toMatchObject({ kind: 'retry', afterMs: 30_000 });
  });

  it.each([
    [410, 'dead'],
    [418, 'refused'],
    [429, 'retry'],
    [502, 'retry'],
    [302, 'misconfigured'],
  ])('status %i without a reason: %s', async (status, kind) => {
    fake.byToken.set(DEVICE, { status, body: 'no JSON' });
    expect(await sendOne()).toMatchObject({ kind, code: `HTTP_${status}` });
  });
});

describe('the connection', () => {
  const many = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(64, '0'));

  it('GOAWAY in the middle of a batch loses nothing and sends nothing twice', async () => {
    await sendOne();
    const slow: Fault[] = Array.from({ length: 100 }, () => ({ slowMs: 30 }));
    fake.http2.failNext(...slow, { goAway: { reason: 'Shutdown' } });
    const verdicts = await sendTo(...many);
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(
      fake.taken
        .slice(1)
        .map(({ token }) => token)
        .sort(),
    ).toEqual(many);
    expect(fake.http2.connections.length).toBeGreaterThan(1);
  });

  it('a refused stream in the middle of a batch loses nothing', async () => {
    await sendOne();
    fake.http2.failNext(...Array.from({ length: 50 }, () => ({ reset: REFUSED_STREAM })));
    const verdicts = await sendTo(...many);
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(
      fake.taken
        .slice(1)
        .map(({ token }) => token)
        .sort(),
    ).toEqual(many);
  });

  it('GOAWAY with an error: what may have been worked on is to be repeated, the rest is sent', async () => {
    await sendOne();
    fake.http2.failNext({ slowMs: 1000 });
    const waiting = sendOne();
    await expect.poll(() => fake.http2.connections[0]?.streams).toBe(1);
    fake.http2.goAwayAll(2);
    expect(await waiting).toMatchObject({ kind: 'retry', code: 'NO_ANSWER' });
    expect(await sendOne()).toMatchObject({ kind: 'sent' });
  });

  it('a lower limit of streams is kept to', async () => {
    await sendOne();
    fake.http2.allowStreams(5);
    await sendOne();
    const [connection] = fake.http2.connections;
    if (connection === undefined) throw new Error('no connection');
    connection.mostAtOnce = 0;
    fake.http2.failNext(...Array.from({ length: 10 }, () => ({ slowMs: 20 })));
    const verdicts = await sendTo(...many.slice(0, 40));
    expect(verdicts.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(connection.mostAtOnce).toBe(5);
  });

  it('a dead one is noticed by a ping, and the next request finds another', async () => {
    const proxy = await FrozenProxy.start(fake.endpoint);
    provider.close();
    provider = providerFor(fake, { endpoint: proxy.origin });
    await sendOne();
    proxy.freeze();
    clock.advance(61_000);
    clock.advance(11_000);
    await expect.poll(sendOne).toMatchObject({ kind: 'sent' });
    expect(fake.http2.connections).toHaveLength(2);
    await proxy.close();
  });

  it('no answer within fifteen seconds', async () => {
    await sendOne();
    fake.http2.failNext({ hang: true });
    const waiting = sendOne();
    await expect.poll(() => fake.http2.connections[0]?.streams).toBe(1);
    clock.advance(16_000);
    expect(await waiting).toMatchObject({
      kind: 'retry',
      code: 'NO_ANSWER',
      reason: expect.stringContaining('15000 ms'),
    });
    expect(await sendOne()).toMatchObject({ kind: 'sent' });
    expect(fake.http2.connections).toHaveLength(1);
  });

  it('one that leaves and never answers what it has is given up in time', async () => {
    await sendOne();
    fake.http2.failNext({ hang: true });
    const waiting = sendOne();
    await expect.poll(() => fake.http2.connections[0]?.streams).toBe(1);
    fake.http2.goAwayAll();
    expect(await sendOne()).toMatchObject({ kind: 'sent' });
    expect(fake.http2.connections).toHaveLength(2);
    clock.advance(16_000);
    expect(await waiting).toMatchObject({ kind: 'retry', code: 'NO_ANSWER' });
  });

  it('a service that allows no streams is not waited for', async () => {
    await fake.close();
    fake = await FakeApns.start({ maxConcurrentStreams: 0 });
    provider.close();
    provider = providerFor(fake);
    const waiting = sendOne();
    await expect.poll(() => fake.http2.open).toBe(1);
    // The limit may still be on its way.
    await new Promise((resolve) => setTimeout(resolve, 100));
    clock.advance(27_000);
    expect(await waiting).toMatchObject({ kind: 'retry', code: 'UNREACHABLE' });
  });

  it('an idle one is closed, and opened again when needed', async () => {
    await sendOne();
    clock.advance(6 * 60 * MINUTE + 1000);
    await expect.poll(() => fake.http2.open).toBe(0);
    expect(await sendOne()).toMatchObject({ kind: 'sent' });
    expect(fake.http2.connections).toHaveLength(2);
  });

  it('a service that is not there is not asked again for a while', async () => {
    await fake.close();
    const first = await sendOne();
    const second = await sendOne();
    expect(first).toMatchObject({ kind: 'retry', code: 'UNREACHABLE', afterMs: 250 });
    expect(second).toMatchObject({ kind: 'retry', code: 'UNREACHABLE', afterMs: 250 });
    fake = await FakeApns.start();
  });
});

it('production and development stand for the addresses of Apple', () => {
  for (const endpoint of ['production', 'development', undefined])
    expect(() => providerFor(fake, { endpoint })).not.toThrow();
});
