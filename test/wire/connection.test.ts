/** The handshake: which URLs and versions are let in, how the others are told, and the first frame. */
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { quietApp } from '../support/apps.ts';
import { errorWithCode, opened, whole } from '../support/frames.ts';
import { type Closed, type Frame, type OpenOptions, RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, OTHER_APP, type TestServer, type WsUrlOptions } from '../support/server.ts';
import { useServer, withOneNode, withServer } from '../support/use-server.ts';

interface Refused extends Closed {
  readonly frames: Frame[];
}

/** Opens a socket that the server must close, and returns how, with all frames before. */
async function refused(url: string, options: OpenOptions = {}): Promise<Refused> {
  const client = await RawClient.open(url, options);
  const closed = await client.closed;
  return { ...closed, frames: client.takeAll() };
}

const query = (protocol: string): string => `protocol=${protocol}&client=js&version=8.6.0`;

async function accepted(server: TestServer, options: WsUrlOptions & OpenOptions = {}): Promise<RawClient> {
  const client = await RawClient.connect(server, options);
  expect(await client.barrier()).toEqual([]);
  return client;
}

describe('the address of a socket', () => {
  const server = useServer({ apps: [quietApp()] });

  it.each([
    ['/app/test-key'],
    ['/prefix/app/test-key'],
    ['/a/b/c/app/test-key'],
    ['/app/app/test-key'],
    ['/pusher/app/test-key'],
    ['/app/unknown/app/test-key'],
  ])('is accepted as %s', async (path) => {
    await (await accepted(server(), { path })).close();
  });

  it.each([
    ['/'],
    ['/socket'],
    ['/application/test-key'],
    ['/xapp/test-key'],
    ['/apps/1001'],
    ['/test-key'],
    ['/app/test-key/more'],
  ])('is unknown as %s and closed with 4005', async (path) => {
    const end = await refused(server().wsUrl({ path }));
    expect(end.code).toBe(4005);
    expect(end.frames).toEqual([]);
  });

  it('may carry query parameters nobody knows', async () => {
    const client = await accepted(server(), { query: `${query('7')}&x=1&y&=z&__proto__=1&constructor=2` });
    await client.close();
  });

  it('may carry its parameters in any order and escaped', async () => {
    const client = await accepted(server(), {
      query: 'flash=false&version=8.6.0%20x&client=j%73&protocol=%37',
    });
    await client.close();
  });
});

describe('the protocol version', () => {
  const server = useServer({ apps: [quietApp()] });

  it.each(['4', '5', '6', '7'])('%s is accepted', async (version) => {
    await (await accepted(server(), { query: query(version) })).close();
  });

  it.each(['1', '2', '3', '8', '9', '100', '99999999999999999999'])(
    '%s is refused with 4007',
    async (version) => {
      expect((await refused(server().wsUrl({ query: query(version) }))).code).toBe(4007);
    },
  );

  it.each(['abc', '7.0', '7a', 'seven', '1e1', '0x7', '7 7', 'NaN', 'true'])(
    '"%s" is not an integer and refused with 4006',
    async (version) => {
      expect((await refused(server().wsUrl({ query: query(encodeURIComponent(version)) }))).code).toBe(4006);
    },
  );

  it('may be absent when the library version is there', async () => {
    await (await accepted(server(), { query: 'client=js&version=8.6.0' })).close();
  });

  it.each(['', 'client=js', 'client=js&flash=false'])(
    'absent together with the library version is refused with 4008 (query "%s")',
    async (text) => {
      expect((await refused(server().wsUrl({ query: text }))).code).toBe(4008);
    },
  );

  it.each([
    ['java-client', 'client=java-client&protocol=5&version=2.4.0'],
    ['.NET', 'protocol=5&client=pusher-dotnet-client&version=2.1.0'],
    ['Swift', 'client=pusher-websocket-swift&version=10.1.0&protocol=7'],
    ['libPusher', 'protocol=6&client=iOS-libPusher&version=1.6'],
  ])('of %s connects with the query that library sends', async (_library, text) => {
    await (await accepted(server(), { query: text })).close();
  });
});

