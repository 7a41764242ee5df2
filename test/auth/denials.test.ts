/** What the operator's log says of a refusal, and the client doesn't. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import { DEFAULT_APP, type TestServer } from '../support/server.ts';
import { ask, authApp, SOCKET, seconds, token } from './support.ts';

interface Line {
  readonly fields: object;
  readonly message: string;
}

const lines: Line[] = [];
let node: RunningServer | undefined;

beforeAll(async () => {
  const config = configFrom({
    host: '127.0.0.1',
    port: 0,
    drainSeconds: 0,
    apps: [authApp({ limits: { addressPerSecond: 1, addressBurst: 5 } })],
  });
  const keep = (fields: object, message: string) => lines.push({ fields, message });
  node = await startServer(config, {
    debug: () => undefined,
    info: () => undefined,
    warn: keep,
    error: keep,
  });
});
afterAll(() => node?.stop());

test('names the reason, the caller and the channel, and never a token', async () => {
  if (node === undefined) throw new Error('the node is not started yet');
  const server = { ...node, app: DEFAULT_APP } as unknown as TestServer;
  const fields = { socket_id: SOCKET, channel_name: 'private-user-8' };
  const bearers = [
    undefined,
    await token({ exp: seconds() - 90 }),
    await token({}, 'x'.repeat(32)),
    await token(),
    // Denied as the one before, and by then there were too many: neither is worth a line of its own.
    await token(),
    'x',
    'x',
  ];
  const statuses = [];
  for (const bearer of bearers) {
    statuses.push((await ask(server, fields, bearer === undefined ? {} : { token: bearer })).status);
  }
  expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429]);
  const about = { app: '1001', endpoint: 'channel', address: '127.0.0.1', channel: 'private-user-8' };
  const denied = (reason: string, user?: string) => ({
    fields: { ...about, user, reason },
    message: 'auth denied',
  });
  expect(lines).toEqual([
    denied('there is no token'),
    denied('the token is refused: "exp" claim timestamp check failed'),
    denied('the token is refused: signature verification failed'),
    denied('no rule allows the channel', '7'),
    { fields: { ...about, by: 'address' }, message: 'auth rate limited' },
  ]);
});
