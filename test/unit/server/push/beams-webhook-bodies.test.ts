/** Webhooks of Beams, byte for byte. */
import { describe, expect, it } from 'vitest';
import {
  eventBody,
  finishedBody,
  notificationReceived,
  signatureOf,
  startedBody,
  usersAttempted,
  webhookIdOf,
} from '../../../../server/push/beams-webhooks/beams-webhook-bodies.ts';
import { INSTANCE } from '../../../beams/vectors.ts';

const PUBLISH = 'pubid-33333333-3333-4333-8333-333333333333';
const AT = Date.parse('2024-05-01T12:00:00Z');
const SECRET = 'beams-webhook-secret';

describe('an event', () => {
  it('of a finished publish to users has 402 bytes and its signature', () => {
    const users = { delivered: ['user-001'], noDevices: ['user-002'], failed: [] };
    const event = usersAttempted(INSTANCE, PUBLISH, users);
    const body = eventBody(event, '55555555-5555-4555-8555-555555555555', AT, {});
    expect(Buffer.byteLength(body)).toBe(402);
    expect(signatureOf(body, SECRET)).toBe('20ebbd91c101b616e3adb98f6192e65c10328ed0');
  });

  it.each([
    ['delivered', '66666666-6666-4666-8666-666666666666', 345, '48285b2a1a6d5f716e5e7cda36d50b28d27030c1'],
    ['opened', '77777777-7777-4777-8777-777777777777', 334, 'f03717d775d9cab4a01dd632bd1516b5ccda7a10'],
  ] as const)('of a notification %s by a user', (kind, eventId, bytes, signature) => {
    const event = notificationReceived(INSTANCE, PUBLISH, 'user-001', kind);
    const body = eventBody(event, eventId, AT, { env: 'test' });
    expect(Buffer.byteLength(body)).toBe(bytes);
    expect(signatureOf(body, SECRET)).toBe(signature);
  });
});

it('a signature is the HMAC-SHA1 of the body', () => {
  expect(signatureOf('{}', SECRET)).toBe('c96d246e9147b671e863d4cf255e0633959e1241');
});

describe('the webhook of one publish', () => {
  it('repeats the request as it was, numbers beyond doubles included', () => {
    const request = '{"interests":["a"],"web":{"data":{"n":12345678901234567890}}}';
    expect(startedBody(PUBLISH, request)).toBe(
      `{"publishId":"${PUBLISH}","status":"STARTED","requestBody":${request}}`,
    );
  });

  it('counts by platform when all is done', () => {
    const counts = [
      { provider: 'apns', sent: 2, failed: 1 },
      { provider: 'webpush', sent: 3, failed: 0 },
    ] as const;
    expect(JSON.parse(finishedBody(PUBLISH, '{}', counts))).toEqual({
      publishId: PUBLISH,
      status: 'FINISHED',
      requestBody: {},
      results: {
        apns: { numSuccessfulPublishes: 2, numFailedPublishes: 1 },
        web: { numSuccessfulPublishes: 3, numFailedPublishes: 0 },
      },
    });
  });
});

it('the id of a configured webhook is a UUID that depends on instance and address alone', () => {
  const id = webhookIdOf(INSTANCE, 'https://example.com/a');
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(webhookIdOf(INSTANCE, 'https://example.com/a')).toBe(id);
  expect(webhookIdOf(INSTANCE, 'https://example.com/b')).not.toBe(id);
});
