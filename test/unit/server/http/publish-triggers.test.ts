/** What a failed request says about what was published all the same. */
import { expect, it } from 'vitest';
import type { Broker, Publication } from '../../../../server/broker/broker.ts';
import { MemoryBroker } from '../../../../server/broker/memory-broker.ts';
import { MemoryChannelCache } from '../../../../server/cache/memory-channel-cache.ts';
import { Publisher } from '../../../../server/channels/event-publisher.ts';
import { configFrom } from '../../../../server/config/parse.ts';
import { publishTriggers } from '../../../../server/http/endpoints/publish-triggers.ts';
import { type Done, Unavailable } from '../../../../server/lib/unavailable.ts';
import { Counters } from '../../../../server/telemetry/counters.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { DEFAULT_APP } from '../../../support/server.ts';

const [app] = configFrom({ apps: [DEFAULT_APP] }).apps;
const trigger = (...channels: string[]) => ({
  channels,
  name: 'e',
  data: 'x',
  socketId: undefined,
  info: undefined,
});

/** Takes what goes to a channel called `ok`, and fails for others as their names say. */
class FailingBroker extends MemoryBroker implements Broker {
  override publish({ topic }: Publication): Promise<void> {
    if (topic === 'ok') return Promise.resolve();
    return Promise.reject(topic === 'bug' ? new Error('bug') : new Unavailable('away', topic as Done));
  }
}

function publish(...triggers: ReturnType<typeof trigger>[]): Promise<unknown> {
  if (app === undefined) throw new Error('the app is configured');
  const broker = new FailingBroker();
  const cache = new MemoryChannelCache({ maxEntries: 1, maxBytes: 1000 }, broker, new FakeClock());
  const publisher = new Publisher({ broker, cache, counters: new Counters() }, 'refuse');
  return Promise.resolve(publishTriggers(publisher, app, triggers)).catch((error: unknown) => error);
}

it.each([
  [[trigger('no')], 'nothing was published'],
  [[trigger('unknown')], 'it may have been published'],
  [[trigger('no', 'no')], 'nothing was published'],
  [[trigger('no', 'ok')], 'some may have been published'],
  [[trigger('no', 'unknown')], 'some may have been published'],
  [[trigger('no'), trigger('no')], 'nothing was published'],
  [[trigger('ok'), trigger('no')], 'some may have been published'],
])('%j: %s', async (triggers, consequence) => {
  const failed = await publish(...triggers);
  expect(failed).toBeInstanceOf(Unavailable);
  expect(failed).toMatchObject({ consequence });
});

it('what succeeds is no failure, and what is no absence is passed on', async () => {
  expect(await publish(trigger('ok'), trigger('ok', 'ok'))).toBeUndefined();
  expect(await publish(trigger('bug'))).toEqual(new Error('bug'));
});
