/** The poster against receivers that behave, and against those that don't. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../server/lib/system-clock.ts';
import { AddressPolicy, type AddressPolicyOptions } from '../../../../server/outgoing/address-policy.ts';
import { HttpPoster } from '../../../../server/outgoing/http-poster.ts';
import { NameLookup, type Resolve } from '../../../../server/outgoing/name-lookup.ts';
import type { PostResult } from '../../../../server/outgoing/poster.ts';

const closers: Array<() => void> = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function poster(
  options: Partial<AddressPolicyOptions> = { allowLoopback: true },
  resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }],
): HttpPoster {
  const policy = new AddressPolicy({ allowPrivate: false, allowLoopback: false, ...options });
  const made = new HttpPoster({ policy, names: new NameLookup(resolve, systemClock), clock: systemClock });
  closers.push(() => made.close());
  return made;
}

async function listening(server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function http(answer: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(answer);
  const port = await listening(server);
  closers.push(() => server.closeAllConnections());
  return { port, server };
}

async function tcp(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  return listening(
    createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => serve(socket));
    }) as unknown as Server,
  );
}

const post = (to: HttpPoster, url: string, timeoutMs = 2000): Promise<PostResult> =>
  to.post({ url: new URL(url), headers: { 'X-Name': 'value' }, body: '{"é":1}', timeoutMs });

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a receiver that takes it', () => {
  it.each([200, 201, 202, 204, 299])('is one that answers %i', async (status) => {
    const { port } = await http((_request, response) => response.writeHead(status).end());
    expect(await post(poster(), `http://127.0.0.1:${port}/`)).toEqual({ ok: true, status });
  });

  it('gets path, query, headers in their casing and the bytes', async () => {
    let seen: { url: string | undefined; headers: string[]; body: string } | undefined;
    const { port } = await http(async (request, response) => {
      seen = { url: request.url, headers: request.rawHeaders, body: await bodyOf(request) };
      response.end();
    });
    await post(poster(), `http://example.test:${port}/a/b?c=d`);
    expect(seen?.url).toBe('/a/b?c=d');
    expect(seen?.headers).toEqual(expect.arrayContaining(['X-Name', 'value', `example.test:${port}`]));
    expect(seen?.body).toBe('{"é":1}');
  });

  it('is asked over one connection again and again', async () => {
    let connections = 0;
    const { port, server } = await http((_request, response) => response.end('x'.repeat(1000)));
    server.on('connection', () => {
      connections += 1;
    });
    const one = poster();
    for (let n = 0; n < 5; n += 1) expect((await post(one, `http://127.0.0.1:${port}/`)).ok).toBe(true);
    expect(connections).toBe(1);
  });

  it('may close idle connections without a request being lost', async () => {
    const { port, server } = await http((_request, response) => response.end());
    const one = poster();
    for (let n = 0; n < 20; n += 1) {
      expect(await post(one, `http://127.0.0.1:${port}/`)).toEqual({ ok: true, status: 200 });
      server.closeIdleConnections();
    }
  });

  it('may answer at any length: what is too long is not read', async () => {
    let sent = 0;
    const { port } = await http((_request, response) => {
      const chunk = Buffer.alloc(65_536);
      const more = (): void => {
        while (!response.destroyed && sent < 1e9) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    expect(await post(poster(), `http://127.0.0.1:${port}/`)).toEqual({ ok: true, status: 200 });
    expect(sent).toBeLessThan(1e8);
  });
});

describe('a receiver that fails', () => {
  it.each([300, 301, 302, 307, 308, 304, 400, 404, 410, 500, 503])('by answering %i', async (status) => {
    let requests = 0;
    const { port } = await http((_request, response) => {
      requests += 1;
      response.writeHead(status, { location: `http://127.0.0.1:${port}/elsewhere` }).end();
    });
    const result = await post(poster(), `http://127.0.0.1:${port}/`);
    expect(result).toEqual({ ok: false, failure: 'answer', reason: `the answer has status ${status}` });
    expect(requests).toBe(1);
  });

  it('by refusing connections', async () => {
    const { port, server } = await http(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await post(poster(), `http://127.0.0.1:${port}/`)).toMatchObject({
      ok: false,
      failure: 'connection',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('by never answering', async () => {
    const port = await tcp(() => undefined);
    expect(await post(poster(), `http://127.0.0.1:${port}/`, 50)).toEqual({
      ok: false,
      failure: 'connection',
      reason: 'no answer within 50 ms',
    });
  });

  it('by answering a byte at a time', async () => {
    const port = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await post(poster(), `http://127.0.0.1:${port}/`, 100)).toEqual({
      ok: false,
      failure: 'connection',
      reason: 'no answer within 100 ms',
    });
  });

  it.each([
    ['before the answer', ''],
    ['in the middle of the headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in the middle of the answer', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'],
    ['after words that are no HTTP', 'SSH-2.0-OpenSSH_9.0\r\n'],
    ['after headers without end', `HTTP/1.1 200 OK\r\n${'X-Header: value\r\n'.repeat(5000)}`],
    [
      'by switching protocols',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ],
  ])('by closing %s', async (_when, words) => {
    const port = await tcp((socket) => socket.end(words));
    const result = await post(poster(), `http://127.0.0.1:${port}/`);
    expect(result.ok).toBe(false);
  });

  it('by having a name that nobody knows', async () => {
    const unknown = poster({ allowLoopback: true }, () =>
      Promise.reject(new Error('getaddrinfo ENOTFOUND x')),
    );
    expect(await post(unknown, 'http://x/')).toEqual({
      ok: false,
      failure: 'connection',
      reason: 'getaddrinfo ENOTFOUND x',
    });
  });

  it('does not keep a poster from closing', async () => {
    const port = await tcp(() => undefined);
    const one = poster();
    const under = post(one, `http://127.0.0.1:${port}/`, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    one.close();
    expect(await under).toEqual({ ok: false, failure: 'connection', reason: 'the node is stopping' });
  });
});

describe('over TLS', () => {
  const file = (name: string): Buffer =>
    readFileSync(new URL(`../../../support/tls/${name}`, import.meta.url));

  async function secure(): Promise<number> {
    const options = { cert: file('cert.pem'), key: file('key.pem') };
    const server = createSecureServer(options, (_request, response) => response.end());
    const port = await listening(server as unknown as Server);
    closers.push(() => server.closeAllConnections());
    return port;
  }

  it('a certificate that nobody vouches for is a failure', async () => {
    const result = await post(poster(), `https://localhost:${await secure()}/`);
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('certificate') });
  });

  it('requests arrive', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const result = await post(poster(), `https://localhost:${await secure()}/`);
    vi.unstubAllEnvs();
    expect(result).toEqual({ ok: true, status: 200 });
  });
});

describe('an address that is not allowed', () => {
  it.each([
    'http://127.0.0.1:{port}/',
    'http://127.1:{port}/',
    'http://2130706433:{port}/',
    'http://0x7f000001:{port}/',
    'http://0177.0.0.1:{port}/',
    'http://[::1]:{port}/',
    'http://[::ffff:127.0.0.1]:{port}/',
    'http://0:{port}/',
    'http://name.test:{port}/',
  ])('is not connected to, spelled %s', async (spelling) => {
    let connections = 0;
    const { port, server } = await http((_request, response) => response.end());
    server.on('connection', () => {
      connections += 1;
    });
    const result = await post(poster({}), spelling.replace('{port}', String(port)));
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('not allowed') });
    expect(connections).toBe(0);
  });

  it.each([
    ['http://10.0.0.1/', 'policy'],
    ['http://[::1]/', 'policy'],
    ['http://localhost/', 'policy'],
    ['http://app.localhost./', 'policy'],
    ['http://name.test/', 'connection'],
    ['http://localhost.test/', 'connection'],
  ])('is refused for good only where no name could come to lead elsewhere: %s', async (url, failure) => {
    expect(await post(poster({}), url)).toMatchObject({ ok: false, failure });
  });

  it('is left out among the addresses of a name', async () => {
    const { port } = await http((_request, response) => response.end());
    const mixed = poster({ allowLoopback: true }, async () => [
      { address: '169.254.169.254', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
    expect(await post(mixed, `http://rebinding.test:${port}/`)).toEqual({ ok: true, status: 200 });
  });
});