describe('an unknown key', () => {
  const server = useServer({ apps: [quietApp()] });

  it('is refused with 4001 and a text that names the key', async () => {
    expect(await refused(server().wsUrl({ key: 'nobody' }))).toEqual({
      code: 4001,
      reason: 'App key nobody not in this cluster. Did you forget to specify the cluster?',
      frames: [],
    });
  });

  it.each([
    ['of 300 letters', 'k'.repeat(300)],
    ['of escaped two-byte characters', '%C3%A9'.repeat(80)],
    ['of escaped four-byte characters', '%F0%9F%94%94'.repeat(40)],
    ['with a broken escape', '%E0%A4%A'],
    ['named __proto__', '__proto__'],
    ['named constructor', 'constructor'],
  ])('%s still gets 4001 with a reason that fits a close frame', async (_what, key) => {
    const end = await refused(server().wsUrl({ key }));
    expect(end.code).toBe(4001);
    expect(Buffer.byteLength(end.reason)).toBeLessThanOrEqual(123);
    expect(end.reason).toMatch(/^App key /);
  });
});

describe('a refusal', () => {
  const server = useServer({
    apps: [
      quietApp(),
      { ...OTHER_APP, enabled: false },
      { id: '1003', key: 'tls-key', secret: 's', forceTls: true },
    ],
  });

  it('of a disabled app is 4003', async () => {
    const end = await refused(server().wsUrl({ key: OTHER_APP.key }));
    expect([end.code, end.frames]).toEqual([4003, []]);
  });

  it('of a plain connection to an app that wants TLS is 4000', async () => {
    const end = await refused(server().wsUrl({ key: 'tls-key' }));
    expect([end.code, end.frames]).toEqual([4000, []]);
  });

  it.each([
    [4001, { key: 'nobody' }],
    [4003, { key: OTHER_APP.key }],
    [4000, { key: 'tls-key' }],
  ] as const)(
    'with %i sends a client of protocol 5 an error frame before the close',
    async (code, options) => {
      const end = await refused(server().wsUrl({ ...options, query: query('5') }));
      expect(end.code).toBe(code);
      expect(end.frames.map(whole)).toEqual([errorWithCode(code)]);
    },
  );

  it.each(['6', '7'])('sends a client of protocol %s nothing but the close', async (version) => {
    const end = await refused(server().wsUrl({ key: 'nobody', query: query(version) }));
    expect([end.code, end.frames]).toEqual([4001, []]);
  });

  it('for a withdrawn protocol also comes with the error frame those clients read', async () => {
    const end = await refused(server().wsUrl({ query: query('3') }));
    expect(end.code).toBe(4007);
    expect(end.frames.map(whole)).toEqual([errorWithCode(4007)]);
  });

  it('never starts with an error frame that has no code of its own', async () => {
    const urls = ['1', '3', '8', 'abc'].map((version) => server().wsUrl({ query: query(version) }));
    for (const url of [...urls, server().wsUrl({ query: '' })]) {
      const end = await refused(url);
      for (const frame of end.frames) expect(whole(frame)).toEqual(errorWithCode(end.code));
    }
  });

  it('repeats the close text in the error frame', async () => {
    const end = await refused(server().wsUrl({ key: 'nobody', query: query('5') }));
    expect(end.frames.map(whole)).toEqual([errorWithCode(4001, end.reason)]);
  });

  it('leaves the server ready for the next client', async () => {
    await Promise.all(Array.from({ length: 50 }, () => refused(server().wsUrl({ key: 'nobody' }))));
    await (await accepted(server())).close();
  });
});

