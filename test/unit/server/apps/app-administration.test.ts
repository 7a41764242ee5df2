/** What changing stored apps leaves in the log. */
import { expect, it } from 'vitest';
import { AppAdministration } from '../../../../server/apps/app-administration.ts';
import { ConfigAppRegistry } from '../../../../server/apps/config-app-registry.ts';
import { newIdentity } from '../../../../server/apps/new-identity.ts';
import { appReader } from '../../../../server/config/app-reader.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryAppStore } from '../../../support/memory-app-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const config = configFrom({ apps: [{ id: 'fixed', key: 'fixed-key', secret: 'fixed-secret' }] });
const asker = { address: '203.0.113.7', version: undefined };

function administration() {
  const lines: Array<readonly [string, Readonly<Record<string, unknown>>]> = [];
  const apps = new AppAdministration({
    store: new MemoryAppStore(),
    fixed: new ConfigAppRegistry(config.apps),
    refresh: () => Promise.resolve(),
    read: appReader(config, () => ''),
    identity: newIdentity,
    clock: new FakeClock(),
    audit: { ...silentLogger, info: (fields, message) => lines.push([message, fields]) },
  });
  return { apps, lines };
}

it('every change is a line: who, what, which keys are valid now; never a secret', async () => {
  const { apps, lines } = administration();
  const { pair } = await apps.create({ id: 'a', webhooks: [{ url: 'https://x.example/?t=hidden' }] }, asker);
  const next = await apps.rotate('a', 60, undefined, asker);
  await apps.merge('a', { forceTls: true }, asker);
  await apps.replace('a', {}, asker);
  await apps.setEnabled('a', false, asker);
  await apps.setEnabled('a', true, asker);
  await apps.withdraw('a', pair.key, asker);
  await apps.remove('a', asker);
  expect(lines.map(([message, { action }]) => `${message}: ${String(action)}`)).toEqual([
    'app changed: created',
    'app changed: rotated',
    'app changed: updated',
    'app changed: replaced',
    'app changed: disabled',
    'app changed: enabled',
    'app changed: key withdrawn',
    'app changed: deleted',
  ]);
  expect(lines[1]?.[1]).toEqual({
    appId: 'a',
    action: 'rotated',
    version: 2,
    keys: [pair.key, next.pair.key],
    address: '203.0.113.7',
  });
  for (const secret of [pair.secret, next.pair.secret, 'hidden']) {
    expect(JSON.stringify(lines)).not.toContain(secret);
  }
});

it('what is refused is no line', async () => {
  const { apps, lines } = administration();
  await expect(apps.create({ nonsense: 1 }, asker)).rejects.toThrow('nonsense is not a setting');
  await expect(apps.setEnabled('fixed', false, asker)).rejects.toThrow('listed in the configuration');
  await expect(apps.remove('nobody', asker)).rejects.toThrow('there is no app nobody');
  expect(lines).toEqual([]);
});
