/** Access tokens are renewed ahead of their expiry, once for all; credentials that can't work are named. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AccessToken } from '../../../../server/push/providers/access-token.ts';
import { ApnsToken } from '../../../../server/push/providers/apns-token.ts';
import { readServiceAccount } from '../../../../server/push/providers/google-grant.ts';
import { type GrantedToken, NoAccessToken } from '../../../../server/push/providers/token-endpoint.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MINUTE = 60_000;

function counted(clock: FakeClock, lifetimeMs = 60 * MINUTE): { token: AccessToken; asked: () => number } {
  let asked = 0;
  const fetch = async (): Promise<GrantedToken> => {
    asked += 1;
    return { token: `token-${asked}`, lifetimeMs };
  };
  return { token: new AccessToken(fetch, clock), asked: () => asked };
}

describe('an access token', () => {
  it('is fetched once for all who ask at once', async () => {
    const { token, asked } = counted(new FakeClock());
    const all = await Promise.all([token.current(), token.current(), token.current()]);
    expect(all).toEqual(['token-1', 'token-1', 'token-1']);
    expect(asked()).toBe(1);
  });

  it('is there without waiting until five minutes before its end', async () => {
    const clock = new FakeClock();
    const { token, asked } = counted(clock);
    await token.current();
    clock.advance(54 * MINUTE);
    expect(token.current()).toBe('token-1');
    expect(asked()).toBe(1);
  });

  it('serves while the next one is fetched', async () => {
    const clock = new FakeClock();
    const { token, asked } = counted(clock);
    await token.current();
    clock.advance(56 * MINUTE);
    expect(token.current()).toBe('token-1');
    expect(token.current()).toBe('token-1');
    await Promise.resolve();
    await expect.poll(() => token.current()).toBe('token-2');
    expect(asked()).toBe(2);
  });

  it('serves to its very end while no other is to be had', async () => {
    const clock = new FakeClock();
    let fails = false;
    const fetch = async (): Promise<GrantedToken> => {
      if (fails) throw new NoAccessToken('retry', 'X', 'no');
      return { token: 'only', lifetimeMs: 60 * MINUTE };
    };
    const token = new AccessToken(fetch, clock);
    await token.current();
    fails = true;
    clock.advance(59 * MINUTE);
    expect(token.current()).toBe('only');
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(2 * MINUTE);
    await expect(Promise.resolve(token.current())).rejects.toThrow('no');
  });

  it('is not asked for again for a second after a failure', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const token = new AccessToken(async () => {
      asked += 1;
      throw new NoAccessToken('misconfigured', 'X', 'no');
    }, clock);
    await expect(token.current()).rejects.toThrow('no');
    await expect(token.current()).rejects.toThrow('no');
    expect(asked).toBe(1);
    clock.advance(1000);
    await expect(token.current()).rejects.toThrow('no');
    expect(asked).toBe(2);
  });

  it('that was dropped is replaced; dropping one that is gone already does nothing', async () => {
    const { token, asked } = counted(new FakeClock());
    token.drop(await token.current());
    expect(await token.current()).toBe('token-2');
    token.drop('token-1');
    expect(await token.current()).toBe('token-2');
    expect(asked()).toBe(2);
  });
});

describe('a service account', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const pem = rsa.export({ type: 'pkcs8', format: 'pem' }) as string;
  const good = { project_id: 'p', client_email: 'e@x', private_key: pem };

  it('has the address of Google unless it names another', () => {
    expect(readServiceAccount(JSON.stringify(good)).tokenUri.href).toBe(
      'https://oauth2.googleapis.com/token',
    );
  });

  it.each<[problem: string, json: string, words: string]>([
    ['no JSON', '{"private_key": "secret', 'not a JSON object'],
    ['no project', JSON.stringify({ ...good, project_id: '' }), 'no "project_id"'],
    ['no e-mail', JSON.stringify({ ...good, client_email: undefined }), 'no "client_email"'],
    ['no key', JSON.stringify({ ...good, private_key: undefined }), 'no "private_key"'],
    ['a key that is none', JSON.stringify({ ...good, private_key: 'x' }), 'no private key in PEM'],
    [
      'a key of another kind',
      JSON.stringify({ ...good, private_key: ec.export({ type: 'pkcs8', format: 'pem' }) }),
      'no RSA key',
    ],
    ['an address that is none', JSON.stringify({ ...good, token_uri: 'ftp://x' }), '"token_uri"'],
  ])('with %s', (_problem, json, words) => {
    expect(() => readServiceAccount(json)).toThrow(words);
  });

  it('is never quoted', () => {
    expect(() => readServiceAccount('{"private_key": "secret')).not.toThrow('secret');
  });

  it('an APNs key has to be on P-256', () => {
    const key = (text: string): ApnsToken =>
      new ApnsToken({ key: text, keyId: 'K', teamId: 'T' }, new FakeClock());
    expect(() => key('x')).toThrow('.p8');
    expect(() => key(pem)).toThrow('P-256');
    expect(key(ec.export({ type: 'pkcs8', format: 'pem' }) as string).current()).toMatch(/^bearer ey/);
  });
});
