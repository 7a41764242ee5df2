/** What a node says at its start of push settings that can't work. */
import { expect, it } from 'vitest';
import { startServer } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import { silentLogger } from '../support/silent-logger.ts';

const HMS = { appId: '100', appSecret: 'secret' };
const REASON =
  /^127\.0\.0\.1 is a private address, and those are not allowed .*CARILLON_ALLOW_PRIVATE_ADDRESSES/;

async function warningsOf(settings: object): Promise<string[]> {
  const warnings: string[] = [];
  const logger = {
    ...silentLogger,
    warn: ({ reason }: Record<string, unknown>, message: string) => warnings.push(`${message}: ${reason}`),
  };
  const app = {
    id: 'app-1',
    key: 'key-1',
    secret: 'a-secret-of-some-length',
    push: { hms: { ...HMS, endpoint: 'http://127.0.0.1:9' } },
  };
  const base = { port: 0, host: '127.0.0.1', mode: 'production', drainSeconds: 0, apps: [app] };
  const node = await startServer(
    configFrom({ ...base, ...settings }, () => ''),
    logger,
  );
  await node.stop();
  return warnings.filter((warning) => warning.startsWith('a push provider can never be reached: '));
}

it('a provider at a private address is warned of, unless such addresses are allowed', async () => {
  const [warning = '', ...others] = await warningsOf({});
  expect(warning.slice('a push provider can never be reached: '.length)).toMatch(REASON);
  expect(others).toEqual([]);
  expect(await warningsOf({ allowPrivateAddresses: true })).toEqual([]);
});
