import { describe, expect, it } from 'vitest';
import { pauseAfter } from '../../../server/lib/backoff.ts';

const backoff = { firstMs: 1000, longestMs: 128_000 };

describe('backoff', () => {
  it('doubles up to its limit, however often it failed', () => {
    const pauses = [1, 2, 3, 7, 8, 9, 5000].map((failures) => pauseAfter(failures, backoff, () => 0));
    expect(pauses).toEqual([1000, 2000, 4000, 64_000, 128_000, 128_000, 128_000]);
  });

  it('is shortened by chance, by a quarter at most', () => {
    expect(pauseAfter(1, backoff, () => 0.5)).toBe(875);
    expect(pauseAfter(1, backoff, () => 1)).toBe(750);
  });
});
