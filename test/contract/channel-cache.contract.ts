/** What every ChannelCache promises; run by each implementation. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Publication } from '../../server/broker/broker.ts';
import { EventData, EventPublication } from '../../server/broker/publications.ts';
import type { ChannelCache } from '../../server/cache/channel-cache.ts';
import { frameText } from '../support/publications.ts';

export interface ChannelCacheUnderTest {
  /** A cache each for the nodes of one cluster; the same one where there can be no other. */
  readonly caches: readonly [ChannelCache, ChannelCache];
  /** Starts to receive the topic. */
  follow(appId: string, topic: string): Promise<void>;
  /** What was delivered so far. */
  delivered(): Promise<readonly Publication[]>;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const event = (channel: string, data: string, appId = 'app', exceptSocketId?: string): EventPublication =>
  new EventPublication(appId, channel, 'e', new EventData(data), exceptSocketId);

export function channelCacheContract(create: () => Promise<ChannelCacheUnderTest>): void {
  let under: ChannelCacheUnderTest;
  let cache: ChannelCache;
  let other: ChannelCache;
  const publish = (channel: string, data: string, ttlMs = 60_000): unknown =>
    cache.publish(event(channel, data), ttlMs);

  beforeEach(async () => {
    under = await create();
    [cache, other] = under.caches;
  });
  afterEach(() => under.stop());

  it('a channel without an event has none', async () => {
    expect(await cache.get('app', 'cache-a')).toBeUndefined();
  });

  it('the last event of a channel is kept, for every node', async () => {
    await publish('cache-a', '1');
    await publish('cache-a', '{"é":"\\u0000\n😀"}');
    for (const node of [cache, other]) {
      const kept = await node.get('app', 'cache-a');
      expect(kept).toMatchObject({ event: 'e', data: '{"é":"\\u0000\n😀"}' });
      expect(kept?.ttlMs).toBeGreaterThan(0);
      expect(kept?.ttlMs).toBeLessThanOrEqual(60_000);
    }
  });

  it('channels and apps do not share', async () => {
    await publish('cache-a', '1');
    expect(await cache.get('app', 'cache-b')).toBeUndefined();
    expect(await cache.get('app2', 'cache-a')).toBeUndefined();
  });

  it('an event is forgotten when its time is over, and renewed by the next', async () => {
    await publish('cache-a', '1', 1000);
    await under.advance(600);
    await publish('cache-a', '2', 1000);
    await under.advance(600);
    expect(await cache.get('app', 'cache-a')).toMatchObject({ data: '2' });
    await under.advance(600);
    expect(await cache.get('app', 'cache-a')).toBeUndefined();
  });

  it('what is kept is published as well, whole and in order', async () => {
    await under.follow('app', 'cache-a');
    await cache.publish(event('cache-a', '1', 'app', '1.1'), 1000);
    await publish('cache-a', '2');
    const delivered = await under.delivered();
    expect(delivered.map(frameText)).toEqual([
      '{"event":"e","channel":"cache-a","data":"1"}',
      '{"event":"e","channel":"cache-a","data":"2"}',
    ]);
    expect(delivered.map(({ exceptSocketId }) => exceptSocketId)).toEqual(['1.1', undefined]);
  });

  it('that a channel is empty is news once in a while, whichever node finds it so', async () => {
    const news: boolean[] = [];
    for (const node of [cache, other, cache]) news.push(await node.firstMiss('app', 'cache-a', 1000));
    await under.advance(1100);
    for (const node of [other, cache]) news.push(await node.firstMiss('app', 'cache-a', 1000));
    expect(news).toEqual([true, false, false, true, false]);
    expect(await cache.firstMiss('app', 'cache-b', 1000)).toBe(true);
    expect(await cache.firstMiss('app2', 'cache-a', 1000)).toBe(true);
  });

  it('and again after an event', async () => {
    for (const app of ['app', 'app2']) await cache.firstMiss(app, 'cache-a', 60_000);
    await publish('cache-a', '1');
    expect(await other.firstMiss('app', 'cache-a', 60_000)).toBe(true);
    expect(await other.firstMiss('app2', 'cache-a', 60_000)).toBe(false);
  });
}
