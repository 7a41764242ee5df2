/** What the operator's log says, at `debug`, of requests that were refused. */
import { afterEach, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import type { LogFields, Logger } from '../../server/lib/logger.ts';
import { api, sendHttp, trigger } from '../support/api.ts';
import { DEFAULT_APP, type TestServer } from '../support/server.ts';

const lines: LogFields[] = [];
let node: RunningServer | undefined;

afterEach(() => node?.stop());

/** A node whose refusals are written down. */
async function start(): Promise<TestServer> {
  lines.length = 0;
  const ignore = (): undefined => undefined;
  const logger: Logger = {
    debug: (fields, message) => {
      if (message === 'request refused') lines.push(fields);
    },
    info: ignore,
    warn: ignore,
    error: ignore,
  };
  const limits = { bodyBytes: 300_000 };
  node = await startServer(
    configFrom({ host: '127.0.0.1', port: 0, drainSeconds: 0, apps: [DEFAULT_APP], limits }),
    logger,
  );
  return { ...node, app: DEFAULT_APP } as unknown as TestServer;
}

const unsigned = (path: string) => ({ method: 'GET', path, params: [], body: undefined, headers: {} });

test('name method, path, status and reason, at the API and elsewhere', async () => {
  const server = await start();
  await sendHttp(server, unsigned('/nothing'));
  await sendHttp(server, unsigned('/apps/1001/channels'));
  await api(server, 'POST', '/events', { body: '{}' });
  expect(lines).toEqual([
    { method: 'GET', path: '/nothing', status: 404, reason: 'Not found' },
    { method: 'GET', path: '/apps/1001/channels', status: 401, reason: 'Missing parameter: auth_key' },
    {
      method: 'POST',
      path: '/apps/1001/events',
      status: 400,
      reason: expect.stringContaining('Missing or invalid parameter: channels'),
    },
  ]);
});

test('are there for what is too long to be read', async () => {
  const server = await start();
  await trigger(server, 'news', 'e', 'x'.repeat(300_000));
  expect(lines).toEqual([
    {
      method: 'POST',
      path: '/apps/1001/events',
      status: 413,
      reason: 'Request body exceeds the allowed maximum (300000 bytes)',
    },
  ]);
});

test('success is not logged', async () => {
  const server = await start();
  await trigger(server, 'news', 'e', 'x');
  expect(lines).toEqual([]);
});
