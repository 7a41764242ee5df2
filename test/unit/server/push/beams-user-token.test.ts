/** Tokens that prove whose a device is: what the server SDKs make is taken, anything else is refused for its first fault. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { beamsToken } from '../../../../server/auth/beams-token.ts';
import { isUserId, userOfToken } from '../../../../server/push/beams-user-token.ts';
import { INSTANCE, SECRET, TOKEN_TIME, TOKENS } from '../../../beams/vectors.ts';

const rules = { instanceId: INSTANCE, secretKey: SECRET, issuers: [] };
const check = (token: string, now = TOKEN_TIME) => userOfToken(token, rules, now);

function signed(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

const claims = (changes: object = {}) => ({
  exp: TOKEN_TIME + 3600,
  iss: `https://${INSTANCE}.pushnotifications.pusher.com`,
  sub: 'user-001',
  ...changes,
});

describe('a user token', () => {
  it.each([
    ['T1', 'expired'],
    ['T5', 'wrong issuer'],
    ['T6', 'bad signature'],
    ['T7', 'no subject'],
    ['T8', 'no expiry'],
    ['T9', 'no issuer'],
    ['T10', 'malformed'],
    ['T11', 'invalid subject'],
    ['T12', 'used before issued'],
  ] as const)('%s is refused: %s', (name, problem) => {
    expect(check(TOKENS[name])).toEqual({ problem });
  });

  it.each([
    ['T2', 'user-001'],
    ['T3', 'user-002'],
    ['T4', 'user-001'],
    ['T13', 'zoé/1 +@'],
  ] as const)('%s is the token of %s', (name, user) => {
    expect(check(TOKENS[name])).toEqual({ user });
  });

  it('T1 is good at its time, and is what our own auth endpoint makes', () => {
    expect(check(TOKENS.T1, 1_700_000_001)).toEqual({ user: 'user-001' });
    expect(beamsToken(rules, 'user-001', 1_700_000_000)).toBe(TOKENS.T1);
  });

  it('may be off by five minutes, not by more', () => {
    expect(check(signed(claims({ exp: TOKEN_TIME - 300 })))).toHaveProperty('user');
    expect(check(signed(claims({ exp: TOKEN_TIME - 301 })))).toEqual({ problem: 'expired' });
    expect(check(signed(claims({ iat: TOKEN_TIME + 300.9 })))).toHaveProperty('user');
    expect(check(signed(claims({ iat: TOKEN_TIME + 301 })))).toEqual({ problem: 'used before issued' });
    expect(check(signed(claims({ nbf: TOKEN_TIME + 301 })))).toEqual({ problem: 'not valid yet' });
  });

  it('has an expiry that is a number', () => {
    expect(check(signed(claims({ exp: String(TOKEN_TIME + 60) })))).toEqual({ problem: 'no expiry' });
  });

  it('has the instance for issuer in any letter case, as whoever configured the SDK wrote it', () => {
    for (const iss of [
      `https://${rules.instanceId.toUpperCase()}.pushnotifications.pusher.com`,
      `${rules.instanceId.toUpperCase()}.PushNotifications.Pusher.com`,
    ]) {
      expect(check(signed(claims({ iss })))).toEqual({ user: 'user-001' });
      const upper = { ...rules, instanceId: rules.instanceId.toUpperCase() };
      expect(userOfToken(signed(claims()), upper, TOKEN_TIME)).toEqual({ user: 'user-001' });
    }
    expect(
      check(
        signed(claims({ iss: 'https://22222222-2222-4222-8222-222222222222.pushnotifications.pusher.com' })),
      ),
    ).toEqual({
      problem: 'wrong issuer',
    });
  });

  it('may have an issuer that is configured', () => {
    const token = signed(claims({ iss: 'https://push.example.com' }));
    expect(check(token)).toEqual({ problem: 'wrong issuer' });
    const configured = { ...rules, issuers: ['https://push.example.com'] };
    expect(userOfToken(token, configured, TOKEN_TIME)).toEqual({ user: 'user-001' });
  });

  it.each(['', 'a.b', 'a.b.c.d', '....', `${TOKENS.T2}.`, `${TOKENS.T2}=`, 'e30.e30.e30'])(
    'is malformed as %j',
    (token) => {
      expect(check(token)).toEqual({ problem: 'malformed' });
    },
  );

  it('is signed with no other algorithm, whatever it says', () => {
    expect(check(signed(claims(), { alg: 'HS512' }))).toEqual({ problem: 'malformed' });
    expect(check(signed(claims(), { alg: 'RS256' }))).toEqual({ problem: 'malformed' });
  });
});

describe('a user id', () => {
  it('has 1 to 164 characters, whatever they take in bytes', () => {
    expect([isUserId(''), isUserId('😀'.repeat(164)), isUserId('😀'.repeat(165))]).toEqual([
      false,
      true,
      false,
    ]);
    expect([isUserId('x'.repeat(164)), isUserId('x'.repeat(165))]).toEqual([true, false]);
  });

  it('has no NUL, which no database keeps', () => {
    expect(isUserId('a\0b')).toBe(false);
  });
});
