/** What every RateLimiter promises; run by each implementation. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RateLimiter } from '../../server/limits/rate-limiter.ts';

export interface RateLimiterUnderTest {
  readonly limiter: RateLimiter;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export function rateLimiterContract(create: () => Promise<RateLimiterUnderTest>): void {
  let under: RateLimiterUnderTest;
  const rate = { perSecond: 10, burst: 2 };
  const take = (name: string) => under.limiter.take(name, rate);
  beforeEach(async () => {
    under = await create();
  });
  afterEach(() => under.stop());

  it('a burst is let through, and then told how long to wait', async () => {
    expect([await take('a'), await take('a')]).toEqual([0, 0]);
    const wait = await take('a');
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(100);
    await under.advance(wait);
    expect(await take('a')).toBe(0);
  });

  it('a bucket left alone is full again, and no fuller', async () => {
    for (let at = 0; at < 2; at += 1) await take('a');
    await under.advance(1000);
    expect([await take('a'), await take('a')]).toEqual([0, 0]);
    expect(await take('a')).toBeGreaterThan(0);
  });

  it('names do not share', async () => {
    for (const name of ['a', 'a', 'a', 'b']) await take(name);
    expect(await take('b')).toBe(0);
  });

  it('a rate of zero lifts the limit', async () => {
    for (let at = 0; at < 5; at += 1) {
      expect(await under.limiter.take('a', { perSecond: 0, burst: 1 })).toBe(0);
    }
  });
}
