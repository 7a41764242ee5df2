/** The device API as phones and pages meet it, over SQLite: bytes and refusals. */

import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/databases.ts';
import { withServer } from '../support/use-server.ts';
import {
  beamsApp,
  DEVICES,
  expectRefusal,
  fcmDevice,
  request,
  useBeams,
  VAPID,
  webDevice,
  webToken,
} from './support.ts';
import { INSTANCE, SECRET, TOKENS } from './vectors.ts';

const node = useBeams();
const BASE = `/device_api/v1/instances/${INSTANCE}`;
const NOT_FOUND = [404, 'Not found', 'Device not found'] as const;
const GONE = '00000000-0000-4000-8000-000000000000';
let tokens = 0;
function newToken(): string {
  tokens += 1;
  return `fcm-token-${tokens}`;
}
const newPhone = (): Promise<string> => fcmDevice(node(), newToken());
const interestsOf = async (id: string, query = {}) =>
  (await request(node(), 'GET', `${DEVICES}/${id.split('-')[0]}/${id}/interests`, { query })).text;

describe('pages of other origins', () => {
  it('may ask before they ask', async () => {
    const answer = await request(node(), 'OPTIONS', `${DEVICES}/web`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
      'access-control-allow-headers': 'Authorization, Content-Type, X-Pusher-Library',
      'access-control-max-age': '86400',
    });
  });

  it('may read every answer, refusals included', async () => {
    for (const path of [
      `${BASE}/web-vapid-public-key`,
      `${DEVICES}/web/x`,
      `${BASE}/nothing`,
      '/safari_api/v1/x',
    ]) {
      const answer = await request(node(), 'GET', path);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    }
    const long = await request(node(), 'POST', `${DEVICES}/web`, { body: 'x'.repeat(2 ** 20 + 1) });
    expect(long.headers['access-control-allow-origin']).toBe('*');
    expect(long.json()).toMatchObject({ error: 'Bad request' });
  });
});

describe('the key for subscribing', () => {
  it('is the app’s', async () => {
    const answer = await request(node(), 'GET', `${BASE}/web-vapid-public-key`);
    expect([answer.status, answer.text]).toEqual([200, `{"vapidPublicKey":"${VAPID.publicKey}"}\n`]);
  });

  it('is not there for an unknown instance', async () => {
    const path = `${BASE}/web-vapid-public-key`.replace(INSTANCE, GONE);
    expectRefusal(
      await request(node(), 'GET', path),
      404,
      'Instance not found',
      'Could not find the instance',
    );
  });

  it.each(['safari-website-push-id', 'web-vapid-public-key/x'])('%s is nothing', async (path) => {
    expectRefusal(await request(node(), 'GET', `${BASE}/${path}`), 404, 'Not found', 'Not found');
  });
});

