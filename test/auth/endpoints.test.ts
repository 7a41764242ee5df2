/** The auth endpoints over HTTP: what they answer, byte for byte, and what they refuse. */
import Pusher from 'pusher';
import { describe, expect, test } from 'vitest';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';
import { ask, authApp, MASTER_KEY, SOCKET, token } from './support.ts';

const server = useServer({ apps: [authApp({ watchlist: '{friends}' })] });

const sdk = new Pusher({
  appId: DEFAULT_APP.id,
  key: DEFAULT_APP.key,
  secret: DEFAULT_APP.secret,
  host: 'localhost',
  encryptionMasterKeyBase64: MASTER_KEY,
});

const channel = (name: string) => ({ socket_id: SOCKET, channel_name: name });

describe('a channel', () => {
  test('private: what the server SDK answers', async () => {
    const response = await ask(server(), channel('private-user-7'), { token: await token() });
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe('application/json');
    expect(response.text).toBe(JSON.stringify(sdk.authorizeChannel(SOCKET, 'private-user-7')));
  });

  test('presence: with the user and the info of the claims', async () => {
    const bearer = await token({ name: 'Zoë ✓', teams: ['red', 'blue'] });
    const response = await ask(server(), channel('presence-team-blue'), { token: bearer });
    const { auth, channel_data } = sdk.authorizeChannel(SOCKET, 'presence-team-blue', {
      user_id: '7',
      user_info: { name: 'Zoë ✓' },
    });
    expect(response.text).toBe(JSON.stringify({ auth, channel_data }));
  });

  test('encrypted: with the shared secret', async () => {
    const response = await ask(server(), channel('private-encrypted-user-7'), { token: await token() });
    expect(response.text).toBe(JSON.stringify(sdk.authorizeChannel(SOCKET, 'private-encrypted-user-7')));
  });

  test('is answered at the paths of Laravel Echo, and below the app', async () => {
    const bearer = await token();
    for (const path of ['/broadcasting/auth', '/apps/1001/pusher/auth', '/apps/test-key/broadcasting/auth']) {
      const response = await ask(server(), channel('private-user-7'), { token: bearer, path });
      expect(response.status).toBe(200);
    }
  });

  test('may be asked for with a JSON body', async () => {
    const response = await ask(server(), channel('private-user-7'), { token: await token(), json: true });
    expect(response.status).toBe(200);
  });

  test('is signed again and again without the answers being stored', async () => {
    const response = await ask(server(), channel('private-user-7'), { token: await token() });
    expect(response.headers['cache-control']).toBe('no-store');
  });
});

describe('a sign-in', () => {
  test('is what the server SDK answers, with info and watchlist', async () => {
    const bearer = await token({ name: 'A', friends: ['8', 9, { no: 'id' }, ''] });
    const atEcho = { token: bearer, path: '/broadcasting/user-auth' };
    expect((await ask(server(), { socket_id: SOCKET }, atEcho)).status).toBe(200);
    const response = await ask(server(), { socket_id: SOCKET }, { token: bearer, path: '/pusher/user-auth' });
    const expected = sdk.authenticateUser(SOCKET, {
      id: '7',
      user_info: { name: 'A' },
      watchlist: ['8', '9'],
    });
    expect(response.text).toBe(JSON.stringify(expected));
  });
});

