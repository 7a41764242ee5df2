/** TLS at the node itself or at a proxy, and apps that ask for it. PROTOCOL.md, "Connecting". */
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP, startServer } from '../support/server.ts';
import { withServer } from '../support/use-server.ts';

const FOLDER = join(import.meta.dirname, '..', 'support', 'tls');
const tls = { certFile: join(FOLDER, 'cert.pem'), keyFile: join(FOLDER, 'key.pem') };
const apps = [{ ...DEFAULT_APP, forceTls: true }];

/** The certificate is of the test's own making. */
const untrusted = { rejectUnauthorized: false };

function status(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, ...untrusted }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('a node with a certificate', () => {
  it('speaks wss and https, and admits apps that ask for TLS', async () => {
    await withServer({ tls, apps }, async (server) => {
      const client = await RawClient.open(server.wsUrl().replace('ws:', 'wss:'), untrusted);
      expect((await client.expectNext()).event).toBe('pusher:connection_established');
      expect(await status(server.port, '/health')).toBe(200);
      client.close();
    });
  });

  it('that can not be read does not start, and says which files are meant', async () => {
    const swapped = { certFile: tls.keyFile, keyFile: tls.certFile };
    await expect(startServer({ tls: swapped })).rejects.toThrow(/Cannot use tls\.certFile \(.*key\.pem\)/);
  });
});

describe('a node behind a proxy', () => {
  it.each([
    [true, 'https', undefined],
    [true, 'http', 4000],
    // Anybody can write the header: without trust it says nothing.
    [false, 'https', 4000],
  ])('with trustProxy %s believes X-Forwarded-Proto %s: %s', async (trustProxy, scheme, refusal) => {
    await withServer({ trustProxy, apps }, async (server) => {
      const client = await RawClient.open(server.wsUrl(), { headers: { 'X-Forwarded-Proto': scheme } });
      if (refusal === undefined) {
        expect((await client.expectNext()).event).toBe('pusher:connection_established');
        client.close();
      } else expect((await client.closed).code).toBe(refusal);
    });
  });
});