describe('the allow-list of origins', () => {
  const origins = ['https://example.com', '*.example.org', 'http://localhost:3000'];
  const server = useServer({ apps: [quietApp({ allowedOrigins: origins }), { ...OTHER_APP }] });
  const from = (origin: string) => ({ headers: { origin } });

  it.each([
    'https://example.com',
    'https://a.example.org',
    'https://a.b.example.org',
    'http://localhost:3000',
  ])('lets %s in', async (origin) => {
    await (await accepted(server(), from(origin))).close();
  });

  it.each([
    'https://evil.com',
    'http://example.com',
    'https://example.com.evil.net',
    'https://evilexample.com',
    'https://evilexample.org',
    'https://a.example.org.evil.net',
    'http://localhost:3001',
    'null',
  ])('closes %s with 4009', async (origin) => {
    expect(await refused(server().wsUrl(), from(origin))).toEqual({
      code: 4009,
      reason: 'Origin not allowed',
      frames: [],
    });
  });

  it('lets clients in that send no origin, as native ones do', async () => {
    await (await accepted(server())).close();
  });

  it('of one app does not bind another', async () => {
    const client = await RawClient.connect(server(), { ...from('https://evil.com'), key: OTHER_APP.key });
    await client.close();
  });
});

describe('the quota of connections', () => {
  it('refuses the one too many with 4004, keeps the others, and counts those that left', async () => {
    await withOneNode({ apps: [quietApp({ limits: { connections: 2 } })] }, async (server) => {
      const first = await accepted(server);
      const second = await accepted(server);
      expect(await refused(server.wsUrl())).toEqual({ code: 4004, reason: 'Account over quota', frames: [] });
      expect(await first.barrier()).toEqual([]);
      await second.close();
      const third = await accepted(server);
      expect((await refused(server.wsUrl())).code).toBe(4004);
      await Promise.all([first.close(), third.close()]);
    });
  });

  it('holds when many come at once', async () => {
    await withOneNode({ apps: [quietApp({ limits: { connections: 10 } })] }, async (server) => {
      const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.open(server.wsUrl())));
      const answer = (client: RawClient): Promise<string | number> =>
        client.expectNext().then(
          (frame) => frame.event,
          async () => (await client.closed).code,
        );
      const ends = await Promise.all(clients.map(answer));
      expect(ends.filter((end) => end === 'pusher:connection_established')).toHaveLength(10);
      expect(ends.filter((end) => end === 4004)).toHaveLength(50);
    });
  });

  it('is not used up by refused connections', async () => {
    await withOneNode({ apps: [quietApp({ limits: { connections: 1 } })] }, async (server) => {
      for (let i = 0; i < 5; i++) await refused(server.wsUrl({ query: query('99') }));
      const client = await accepted(server);
      for (let i = 0; i < 5; i++) expect((await refused(server.wsUrl())).code).toBe(4004);
      await client.close();
      await (await accepted(server)).close();
    });
  });

  it('sends a client of protocol 5 the error frame with the number 4004', async () => {
    await withOneNode({ apps: [quietApp({ limits: { connections: 1 } })] }, async (server) => {
      await accepted(server);
      const end = await refused(server.wsUrl({ query: query('5') }));
      expect(end.frames.map(whole)).toEqual([errorWithCode(4004, 'Account over quota')]);
    });
  });
});

describe('the capacity of the node', () => {
  it('refuses connections of any app with 4100 when full', async () => {
    await withOneNode({ apps: [quietApp(), OTHER_APP], limits: { connections: 2 } }, async (server) => {
      const first = await accepted(server);
      await accepted(server, { key: OTHER_APP.key });
      expect((await refused(server.wsUrl())).code).toBe(4100);
      expect((await refused(server.wsUrl({ key: OTHER_APP.key }))).code).toBe(4100);
      await first.close();
      await accepted(server);
    });
  });
});

describe('the order of the checks', () => {
  const tls = { id: '1003', key: 'tls-key', secret: 's', forceTls: true };
  const off = { id: '1004', key: 'off-key', secret: 's', enabled: false, forceTls: true };
  const settings = {
    apps: [quietApp({ limits: { connections: 1 }, allowedOrigins: ['https://example.com'] }), tls, off],
    limits: { connections: 1 },
  };
  const stranger = { headers: { origin: 'https://evil.com' } };

  it.each([
    ['path before key', 4005, { path: '/nowhere/nobody', query: query('99') }],
    ['key before version', 4001, { key: 'nobody', query: query('99') }],
    ['enabled before TLS and version', 4003, { key: 'off-key', query: query('99') }],
    ['TLS before version', 4000, { key: 'tls-key', query: query('99') }],
    ['version before origin', 4007, { query: query('99') }],
    ['version before origin, malformed', 4006, { query: query('x') }],
    ['version before origin, absent', 4008, { query: '' }],
    ['origin before quota', 4009, {}],
  ] as const)('is %s', async (_what, code, options) => {
    await withOneNode(settings, async (server) => {
      await accepted(server);
      expect((await refused(server.wsUrl(options), stranger)).code).toBe(code);
    });
  });

  it('is quota before capacity', async () => {
    await withOneNode(settings, async (server) => {
      await accepted(server);
      expect((await refused(server.wsUrl())).code).toBe(4004);
    });
  });
});

