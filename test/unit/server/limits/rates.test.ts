import { describe, expect, it } from 'vitest';
import { MemoryRateLimiter } from '../../../../server/limits/memory-rate-limiter.ts';
import { isPrivateAddress, networkOf } from '../../../../server/limits/network.ts';
import { takeToken } from '../../../../server/limits/token-bucket.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('a token bucket', () => {
  const rate = { perSecond: 2, burst: 3 };

  it('gives its burst, then one at a time as they come back', () => {
    let fullAt: number | undefined;
    const waits = [0, 0, 0, 0, 499, 500, 500].map((now) => {
      const taken = takeToken(fullAt, rate, now);
      fullAt = taken.fullAt;
      return taken.waitMs;
    });
    expect(waits).toEqual([0, 0, 0, 500, 1, 0, 500]);
  });

  it('never holds more than its burst', () => {
    let fullAt: number | undefined = 0;
    const waits = [0, 0, 0, 0].map(() => {
      const taken = takeToken(fullAt, rate, 3_600_000);
      fullAt = taken.fullAt;
      return taken.waitMs;
    });
    expect(waits).toEqual([0, 0, 0, 500]);
  });

  it('does not mind a clock that goes back', () => {
    expect(takeToken(3_600_000, rate, 0)).toEqual({ fullAt: 1500, waitMs: 500 });
  });
});

it('the memory of a limiter is bounded: the least recently used go first', () => {
  const limiter = new MemoryRateLimiter(2, new FakeClock());
  const rate = { perSecond: 1, burst: 1 };
  expect(['a', 'b', 'a', 'c'].map((name) => limiter.take(name, rate))).toEqual([0, 0, 1000, 0]);
  expect(limiter.take('b', rate)).toBe(0);
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:0db8:0001:0002:0003:0004:0005:0006', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1.2.3.4:5678', '1.2.3.4'],
  ['[2001:db8:1:2::6]:443', '2001:db8:1:2::/64'],
  ['[::ffff:192.0.2.1]', '192.0.2.1'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['192.168.0.1', true],
  ['169.254.1.1', true],
  ['0000:0000:0000:0000:0000:ffff:7f00:0001', true],
  ['::1', true],
  ['[fd00::1]:443', true],
  ['fe80::1', true],
  ['172.32.0.1', false],
  ['203.0.113.1', false],
  ['2001:db8::1', false],
  ['::ffff:203.0.113.1', false],
  ['unknown', false],
  ['', false],
])('%s is private: %s', (address, is) => {
  expect(isPrivateAddress(address)).toBe(is);
});