describe('the token', () => {
  test('may come in a cookie or a field', async () => {
    const value = await token();
    const cookie = await ask(server(), channel('private-user-7'), {
      headers: { cookie: `a=b; session=${value}` },
    });
    expect(cookie.status).toBe(200);
    const field = await ask(server(), { ...channel('private-user-7'), token: value });
    expect(field.status).toBe(200);
  });

  test.each<[string, () => Promise<string | undefined>]>([
    ['missing', async () => undefined],
    ['no token', async () => 'nonsense'],
    ['of another secret', () => token({}, 'another-secret-of-at-least-32-bytes!!')],
    ['expired', () => token({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['without an end', () => token({ exp: undefined as unknown as number })],
    ['without a user', () => token({ sub: undefined as unknown as string })],
  ])('%s: forbidden, and no more said', async (_, make) => {
    const bearer = await make();
    const response = await ask(
      server(),
      channel('private-user-7'),
      bearer === undefined ? {} : { token: bearer },
    );
    expect([response.status, response.text]).toEqual([403, 'forbidden']);
  });

  test('of somebody else gets nobody into a channel', async () => {
    const response = await ask(server(), channel('private-user-7'), { token: await token({ sub: '8' }) });
    expect([response.status, response.text]).toEqual([403, 'forbidden']);
  });
});

describe('a wrong request', () => {
  test.each<[string, Record<string, string>, string]>([
    ['no socket_id', { channel_name: 'private-user-7' }, 'Missing parameter: socket_id'],
    ['a strange socket_id', { socket_id: '1.2:x', channel_name: 'private-user-7' }, 'Invalid socket_id'],
    ['no channel', { socket_id: SOCKET }, 'Missing parameter: channel_name'],
    ['no channel name', channel('private-ü'), 'Invalid channel_name'],
    ['a public channel', channel('news'), 'only private- and presence- channels'],
    ['the channel of a user', channel('#server-to-user-7'), 'only private- and presence- channels'],
  ])('%s', async (_, fields, message) => {
    const response = await ask(server(), fields, { token: await token() });
    expect(response.status).toBe(400);
    expect(response.text).toContain(message);
  });

  test('JSON that is none', async () => {
    const response = await ask(server(), {}, { headers: { 'content-type': 'application/json' } });
    expect(response.status).toBe(400);
  });

  test('another method', async () => {
    const response = await ask(server(), channel('private-user-7'), { method: 'PUT' });
    expect([response.status, response.headers['allow']]).toEqual([405, 'GET, POST, OPTIONS']);
    expect((await ask(server(), channel('private-user-7'), { method: 'GET' })).status).toBe(405);
  });
});

describe('JSONP', () => {
  const callback = "Pusher.auth_callbacks['1']";

  test('calls the function of the page', async () => {
    const fields = { ...channel('private-user-7'), callback, token: await token() };
    const response = await ask(server(), fields, { method: 'GET' });
    expect(response.headers['content-type']).toContain('application/javascript');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.text).toBe(
      `${callback}(${JSON.stringify(sdk.authorizeChannel(SOCKET, 'private-user-7'))})`,
    );
  });

  test('refuses what is no name', async () => {
    const fields = { ...channel('private-user-7'), callback: 'alert(1);x', token: await token() };
    const response = await ask(server(), fields, { method: 'GET' });
    expect([response.status, response.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
    expect(response.text).not.toContain('alert');
  });

  test('does not go by cookies, which come along from any page', async () => {
    const fields = { ...channel('private-user-7'), callback };
    const headers = { cookie: `session=${await token()}` };
    expect((await ask(server(), fields, { method: 'GET', headers })).status).toBe(403);
  });
});

describe('Beams', () => {
  test('a token for the caller and for nobody else', async () => {
    const beams = { instanceId: '11111111-1111-4111-8111-111111111111', secretKey: 'beams-secret' };
    await withServer({ apps: [authApp({ beams })] }, async (node) => {
      const call = { token: await token(), method: 'GET', path: '/pusher/beams-auth' };
      const granted = await ask(node, { user_id: '7' }, call);
      expect(granted.status).toBe(200);
      const { token: minted } = granted.json() as { token: string };
      const claims = JSON.parse(Buffer.from(minted.split('.')[1] ?? '', 'base64url').toString());
      expect(claims).toMatchObject({
        iss: `https://${beams.instanceId}.pushnotifications.pusher.com`,
        sub: '7',
      });
      expect(claims.exp - claims.iat).toBe(86_400);
      const denied = await ask(node, { user_id: '8' }, call);
      expect([denied.status, denied.text]).toEqual([401, 'forbidden']);
      expect((await ask(node, {}, call)).status).toBe(400);
    });
  });

  test('is refused without its settings', async () => {
    const call = { token: await token(), method: 'GET', path: '/pusher/beams-auth' };
    expect((await ask(server(), { user_id: '7' }, call)).status).toBe(401);
  });
});

describe('which app', () => {
  test('without an auth block there are no endpoints', () =>
    withServer({}, async (node) => {
      expect((await ask(node, channel('private-user-7'), { token: await token() })).status).toBe(404);
    }));

  test('nor are there for an app that is switched off', () =>
    withServer({ apps: [authApp({}, { enabled: false }), OTHER_APP] }, async (node) => {
      const call = { token: await token(), path: '/apps/1001/pusher/auth' };
      expect((await ask(node, channel('private-user-7'), call)).status).toBe(404);
    }));

  test('switched off, neither', () =>
    withServer({ apps: [authApp({ enabled: false })] }, async (node) => {
      expect((await ask(node, channel('private-user-7'), { token: await token() })).status).toBe(404);
    }));

  test('is named where there are several', () =>
    withServer({ apps: [authApp(), authApp({}, OTHER_APP)] }, async (node) => {
      const call = { token: await token() };
      const unnamed = await ask(node, channel('private-user-7'), call);
      expect([unnamed.status, unnamed.text]).toEqual([400, expect.stringContaining('Several apps')]);
      const by = async (fields: object, path: string) => {
        const response = await ask(node, { ...channel('private-user-7'), ...fields }, { ...call, path });
        return response.status === 200
          ? (response.json() as { auth: string }).auth.split(':')[0]
          : response.status;
      };
      expect(await by({}, '/apps/other-key/pusher/auth')).toBe('other-key');
      expect(await by({}, '/apps/1001/pusher/auth')).toBe('test-key');
      expect(await by({ app_key: 'other-key' }, '/pusher/auth')).toBe('other-key');
      expect(await by({}, '/pusher/auth?app_key=test-key')).toBe('test-key');
      expect(await by({}, '/apps/nobody/pusher/auth')).toBe(404);
    }));
});

describe('limits', () => {
  test('by user: 429, and when to come again', () =>
    withServer({ apps: [authApp({ limits: { userPerSecond: 1, userBurst: 2 } })] }, async (node) => {
      const call = { token: await token() };
      const statuses = [];
      for (let at = 0; at < 3; at += 1) statuses.push(await ask(node, channel('private-user-7'), call));
      expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429]);
      expect(statuses[2]?.headers['retry-after']).toBe('1');
      const other = await ask(node, channel('private-user-8'), { token: await token({ sub: '8' }) });
      expect(other.status).toBe(200);
    }));

  test('by address, good token or not; behind a proxy the address is the one it saw', () =>
    withServer(
      { trustProxy: true, apps: [authApp({ limits: { addressPerSecond: 1, addressBurst: 1 } })] },
      async (node) => {
        const from = (address: string) =>
          ask(node, channel('private-user-7'), { headers: { 'x-forwarded-for': `6.6.6.6, ${address}` } });
        expect((await from('10.0.0.1')).status).toBe(403);
        expect((await from('10.0.0.1')).status).toBe(429);
        expect((await from('10.0.0.2')).status).toBe(403);
      },
    ));
});
