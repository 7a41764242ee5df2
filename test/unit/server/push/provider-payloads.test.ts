/** What FCM and APNs would refuse is refused before it is queued, with a sentence that names the field or the limit. */
import { describe, expect, it } from 'vitest';
import { readApnsMessage } from '../../../../server/push/providers/apns-message.ts';
import { encodeFcmRest, readFcmMessage } from '../../../../server/push/providers/fcm-message.ts';

const BUNDLE = 'org.example.app';

describe('an FCM message', () => {
  it.each<[problem: string, payload: object, words: string]>([
    ['a target', { token: 'x' }, '"token" must not be in the FCM message'],
    ['a topic', { topic: 'x' }, '"topic" must not be'],
    ['a field that there is not', { to: 'x' }, '"to" is no field of an FCM message'],
    ['a list', [], 'must be an object'],
    ['data that is no object', { data: 'x' }, '"data" must be an object'],
    ['data that is no text', { data: { count: 1 } }, '"data.count" must be a string'],
    ['data that is null', { data: { count: null } }, '"data.count" must be a string'],
    ['data named from', { data: { from: 'x' } }, '"data.from" is a name that FCM keeps'],
    ['data named message_type', { data: { message_type: 'x' } }, '"data.message_type"'],
    ['data named google.…', { data: { 'google.x': 'x' } }, '"data.google.x"'],
    ['data named gcm.notification.…', { data: { 'gcm.notification.x': 'x' } }, '"data.gcm.notification.x"'],
    ['a title that is no text', { notification: { title: 1 } }, '"notification.title" must be a string'],
    ['a lifetime that is a number', { android: { ttl: 60 } }, '"android.ttl" must be a duration'],
    ['a lifetime beyond four weeks', { android: { ttl: '2419201s' } }, 'at most 2419200 seconds'],
    ['a priority', { android: { priority: 'urgent' } }, '"android.priority" must be NORMAL or HIGH'],
    ['a colour', { android: { notification: { color: 'red' } } }, '"android.notification.color"'],
    ['android data that is no text', { android: { data: { a: 1 } } }, '"android.data.a" must be a string'],
    ['an APNs header that is no text', { apns: { headers: { 'apns-priority': 5 } } }, '"apns.headers.apns-'],
    ['an APNs payload that is no object', { apns: { payload: 'x' } }, '"apns.payload" must be an object'],
    ['a link without TLS', { webpush: { fcm_options: { link: 'http://x' } } }, '"webpush.fcm_options.link"'],
    ['4097 bytes', { data: { k: 'x'.repeat(4096) } }, 'has 4097 bytes of payload, and the limit is 4096'],
    ['4097 bytes in other letters', { data: { kk: 'ü'.repeat(2048) } }, 'has 4098 bytes of payload'],
    ['too much for iOS', { apns: { payload: { aps: {}, x: 'x'.repeat(4096) } } }, 'the limit is 4096'],
    ['too much for the web', { webpush: { notification: { body: 'x'.repeat(4096) } } }, 'is 4096'],
  ])('with %s', (_problem, payload, words) => {
    expect(() => readFcmMessage(payload)).toThrow(words);
  });

  it('of exactly 4096 bytes of keys and values passes', () => {
    expect(readFcmMessage({ data: { k: 'x'.repeat(4095) } }).bytes).toBe(4096);
  });

  it.each<[form: string, payload: object]>([
    ['lower camel case', { android: { collapseKey: 'a', priority: 'high' }, fcmOptions: {} }],
    ['fractions of a second', { android: { ttl: '3.5s' } }],
    ['everything', { name: 'x', data: {}, notification: {}, android: {}, webpush: {}, apns: {} }],
  ])('in %s passes', (_form, payload) => {
    expect(readFcmMessage(payload).message).toBe(payload);
  });

  it('is encoded behind its target', () => {
    const message = readFcmMessage({ data: { a: '1' } });
    expect(encodeFcmRest(message, undefined, 0)).toBe(',"data":{"a":"1"}}');
    expect(encodeFcmRest(readFcmMessage({}), undefined, 0)).toBe('}');
  });

  it('has no lifetime left when it has expired', () => {
    expect(encodeFcmRest(readFcmMessage({}), -5, 0)).toContain('"ttl":"0s"');
  });
});

describe('an APNs notification', () => {
  const aps = { alert: 'x' };

  it.each<[problem: string, block: object, words: string]>([
    ['no payload', { headers: {} }, '"payload" of the APNs notification must be an object'],
    ['aps that is no object', { payload: { aps: 'x' } }, '"aps" must be an object'],
    ['a header of another kind', { headers: { authorization: 'x' }, payload: { aps } }, '"authorization"'],
    ['a header that is no text', { headers: { 'apns-priority': 5 }, payload: { aps } }, 'must be a string'],
    ['a header twice', { headers: { 'apns-id': 'x', 'APNS-ID': 'y' }, payload: { aps } }, 'is there twice'],
    [
      'a push type',
      { headers: { 'apns-push-type': 'x' }, payload: { aps } },
      '"apns-push-type" must be one of',
    ],
    [
      'a priority',
      { headers: { 'apns-priority': '7' }, payload: { aps } },
      '"apns-priority" must be 10, 5 or 1',
    ],
    [
      'priority 10 in the background',
      { headers: { 'apns-priority': '10' }, payload: { aps: { 'content-available': 1 } } },
      '"apns-priority" must be 5 or 1',
    ],
    [
      'an expiration',
      { headers: { 'apns-expiration': '1h' }, payload: { aps } },
      '"apns-expiration" must be',
    ],
    ['an id', { headers: { 'apns-id': 'x' }, payload: { aps } }, '"apns-id" must be a UUID'],
    ['a topic', { headers: { 'apns-topic': 'a b' }, payload: { aps } }, '"apns-topic" must be a bundle id'],
    [
      'a collapse id of 65 bytes',
      { headers: { 'apns-collapse-id': 'x'.repeat(65) }, payload: { aps } },
      '"apns-collapse-id" must have at most 64 bytes',
    ],
    [
      'a collapse id with a line break',
      { headers: { 'apns-collapse-id': 'x\ny' }, payload: { aps } },
      'printable ASCII',
    ],
    ['4097 bytes', { payload: { x: 'x'.repeat(4089) } }, 'has 4097 bytes, and the limit is 4096'],
    [
      '5121 bytes of a call',
      { headers: { 'apns-push-type': 'voip' }, payload: { x: 'x'.repeat(5113) } },
      'has 5121 bytes, and the limit is 5120',
    ],
  ])('with %s', (_problem, block, words) => {
    expect(() => readApnsMessage(block, BUNDLE)).toThrow(words);
  });

  it('of 4096 bytes passes, and of 5120 for a call', () => {
    expect(readApnsMessage({ payload: { x: 'x'.repeat(4088) } }, BUNDLE).body).toHaveLength(4096);
    const call = { headers: { 'apns-push-type': 'voip' }, payload: { x: 'x'.repeat(5112) } };
    expect(readApnsMessage(call, BUNDLE).body).toHaveLength(5120);
  });

  it('with a collapse id of 64 bytes passes', () => {
    const headers = { 'apns-collapse-id': 'x'.repeat(64) };
    expect(readApnsMessage({ headers, payload: { aps } }, BUNDLE).headers).toMatchObject(headers);
  });
});