describe('registering', () => {
  it('a browser', async () => {
    const body = { token: webToken(), metadata: { sdkVersion: '2.1.0' } };
    const answer = await request(node(), 'POST', `${DEVICES}/web`, { body });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"id":"web-[0-9a-f-]{36}","initialInterestSet":\[\]\}\n$/);
    expect(answer.headers['content-length']).toBe('74');
  });

  it('an Android phone', async () => {
    expect(await newPhone()).toMatch(/^fcm-[0-9a-f-]{36}$/);
  });

  it('an iPhone, and a Mac', async () => {
    for (const metadata of [{ iosVersion: '17' }, { macosVersion: '14' }]) {
      const body = { token: 'AB'.repeat(32), bundleIdentifier: 'com.example', metadata };
      const answer = await request(node(), 'POST', `${DEVICES}/apns`, { body });
      expect(answer.text).toMatch(/^\{"id":"apns-[0-9a-f-]{36}","initialInterestSet":\[\]\}\n$/);
    }
  });

  it.each<[string, object, number, string, string]>([
    ['fcm', {}, 400, 'Bad request', 'Missing FCM token.'],
    ['fcm', { token: 5 }, 400, 'Bad request', 'Missing FCM token.'],
    [
      'fcm',
      { token: 'a b' },
      401,
      'Unauthorized',
      'The device token provided could not be validated against any known credentials',
    ],
    ['apns', { bundleIdentifier: 'x' }, 400, 'Bad request', 'Missing APNs token.'],
    ['apns', { token: 'ab' }, 400, 'Bad request', 'Missing App Bundle Identifier.'],
    [
      'apns',
      { token: 'xyz', bundleIdentifier: 'x' },
      401,
      'Unauthorized',
      'The device token could not be validated against any known credentials',
    ],
    ['web', {}, 400, 'Bad request', 'Missing web push token.'],
    ['web', { token: '%%' }, 400, 'Bad request', 'The subscription is not base64.'],
    [
      'web',
      { token: Buffer.from('{}').toString('base64') },
      400,
      'Bad request',
      'The subscription has no endpoint.',
    ],
    ['web', { token: webToken({ keys: undefined }) }, 400, 'Bad request', 'The subscription has no keys.'],
  ])('%s with %j is refused', async (platform, body, status, error, description) => {
    expectRefusal(
      await request(node(), 'POST', `${DEVICES}/${platform}`, { body }),
      status,
      error,
      description,
    );
  });

  it.each([
    'https://evil.example.com/x',
    'http://push.example.com/x',
    'https://10.0.0.1/x',
    'https://localhost/x',
  ])('a browser whose endpoint is %s is refused', async (endpoint) => {
    const answer = await request(node(), 'POST', `${DEVICES}/web`, {
      body: { token: webToken({ endpoint }) },
    });
    expect([answer.status, (answer.json() as { description: string }).description]).toEqual([
      400,
      expect.stringMatching(/^Push service endpoint not supported\. /),
    ]);
  });

  it('with metadata that are no short texts is refused', async () => {
    for (const metadata of ['x', [], { a: 1 }, { a: 'x'.repeat(256) }, { a: 'a\0' }]) {
      const answer = await request(node(), 'POST', `${DEVICES}/fcm`, {
        body: { token: newToken(), metadata },
      });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('Invalid metadata.')]);
    }
  });

  it('again with a token that is known makes a new device, and forgets the old one', async () => {
    const token = newToken();
    const first = await fcmDevice(node(), token);
    await request(node(), 'POST', `${DEVICES}/fcm/${first}/interests/secret`);
    const second = await fcmDevice(node(), token);
    expect(second).not.toBe(first);
    expect(await interestsOf(second)).toBe('{"interests":[],"responseMetadata":{}}\n');
    expectRefusal(await request(node(), 'GET', `${DEVICES}/fcm/${first}`), ...NOT_FOUND);
  });

  it('gives the interests that are configured', async () => {
    const settings = {
      apps: [beamsApp({ initialInterests: ['hello', 'news'] })],
      dataDir: temporaryFolder(),
    };
    await withServer(settings, async (server) => {
      const answer = await request(server, 'POST', `${DEVICES}/fcm`, { body: { token: 'one' } });
      expect(answer.json()).toMatchObject({ initialInterestSet: ['hello', 'news'] });
      const { id } = answer.json() as { id: string };
      const interests = await request(server, 'GET', `${DEVICES}/fcm/${id}/interests`);
      expect(interests.json()).toEqual({ interests: ['hello', 'news'], responseMetadata: {} });
    });
  });
});