describe('connection_established', () => {
  const server = useServer({ apps: [quietApp(), { ...OTHER_APP, activityTimeoutSeconds: 30 }] });

  it('is the first frame, with a string of JSON as data and nothing else', async () => {
    const client = await RawClient.open(server().wsUrl());
    expect(opened(await client.expectNext())).toEqual({
      event: 'pusher:connection_established',
      data: { socket_id: expect.stringMatching(/^[0-9]{1,10}\.[0-9]{1,20}$/), activity_timeout: 120 },
    });
    expect(await client.barrier()).toEqual([]);
    await client.close();
  });

  it('precedes the answers to whatever a client sends without waiting for it', async () => {
    const client = await RawClient.open(server().wsUrl());
    client.send({ event: 'pusher:ping', data: {} });
    client.send({ event: 'pusher:subscribe', data: { channel: 'eager' } });
    expect((await client.expectNext()).event).toBe('pusher:connection_established');
    expect((await client.expectNext()).event).toBe('pusher:pong');
    expect((await client.expectNext()).event).toBe('pusher_internal:subscription_succeeded');
    await client.close();
  });

  it('tells the activity timeout of the app', async () => {
    const client = await RawClient.open(server().wsUrl({ key: OTHER_APP.key }));
    expect(opened(await client.expectNext())['data']).toMatchObject({ activity_timeout: 30 });
    await client.close();
  });

  it('never gives two living sockets one id, nor ids that follow a pattern', async () => {
    const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(server())));
    const ids = clients.map((client) => client.socketId);
    expect(new Set(ids).size).toBe(ids.length);
    // The first may be the node's.
    const numbers = ids.map((id) => Number(id.split('.')[1]));
    expect(new Set(numbers).size).toBeGreaterThan(290);
    const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
    expect(new Set(steps).size).toBeGreaterThan(290);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('the WebSocket handshake', () => {
  const server = useServer({ apps: [quietApp()] });

  it('chooses the first subprotocol offered', async () => {
    const client = await accepted(server(), { subprotocols: ['pusher', 'other'] });
    expect(client.subprotocol).toBe('pusher');
    await client.close();
  });

  it('names no subprotocol when none was offered', async () => {
    const client = await accepted(server());
    expect(client.subprotocol).toBe('');
    await client.close();
  });

  it('chooses a subprotocol for a refused connection too', async () => {
    const client = await RawClient.open(server().wsUrl({ key: 'nobody' }), { subprotocols: ['pusher'] });
    expect(client.subprotocol).toBe('pusher');
    expect((await client.closed).code).toBe(4001);
  });

  it('works for clients that offer compression, as browsers do', async () => {
    const socket = new WebSocket(server().wsUrl(), { perMessageDeflate: true });
    const text = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(data.toString()));
      socket.once('error', reject);
    });
    expect(JSON.parse(text).event).toBe('pusher:connection_established');
    socket.terminate();
  });

  it('is per app: a key opens the app it belongs to', async () => {
    await withServer({ apps: [quietApp(), OTHER_APP] }, async (node) => {
      for (const key of [DEFAULT_APP.key, OTHER_APP.key]) await accepted(node, { key });
    });
  });

  it('accepts every key of an app that has several', async () => {
    const credentials = [
      { key: 'old-key', secret: 'old-secret' },
      { key: 'new-key', secret: 'new-secret' },
    ];
    await withServer({ apps: [{ id: '1', credentials }] }, async (node) => {
      for (const { key } of credentials) await accepted(node, { key });
    });
  });
});
