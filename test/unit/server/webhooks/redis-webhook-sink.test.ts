/** Events that nobody could hand to Redis at once keep their order. */
import { beforeEach, expect, it } from 'vitest';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { Unavailable } from '../../../../server/lib/unavailable.ts';
import { RedisKeys } from '../../../../server/redis/keys.ts';
import { EndpointDirectory } from '../../../../server/webhooks/endpoint-directory.ts';
import { RedisWebhookSink } from '../../../../server/webhooks/redis-webhook-sink.ts';
import type { WebhookRedis } from '../../../../server/webhooks/webhook-redis.ts';
import { webhookScripts } from '../../../../server/webhooks/webhook-scripts.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

interface Run {
  readonly channel: string;
  succeed(): Promise<void>;
  fail(): Promise<void>;
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
};

let clock: FakeClock;
let runs: Run[];
let sink: RedisWebhookSink;

beforeEach(() => {
  clock = new FakeClock();
  runs = [];
  const redis = {
    run: (_script: unknown, _keys: unknown, args: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        runs.push({
          channel: String(args[7]),
          succeed: () => {
            resolve(0);
            return settled();
          },
          fail: () => {
            reject(new Unavailable('timed out', 'unknown'));
            return settled();
          },
        });
      }),
  } as unknown as WebhookRedis;
  let ids = 0;
  sink = new RedisWebhookSink(
    { graceMs: 0, queueLimit: 10, queueBytes: 1000, sharded: false },
    {
      redis,
      keys: new RedisKeys('c:'),
      scripts: webhookScripts(),
      endpoints: new EndpointDirectory([]),
      ids: {
        uniqueId: () => {
          ids += 1;
          return `id-${ids}`;
        },
      } as never,
      clock,
      log: new OccasionalLog(clock, silentLogger),
    },
  );
});

const add = (channel: string): void => void sink.add('1', { name: 'cache_miss', channel });
const sent = (): string[] => runs.map(({ channel }) => channel);

it('events whose failures come in another order are tried again in the order they were added', async () => {
  for (const channel of ['a', 'b', 'c']) add(channel);
  const [a, b, c] = runs;
  await c?.fail();
  await a?.fail();
  await b?.fail();
  add('d');
  clock.advance(250);
  for (let at = 3; at < 7; at += 1) {
    await settled();
    await runs[at]?.succeed();
  }
  expect(sent().slice(3)).toEqual(['a', 'b', 'c', 'd']);
});

it('nothing is tried again while an earlier one may still fail', async () => {
  add('a');
  add('b');
  const [a, b] = runs;
  await b?.fail();
  clock.advance(250);
  await settled();
  expect(sent()).toEqual(['a', 'b']);
  await a?.fail();
  clock.advance(250);
  await settled();
  expect(sent()).toEqual(['a', 'b', 'a']);
});