describe('a device', () => {
  it('is shown without a user, then with one', async () => {
    const id = await webDevice(node(), 'shown');
    const path = `${DEVICES}/web/${id}`;
    expect((await request(node(), 'GET', path)).text).toBe(
      `{"id":"${id}","metadata":{"sdkVersion":"2.1.0"}}\n`,
    );
    await request(node(), 'PUT', `${path}/user`, { headers: { authorization: `Bearer ${TOKENS.T2}` } });
    expect((await request(node(), 'GET', path)).text).toBe(
      `{"id":"${id}","userId":"user-001","metadata":{"sdkVersion":"2.1.0"}}\n`,
    );
  });

  it('is deleted without a word, however often', async () => {
    const id = await newPhone();
    for (let time = 0; time < 2; time += 1) {
      const answer = await request(node(), 'DELETE', `${DEVICES}/fcm/${id}`);
      expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '0']);
    }
    const gone = await request(node(), 'GET', `${DEVICES}/fcm/${id}`);
    expectRefusal(gone, ...NOT_FOUND);
    expect(gone.headers['content-length']).toBe('55');
  });

  it('is of its platform only', async () => {
    const id = await newPhone();
    expectRefusal(await request(node(), 'GET', `${DEVICES}/apns/${id}`), ...NOT_FOUND);
    expect((await request(node(), 'DELETE', `${DEVICES}/web/${id}`)).status).toBe(200);
    expect((await request(node(), 'GET', `${DEVICES}/fcm/${id}`)).status).toBe(200);
  });

  it('has an id in the form of ours', async () => {
    for (const id of ['x', GONE, `fcm-${GONE}x`, "fcm-' or 1=1", '%00']) {
      expectRefusal(
        await request(node(), 'GET', `${DEVICES}/fcm/${encodeURI(id)}`),
        400,
        'Bad request',
        'Invalid device id.',
      );
    }
  });

  it.each<[string, string, object | undefined]>([
    ['GET', '', undefined],
    ['PUT', '/metadata', {}],
    ['PUT', '/token', { token: 'x' }],
    ['GET', '/interests', undefined],
    ['PUT', '/interests', { interests: ['a'] }],
    ['POST', '/interests/a', undefined],
    ['DELETE', '/interests/a', undefined],
  ])('that is gone is not found: %s %s', async (method, action, body) => {
    const answer = await request(node(), method, `${DEVICES}/fcm/fcm-${GONE}${action}`, body && { body });
    expectRefusal(answer, ...NOT_FOUND);
  });

  it('gets other metadata as a whole', async () => {
    const id = await newPhone();
    const body = { sdkVersion: '2', androidVersion: '15' };
    const answer = await request(node(), 'PUT', `${DEVICES}/fcm/${id}/metadata`, { body });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await request(node(), 'GET', `${DEVICES}/fcm/${id}`)).json()).toEqual({ id, metadata: body });
  });

  it('gets another token and keeps its interests; whoever had that token is forgotten', async () => {
    const [id, token] = [await newPhone(), newToken()];
    const other = await fcmDevice(node(), token);
    await request(node(), 'POST', `${DEVICES}/fcm/${id}/interests/kept`);
    const answer = await request(node(), 'PUT', `${DEVICES}/fcm/${id}/token`, { body: { token } });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(await interestsOf(id)).toBe('{"interests":["kept"],"responseMetadata":{}}\n');
    expectRefusal(await request(node(), 'GET', `${DEVICES}/fcm/${other}`), ...NOT_FOUND);
    // The token before may be somebody's again, with a device of its own.
    expect(await fcmDevice(node(), token)).not.toBe(id);
  });

  it('without a token in the body keeps its own', async () => {
    const answer = await request(node(), 'PUT', `${DEVICES}/fcm/${await newPhone()}/token`, { body: {} });
    expectRefusal(answer, 400, 'Bad request', 'Missing token field with the FCM Registration Id.');
  });
});

