import { describe, expect, it } from 'vitest';
import { AddressPolicy } from '../../../../server/outgoing/address-policy.ts';
import {
  readEncodedSubscription,
  readSubscription,
  type SubscriptionRules,
  tokenOf,
} from '../../../../server/push/web-push-subscription.ts';

const POINT = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4';
const AUTH = 'BTBZMqHH6r4Tts7J_aSIgg';
const KEYS = { p256dh: POINT, auth: AUTH };
const MOZILLA = 'https://updates.push.services.mozilla.com/wpush/v2/abc';

const rules = (allowPrivate = false, ...allowedOrigins: string[]): SubscriptionRules => ({
  allowedOrigins,
  policy: new AddressPolicy({ allowPrivate, allowLoopback: true }),
});
const text = (endpoint: unknown, keys: unknown = KEYS): string => JSON.stringify({ endpoint, keys });

function faultOf(given: string, by = rules()): string {
  const read = readSubscription(given, by);
  return read.ok ? 'none' : `${read.fault}: ${read.problem}`;
}

describe('a subscription', () => {
  it('is kept in one form, however it was spelled', () => {
    const padded = {
      endpoint: 'https://UPDATES.push.services.mozilla.com:443/wpush/v2/abc',
      expirationTime: null,
      keys: {
        auth: Buffer.from(AUTH, 'base64url').toString('base64'),
        p256dh: Buffer.from(POINT, 'base64url').toString('base64'),
      },
    };
    const json = JSON.stringify(padded);
    const canonical = `{"endpoint":"${MOZILLA}","keys":{"p256dh":"${POINT}","auth":"${AUTH}"}}`;
    for (const read of [
      readSubscription(json, rules()),
      readEncodedSubscription(Buffer.from(json).toString('base64'), rules()),
      readEncodedSubscription(Buffer.from(json).toString('base64url'), rules()),
      readSubscription(canonical, rules()),
    ]) {
      expect(read.ok && tokenOf(read.subscription)).toBe(canonical);
    }
  });

  it.each([
    'https://fcm.googleapis.com/fcm/send/x:APA91b',
    'https://web.push.apple.com/QGu',
    'https://db5p.notify.windows.com/w/?token=abc%3d',
    MOZILLA,
  ])('may be of a known service: %s', (endpoint) => {
    expect(faultOf(text(endpoint))).toBe('none');
  });

  it.each([
    ['no JSON', 'x', 'The subscription is not a JSON object.'],
    ['a list', '[]', 'The subscription is not a JSON object.'],
    ['no endpoint', text(undefined), 'The subscription has no endpoint.'],
    ['no keys', text(MOZILLA, null), 'The subscription has no keys.'],
    ['no text for an endpoint', text('updates'), 'The subscription has an endpoint that is not an address.'],
    ['a long endpoint', text(`${MOZILLA}${'a'.repeat(2048)}`), 'longer than 2048 characters'],
    ['a long text', `{"a":"${'a'.repeat(9000)}"}`, 'The subscription is longer than 8192 characters.'],
    ['no point', text(MOZILLA, { ...KEYS, p256dh: 'BAAA' }), 'has a p256dh that is not a point on P-256'],
    [
      'a point beside the curve',
      text(MOZILLA, { ...KEYS, p256dh: Buffer.alloc(65, 4).toString('base64url') }),
      'has a p256dh that is not a point on P-256',
    ],
    [
      'a compressed point',
      text(MOZILLA, { ...KEYS, p256dh: `A${POINT.slice(1)}` }),
      'has a p256dh that is not a point on P-256',
    ],
    ['a short auth', text(MOZILLA, { ...KEYS, auth: 'AAAA' }), 'has an auth that is not 16 bytes'],
    ['an auth in other letters', text(MOZILLA, { ...KEYS, auth: '!' }), 'has an auth that is not 16 bytes'],
  ])('is refused as malformed with %s', (_, given, problem) => {
    const fault = faultOf(given);
    expect(fault).toMatch(/^malformed: /);
    expect(fault).toContain(problem);
  });

  it('is refused as malformed when it is no base64', () => {
    const read = readEncodedSubscription('{"', rules());
    expect(read).toEqual({ ok: false, fault: 'malformed', problem: 'The subscription is not base64.' });
  });

  it.each([
    'http://updates.push.services.mozilla.com/x',
    'file:///etc/passwd',
    'https://fcm.googleapis.com.evil.test/x',
    'https://fcm.googleapis.com./x',
    'https://evilgoogleapis.com/x',
    'https://googleapis.com/x',
    'https://fcm.googleapis.com:8443/x',
    'https://fcm.googleapis.com@evil.test/x',
    'https://user:pass@fcm.googleapis.com/x',
    'https://fcm.googleapis.com/x#fragment',
    'https://push.example.com/x',
    'https://127.0.0.1/x',
    'https://0x7f.1/x',
    'https://2130706433/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://8.8.8.8/x',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'https://push.localhost/x',
    'https://permanently-removed.invalid/fcm/send/x',
    'http://127.0.0.1:9000/x',
  ])('is refused when nothing may be sent to its endpoint: %s', (endpoint) => {
    expect(faultOf(text(endpoint))).toMatch(/^service: The endpoint /);
  });

  it('may be of a service that is configured, and of no other', () => {
    const by = rules(false, 'https://push.example.com', 'https://*.Example.org', 'https://up.test:8443');
    for (const endpoint of [
      'https://push.example.com/x',
      'https://a.b.example.org/x',
      'https://up.test:8443/x',
      'https://push.example.com:443/x',
    ])
      expect(faultOf(text(endpoint), by)).toBe('none');
    for (const endpoint of [
      'https://example.org/x',
      'https://a.push.example.com/x',
      'https://up.test/x',
      'https://a.example.org:444/x',
      'http://push.example.com/x',
    ])
      expect(faultOf(text(endpoint), by)).toMatch(/^service: /);
  });

  it('may be of this machine or the network around it where private addresses are allowed', () => {
    for (const endpoint of [
      'http://127.0.0.1:9000/x',
      'https://localhost:1/x',
      'http://10.1.2.3/x',
      'http://[::1]/x',
    ])
      expect(faultOf(text(endpoint), rules(true))).toBe('none');
    for (const endpoint of [
      'http://8.8.8.8/x',
      'https://8.8.8.8/x',
      'https://push.example.com/x',
      'ftp://127.0.0.1/x',
    ])
      expect(faultOf(text(endpoint), rules(true))).toMatch(/^service: /);
  });

  it('is not repeated in what is said of it', () => {
    expect(faultOf(text('https://secret-name.example/secret-path'))).not.toContain('secret');
  });
});
