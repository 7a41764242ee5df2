/** Strings to sign, by the published vectors. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  channelStringToSign,
  requestStringToSign,
  signedParameters,
  splitAuth,
  userStringToSign,
} from '../../../protocol/index.ts';

const hmac = (text: string, secret = '7ad3773142a6692b25b8'): string =>
  createHmac('sha256', secret).update(text).digest('hex');
const SOCKET = '1234.1234';

describe('channels and users', () => {
  it.each([
    ['private-foobar', undefined, '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4'],
    [
      'presence-foobar',
      '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
    [
      'presence-room',
      '{"user_id":"42","user_info":{"name":"Zoë ✓"}}',
      '225793a998daeb0b788027ad90673735c01b5981c56a0744b6f9241ce0669ba3',
    ],
    [
      'presence-room',
      '{"user_id":"42","user_info":{"name":"Zo\\u00eb \\u2713"}}',
      '0dde3c3a420812d32b81eb008a11afb46b8003e968dd0b6a5b8b2eac7c5954bf',
    ],
    ['private-encrypted-bla', undefined, '804dc185c1aa4c162482e12cac7e0e6f4d19ae02095d6232a19fece1bc8f3ba5'],
  ])('%s with %s', (channel, channelData, signature) => {
    expect(hmac(channelStringToSign(SOCKET, channel, channelData))).toBe(signature);
  });

  it('a user', () => {
    expect(hmac(userStringToSign(SOCKET, '{"id":"12345"}'))).toBe(
      '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    );
  });
});

describe('requests', () => {
  const key = ['auth_key', '278d425bdf160c739803'] as const;
  const version = ['auth_version', '1.0'] as const;

  it('a trigger', () => {
    const parameters = [
      ['body_md5', 'ec365a775a4cd0599faeb73354201b6f'],
      version,
      key,
      ['auth_timestamp', '1353088179'],
      ['auth_signature', 'left out'],
    ] as const;
    expect(hmac(requestStringToSign('POST', '/apps/3/events', signedParameters(parameters)))).toBe(
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    );
  });

  it('values are signed as they are, not as they are escaped', () => {
    const parameters = [
      key,
      ['auth_timestamp', '1700000000'],
      version,
      ['filter_by_prefix', 'presence-a,b@c'],
      ['info', 'user_count'],
    ] as const;
    expect(hmac(requestStringToSign('GET', '/apps/3/channels', signedParameters(parameters)))).toBe(
      '8183cf54259136edba3b7e65302668ac1f0aaf9b43c6e6a7f7eb07cf98ebb142',
    );
  });

  it('repeated names keep their order', () => {
    const parameters = [
      key,
      ['auth_timestamp', '1700000000'],
      version,
      ['channels[]', 'a'],
      ['channels[]', 'b'],
      ['data', 'x'],
      ['name', 'e'],
    ] as const;
    expect(hmac(requestStringToSign('POST', '/apps/3/events', signedParameters(parameters)))).toBe(
      '763d462e8da75275423fc3fda2827416fd9fe374cfdcbfb1c8030584c8443803',
    );
  });
});

describe('splitAuth', () => {
  it('takes a token apart at the first colon', () => {
    expect(splitAuth('key:a:b')).toEqual({ key: 'key', signature: 'a:b' });
  });
  it.each([undefined, null, 1, {}, '', 'key', ':sig', 'key:'])('%j is none', (auth) =>
    expect(splitAuth(auth)).toBeUndefined(),
  );
});