describe('interests', () => {
  it('are added and removed one by one, without a body or a content type', async () => {
    const id = await webDevice(node(), 'interests');
    const path = `${DEVICES}/web/${id}/interests`;
    for (const [method, name] of [
      ['POST', 'donuts%3B%3D%40%2C.'],
      ['POST', 'donuts;=@,.'],
      ['POST', 'other'],
      ['DELETE', 'other'],
      ['DELETE', 'never-there'],
    ] as const) {
      const answer = await request(node(), method, `${path}/${name}`);
      expect([answer.status, answer.text]).toEqual([200, '']);
    }
    expect(await interestsOf(id)).toBe('{"interests":["donuts;=@,."],"responseMetadata":{}}\n');
  });

  it('are replaced as a whole, and listed page by page in the order of bytes', async () => {
    const id = await webDevice(node(), 'paged');
    const path = `${DEVICES}/web/${id}/interests`;
    await request(node(), 'PUT', path, { body: { interests: ['b', 'a', 'b', 'B', '.', '..'] } });
    expect((await request(node(), 'PUT', path, { body: '{"interests":["a","b"]}' })).text).toBe('');
    expect(await interestsOf(id, { limit: '100' })).toBe('{"interests":["a","b"],"responseMetadata":{}}\n');
    const first = '{"interests":["a"],"responseMetadata":{"nextCursor":"YQ"}}\n';
    expect(await interestsOf(id, { limit: '1' })).toBe(first);
    expect(await interestsOf(id, { limit: '1', cursor: 'YQ' })).toBe(
      '{"interests":["b"],"responseMetadata":{}}\n',
    );
    await request(node(), 'PUT', path, { body: { interests: ['z', 'B', 'a', '_', '.'] } });
    expect(await interestsOf(id)).toBe('{"interests":[".","B","_","a","z"],"responseMetadata":{}}\n');
  });

  it.each(['0', '101', 'x', '-1', '1.5'])('a limit of %s is refused', async (limit) => {
    const answer = await request(node(), 'GET', `${DEVICES}/fcm/${await newPhone()}/interests`, {
      query: { limit },
    });
    expectRefusal(answer, 400, 'Bad request', '`limit` must be a whole number from 1 to 100.');
  });

  it('a cursor that nobody gave out is refused', async () => {
    const answer = await request(node(), 'GET', `${DEVICES}/fcm/${await newPhone()}/interests`, {
      query: { cursor: '!!' },
    });
    expectRefusal(answer, 400, 'Bad request', '`cursor` is not one that was given out.');
  });

  it.each(['a:b', 'a b', 'é', 'x'.repeat(165), 'a/b', '100%'])('the name %s is refused', async (name) => {
    const path = `${DEVICES}/fcm/${await newPhone()}/interests`;
    const invalid = [400, 'Bad request', 'Invalid interest name'] as const;
    expectRefusal(await request(node(), 'POST', `${path}/${encodeURIComponent(name)}`), ...invalid);
    expectRefusal(await request(node(), 'PUT', path, { body: { interests: ['ok', name] } }), ...invalid);
  });

  it('are 5000 at most', async () => {
    const id = await newPhone();
    const path = `${DEVICES}/fcm/${id}/interests`;
    const interests = Array.from({ length: 5000 }, (_, n) => `interest-${n}`);
    const tooMany = [400, 'Bad request', 'Interest set too large'] as const;
    expectRefusal(
      await request(node(), 'PUT', path, { body: { interests: [...interests, 'more'] } }),
      ...tooMany,
    );
    expect((await request(node(), 'PUT', path, { body: { interests } })).status).toBe(200);
    expectRefusal(await request(node(), 'POST', `${path}/more`), ...tooMany);
    expect((await request(node(), 'POST', `${path}/interest-7`)).status).toBe(200);
  });

  it('are a list', async () => {
    const answer = await request(node(), 'PUT', `${DEVICES}/fcm/${await newPhone()}/interests`, { body: {} });
    expectRefusal(answer, 400, 'Bad request', '`interests` must be an array of interest names.');
  });
});

