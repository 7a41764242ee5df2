/** How many commands webhooks cost Redis, counted by Redis itself: the figures of docs/clustering.md. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../protocol/index.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisUnderTest, startSingleRedis } from '../support/redis.ts';
import { APP, TestMembership, WebhookNode } from '../support/webhook-node.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

let redis: RedisUnderTest;
let receiver: WebhookReceiver;
let node: WebhookNode;

beforeAll(async () => {
  redis = await startSingleRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  const webhooks = [{ url: receiver.url }];
  node = await WebhookNode.start('node-1', {
    redis: redis.url,
    membership: new TestMembership(),
    webhooks,
  });
  await add({ name: 'cache_miss', channel: 'a' });
  await receiver.until(1);
  await idle();
  await redis.servers[0]?.client.config('RESETSTAT');
});
afterEach(async () => {
  await node.stop();
  await receiver.close();
  await redis.flush();
});

const add = async (event: WebhookEvent): Promise<void> => node.webhooks.queue.add(APP, event);

/** What Redis did since the beginning of the test, by command, those within scripts as well. */
async function commands(): Promise<Record<string, number>> {
  const info = (await redis.servers[0]?.client.info('commandstats')) ?? '';
  const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name = '', calls]) => [name, Number(calls)] as const,
  );
  const aside = ['info', 'config|resetstat', 'ping', 'keys', 'flushall'];
  return Object.fromEntries(counts.filter(([name]) => !aside.includes(name)));
}

/** Nobody delivers anything any more. */
async function idle(): Promise<void> {
  await eventually(async () => {
    expect(await redis.servers[0]?.client.keys('*:owner')).toEqual([]);
  });
}

describe('Redis has to do', () => {
  it('three scripts for an event that comes alone: append, read, settle', async () => {
    await add({ name: 'cache_miss', channel: 'a' });
    await receiver.until(2);
    await idle();
    expect(await commands()).toEqual({
      evalsha: 3,
      // Append.
      time: 2,
      xadd: 1,
      xlen: 3,
      publish: 1,
      // Read.
      get: 2,
      zrangebyscore: 1,
      exists: 2,
      xrange: 2,
      set: 1,
      zrange: 1,
      // Settle.
      xdel: 1,
      del: 1,
    });
  });

  it('no entry for a stay that a return continues', async () => {
    await add({ name: 'channel_vacated', channel: 'a' });
    await add({ name: 'channel_occupied', channel: 'a' });
    const { zadd, zrem, xadd } = await commands();
    expect([zadd, zrem, xadd]).toEqual([1, 1, undefined]);
  });

  it('hardly more than an append for each of many events', async () => {
    const count = 1000;
    const before = receiver.events.length;
    await Promise.all(Array.from({ length: count }, () => add({ name: 'cache_miss', channel: 'a' })));
    await receiver.until(before + count);
    await idle();
    const { evalsha = 0 } = await commands();
    expect(evalsha).toBeGreaterThan(count);
    expect(evalsha).toBeLessThan(2 * count);
  });
});
