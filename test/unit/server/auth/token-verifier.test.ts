/** Which tokens count: keys, algorithms, claims, and key sets that change. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TokenSettings } from '../../../../server/apps/auth-settings.ts';
import type { BackendClient } from '../../../../server/auth/backend-client.ts';
import { FetchBackendClient } from '../../../../server/auth/fetch-backend-client.ts';
import type { Asked, Identity } from '../../../../server/auth/identity.ts';
import { tokenKeys } from '../../../../server/auth/token-keys.ts';
import { TokenVerifier } from '../../../../server/auth/token-verifier.ts';
import { systemClock } from '../../../../server/lib/system-clock.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const clock = new FakeClock();
const now = (): number => Math.floor(clock.now() / 1000);
const logged: string[] = [];
const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_: object, message: string) => logged.push(message),
};
// The timeout is the network's, so it goes by real time.
const client = new FetchBackendClient(systemClock);

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const rsa = await generateKeyPair('RS256', { extractable: true });
const ec = await generateKeyPair('ES256', { extractable: true });
const rsaPem = await exportSPKI(rsa.publicKey);

const base: TokenSettings = {
  clockSkewSeconds: 30,
  requireExpiry: true,
  header: 'Authorization',
  jwksCacheSeconds: 600,
  jwksCooldownSeconds: 10,
};

type Key = Parameters<SignJWT['sign']>[0];

const hs = new TextEncoder().encode(SECRET);
const sign = (claims: JWTPayload, alg = 'HS256', key: Key = hs, kid?: string): Promise<string> =>
  new SignJWT({ sub: '7', exp: now() + 60, ...claims })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign(key);

const asking = (token: string): Asked => ({
  kind: 'channel',
  fields: new Map(),
  headers: new Map([['authorization', `Bearer ${token}`]]),
  address: '',
  cookies: true,
});

function verifier(settings: Partial<TokenSettings>, backend: BackendClient = client): TokenVerifier {
  const all = { ...base, ...settings };
  return new TokenVerifier(all, tokenKeys(all, { client: backend, clock, logger }), clock);
}

const identify = (settings: Partial<TokenSettings>, token: string): Promise<Identity> =>
  verifier(settings).identify(asking(token));

const known = { claims: expect.objectContaining({ sub: '7' }) };
const denied = (reason: string) => ({ denied: expect.stringContaining(reason) });

describe('algorithms', () => {
  it('HS256 by the secret', async () => {
    expect(await identify({ secret: SECRET }, await sign({}))).toMatchObject(known);
  });

  it('RS256 and ES256 by a public key', async () => {
    expect(await identify({ publicKey: rsaPem }, await sign({}, 'RS256', rsa.privateKey))).toMatchObject(
      known,
    );
    const ecPem = await exportSPKI(ec.publicKey);
    expect(await identify({ publicKey: ecPem }, await sign({}, 'ES256', ec.privateKey))).toMatchObject(known);
  });

  it('never the text of a public key as a secret', async () => {
    const forged = await sign({}, 'HS256', new TextEncoder().encode(rsaPem));
    expect(await identify({ publicKey: rsaPem }, forged)).toEqual(denied('"alg"'));
  });

  it('never none', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ sub: '7', exp: now() + 60 })}.`;
    expect(await identify({ secret: SECRET }, token)).toEqual(denied('refused'));
  });

  it('not another one with the right secret', async () => {
    const [head, body] = [{ alg: 'HS512' }, { sub: '7', exp: now() + 60 }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const signature = createHmac('sha512', SECRET).update(`${head}.${body}`).digest('base64url');
    expect(await identify({ secret: SECRET }, `${head}.${body}.${signature}`)).toEqual(denied('"alg"'));
  });

  it('not one that the settings leave out', async () => {
    const token = await sign({}, 'RS256', rsa.privateKey);
    expect(await identify({ publicKey: rsaPem, algorithms: ['ES256'] }, token)).toEqual(denied('"alg"'));
  });

  it('not a signature that was changed', async () => {
    const token = await sign({});
    const [head, , signature] = token.split('.');
    const body = Buffer.from(JSON.stringify({ sub: '8', exp: now() + 60 })).toString('base64url');
    expect(await identify({ secret: SECRET }, `${head}.${body}.${signature}`)).toEqual(denied('signature'));
  });
});

describe('claims', () => {
  const hs256 = { secret: SECRET };

  it('time, with the clocks apart', async () => {
    expect(await identify(hs256, await sign({ exp: now() - 29 }))).toMatchObject(known);
    expect(await identify(hs256, await sign({ exp: now() - 31 }))).toEqual(denied('"exp"'));
    expect(await identify(hs256, await sign({ nbf: now() + 29 }))).toMatchObject(known);
    expect(await identify(hs256, await sign({ nbf: now() + 31 }))).toEqual(denied('"nbf"'));
  });

  it('an end, unless the settings do without', async () => {
    const endless = await new SignJWT({ sub: '7' }).setProtectedHeader({ alg: 'HS256' }).sign(hs);
    expect(await identify(hs256, endless)).toEqual(denied('"exp"'));
    expect(await identify({ ...hs256, requireExpiry: false }, endless)).toMatchObject({
      ...known,
      expiresAt: undefined,
    });
  });

  it('expires when it would be refused, and was issued when it says, or before that by a fast clock', async () => {
    const token = await sign({ exp: now() + 60, iat: now() - 5 });
    expect(await identify(hs256, token)).toMatchObject({
      expiresAt: (now() + 90) * 1000,
      issuedAt: (now() - 35) * 1000,
    });
  });

  it('not one from the future, beyond what clocks may differ', async () => {
    expect(await identify(hs256, await sign({ iat: now() + 29 }))).toMatchObject(known);
    expect(await identify(hs256, await sign({ iat: now() + 31 }))).toEqual(denied('"iat"'));
  });

  it('issuer and audience, one of those that are allowed', async () => {
    const settings = { ...hs256, issuer: 'https://a', audience: ['x', 'y'] };
    expect(await identify(settings, await sign({ iss: 'https://a', aud: ['z', 'y'] }))).toMatchObject(known);
    expect(await identify(settings, await sign({ iss: 'https://b', aud: 'y' }))).toEqual(denied('"iss"'));
    expect(await identify(settings, await sign({ iss: 'https://a', aud: 'z' }))).toEqual(denied('"aud"'));
    expect(await identify(settings, await sign({ aud: 'x' }))).toEqual(denied('"iss"'));
  });

  it('no token at all, or one that is endless', async () => {
    const none: Asked = { ...asking(''), headers: new Map() };
    expect(await verifier(hs256).identify(none)).toEqual(denied('no token'));
    expect(await identify(hs256, 'x'.repeat(20_000))).toEqual(denied('exceeds'));
  });
});

describe('a key set by URL', () => {
  let keys: object[] = [];
  let status = 200;
  let reads = 0;
  const server = createServer((_, response) => {
    reads += 1;
    response.writeHead(status).end(JSON.stringify({ keys }));
  });
  beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  beforeEach(async () => {
    keys = [{ ...(await exportJWK(rsa.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }];
    status = 200;
    reads = 0;
    logged.length = 0;
  });
  const byUrl = () =>
    verifier({ jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json` });
  const one = (): Promise<string> => sign({}, 'RS256', rsa.privateKey, 'one');
  const two = (): Promise<string> => sign({}, 'ES256', ec.privateKey, 'two');
  const addSecond = async (): Promise<void> => {
    keys.push({ ...(await exportJWK(ec.publicKey)), kid: 'two', alg: 'ES256' });
  };

  it('is read once for many tokens, and again when it is old', async () => {
    const under = byUrl();
    const tokens = await Promise.all([one(), one(), one()]);
    const first = await Promise.all(tokens.map((token) => under.identify(asking(token))));
    expect(first).toEqual([expect.objectContaining(known), expect.anything(), expect.anything()]);
    expect(reads).toBe(1);
    clock.advance(600_000);
    await under.identify(asking(await one()));
    await vi.waitFor(() => expect(reads).toBe(2));
  });

  it('is read again for a key it did not have: rotation', async () => {
    const under = byUrl();
    await under.identify(asking(await one()));
    await addSecond();
    clock.advance(10_000);
    expect(await under.identify(asking(await two()))).toMatchObject(known);
    expect(reads).toBe(2);
  });

  it('but not more often than the cooldown allows, whatever keys tokens name', async () => {
    const under = byUrl();
    await under.identify(asking(await one()));
    for (let at = 0; at < 5; at += 1) {
      expect(await under.identify(asking(await two()))).toEqual(denied('no applicable key'));
    }
    expect(reads).toBe(1);
    clock.advance(10_000);
    await under.identify(asking(await two()));
    await under.identify(asking(await two()));
    expect(reads).toBe(2);
  });

  it('stays in use when it cannot be read again', async () => {
    const under = byUrl();
    await under.identify(asking(await one()));
    status = 500;
    clock.advance(600_000);
    expect(await under.identify(asking(await one()))).toMatchObject(known);
    await vi.waitFor(() => expect(logged).toEqual(['key set not read; the old one stays in use']));
  });

  it('that is old holds nobody up while it is read again, but for a key it does not have', async () => {
    let answer: (body: string) => void = () => undefined;
    const answers = [
      Promise.resolve(JSON.stringify({ keys })),
      new Promise<string>((done) => (answer = done)),
    ];
    const slow: BackendClient = {
      send: async () => ({
        status: 200,
        body: await (answers.shift() ?? Promise.reject(new Error('third'))),
      }),
    };
    const under = verifier({ jwksUrl: 'http://keys.example/' }, slow);
    await under.identify(asking(await one()));
    clock.advance(600_000);
    expect(await under.identify(asking(await one()))).toMatchObject(known);
    const unknown = under.identify(asking(await two()));
    await addSecond();
    answer(JSON.stringify({ keys }));
    expect(await unknown).toMatchObject(known);
    expect(logged).toEqual([]);
  });

  it('that was never read leaves it open who calls', async () => {
    status = 500;
    const under = byUrl();
    expect(await under.identify(asking(await one()))).toEqual({
      unavailable: 'the key set could not be read',
    });
    status = 200;
    clock.advance(10_000);
    expect(await under.identify(asking(await one()))).toMatchObject(known);
  });

  it('with several keys that fit a token which names none: each is tried', async () => {
    const other = await generateKeyPair('RS256', { extractable: true });
    keys = [await exportJWK(other.publicKey), await exportJWK(rsa.publicKey)];
    const under = byUrl();
    expect(await under.identify(asking(await sign({}, 'RS256', rsa.privateKey)))).toMatchObject(known);
    const stranger = await generateKeyPair('RS256');
    expect(await under.identify(asking(await sign({}, 'RS256', stranger.privateKey)))).toEqual(
      denied('signature'),
    );
  });

  it('never yields a secret for HS256', async () => {
    keys = [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), alg: 'HS256' }];
    expect(await byUrl().identify(asking(await sign({})))).toEqual(denied('"alg"'));
  });
});
