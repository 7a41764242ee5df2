import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../server/config/nearest-name.ts';

describe('config: nearest name', () => {
  it.each([
    ['prot', 'port'],
    ['PORT', 'port'],
    ['log_level', 'logLevel'],
    ['host1', 'host'],
    ['drainSecond', 'drainSeconds'],
  ])('takes %s for %s', (name, meant) => {
    expect(nearestName(name, ['port', 'host', 'logLevel', 'drainSeconds'])).toBe(meant);
  });

  it('does not guess when nothing is near', () => {
    expect(nearestName('redisUrl', ['port', 'host', 'logLevel'])).toBeUndefined();
    expect(nearestName('x', [])).toBeUndefined();
  });
});