describe('the user of a device', () => {
  const put = (id: string, token?: string) =>
    request(node(), 'PUT', `${DEVICES}/fcm/${id}/user`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  it('is set by a token, and may be set again', async () => {
    const id = await newPhone();
    for (const token of [TOKENS.T2, TOKENS.T2, TOKENS.T4]) {
      const answer = await put(id, token);
      expect([answer.status, answer.text]).toEqual([200, '']);
    }
  });

  it('is not changed', async () => {
    const id = await newPhone();
    await put(id, TOKENS.T2);
    expectRefusal(
      await put(id, TOKENS.T3),
      400,
      'Bad Request',
      'A User Id is already associated with this device.',
    );
  });

  it('may have an id with any characters', async () => {
    const id = await newPhone();
    expect((await put(id, TOKENS.T13)).status).toBe(200);
    expect((await request(node(), 'GET', `${DEVICES}/fcm/${id}`)).json()).toMatchObject({
      userId: 'zoé/1 +@',
    });
  });

  it.each<[string, number, string, string]>([
    ['T1', 401, 'Unauthorized', 'Invalid JWT claims: Token is expired'],
    ['T5', 403, 'Forbidden', 'Invalid JWT issuer.'],
    ['T6', 401, 'Unauthorized', 'Invalid JWT signature'],
    ['T7', 400, 'Bad Request', 'Missing subject (sub) field in JWT'],
    ['T8', 400, 'Bad Request', 'Missing expiration (exp) field in JWT'],
    ['T9', 400, 'Bad Request', 'Missing issuer (iss) field in JWT'],
    ['T10', 401, 'Unauthorized', '`Authorization` header token is malformed.'],
    ['T11', 400, 'Bad Request', 'JWT subject (sub) must be between 1-164 characters long'],
    ['T12', 401, 'Unauthorized', 'Invalid JWT claims: Token used before issued'],
  ])('is not set by %s', async (name, status, error, description) => {
    expectRefusal(await put(await newPhone(), TOKENS[name as 'T1']), status, error, description);
  });

  it('is not set without a token', async () => {
    expectRefusal(
      await put(await newPhone()),
      401,
      'Unauthorized',
      '`Authorization` header token is missing.',
    );
  });

  it('is not set on a device that is gone', async () => {
    expectRefusal(await put(`fcm-${GONE}`, TOKENS.T2), ...NOT_FOUND);
  });

  it('may have as many devices of a platform as are configured', async () => {
    await withServer(
      { apps: [beamsApp({ devicesPerUser: 2 })], dataDir: temporaryFolder() },
      async (server) => {
        const headers = { authorization: `Bearer ${TOKENS.T2}` };
        const status = async (platform: string, id: string) =>
          (await request(server, 'PUT', `${DEVICES}/${platform}/${id}/user`, { headers })).text;
        expect(await status('fcm', await fcmDevice(server, 'a'))).toBe('');
        expect(await status('fcm', await fcmDevice(server, 'b'))).toBe('');
        expect(await status('fcm', await fcmDevice(server, 'c'))).toBe(
          '{"error":"Unprocessable Entity","description":"User has reached the maximum of 2 devices"}\n',
        );
        expect(await status('web', await webDevice(server, 'd'))).toBe('');
      },
    );
  });

  it('changes where that is configured', async () => {
    await withServer(
      { apps: [beamsApp({ allowUserChange: true })], dataDir: temporaryFolder() },
      async (server) => {
        const id = await fcmDevice(server, 'a');
        for (const token of [TOKENS.T2, TOKENS.T3]) {
          const headers = { authorization: `Bearer ${token}` };
          expect((await request(server, 'PUT', `${DEVICES}/fcm/${id}/user`, { headers })).status).toBe(200);
        }
        expect((await request(server, 'GET', `${DEVICES}/fcm/${id}`)).json()).toMatchObject({
          userId: 'user-002',
        });
      },
    );
  });

  it('may be proven by an issuer that is configured', async () => {
    const issuer = 'https://push.example.com';
    await withServer(
      { apps: [beamsApp({ issuers: [issuer] })], dataDir: temporaryFolder() },
      async (server) => {
        const token = await new SignJWT({ sub: 'u' })
          .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
          .setIssuer(issuer)
          .setExpirationTime('1h')
          .sign(new TextEncoder().encode(SECRET));
        const headers = { authorization: `Bearer ${token}` };
        const id = await fcmDevice(server, 'a');
        expect((await request(server, 'PUT', `${DEVICES}/fcm/${id}/user`, { headers })).status).toBe(200);
      },
    );
  });
});
