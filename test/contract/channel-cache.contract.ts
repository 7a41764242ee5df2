/** What every ChannelCache promises; run by each implementation. */
import { beforeEach, expect, it } from 'vitest';
import type { ChannelCache } from '../../server/cache/channel-cache.ts';

export interface ChannelCacheUnderTest {
  readonly cache: ChannelCache;
  /** Milliseconds since the epoch, as the cache has it. */
  now(): number;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
}

export function channelCacheContract(create: () => Promise<ChannelCacheUnderTest>): void {
  let under: ChannelCacheUnderTest;
  const event = (data: string, ttlMs = 60_000) => ({ event: 'e', data, expiresAt: under.now() + ttlMs });

  beforeEach(async () => {
    under = await create();
  });

  it('a channel without an event has none', async () => {
    expect(await under.cache.get('app', 'cache-a')).toBeUndefined();
  });

  it('the last event of a channel is kept', async () => {
    await under.cache.set('app', 'cache-a', event('1'));
    const last = event('2');
    await under.cache.set('app', 'cache-a', last);
    expect(await under.cache.get('app', 'cache-a')).toEqual(last);
  });

  it('channels and apps do not share', async () => {
    await under.cache.set('app', 'cache-a', event('1'));
    expect(await under.cache.get('app', 'cache-b')).toBeUndefined();
    expect(await under.cache.get('app2', 'cache-a')).toBeUndefined();
  });

  it('an event is forgotten when its time is over, and renewed by the next', async () => {
    await under.cache.set('app', 'cache-a', event('1', 1000));
    await under.advance(600);
    await under.cache.set('app', 'cache-a', event('2', 1000));
    await under.advance(600);
    expect(await under.cache.get('app', 'cache-a')).toMatchObject({ data: '2' });
    await under.advance(600);
    expect(await under.cache.get('app', 'cache-a')).toBeUndefined();
  });
}
