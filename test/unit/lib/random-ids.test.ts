/** Socket ids: two numbers as text, the first of them a node's where other nodes must know whose a connection is. */
import { describe, expect, it } from 'vitest';
import { randomIds } from '../../../server/lib/random-ids.ts';

const draws = <T>(times: number, draw: () => T): T[] => Array.from({ length: times }, draw);

describe('socket ids', () => {
  it('are two numbers below 2^32 without leading zeros', () => {
    const ids = randomIds();
    for (const id of draws(3000, () => ids.socketId())) {
      const [first = '', second = '', ...more] = id.split('.');
      expect(more).toEqual([]);
      for (const number of [first, second]) {
        expect(number).toBe(String(Number(number)));
        expect(Number(number)).toBeLessThan(2 ** 32);
      }
    }
  });

  it.each([0, 7, 10, 99, 100, 999_999_999, 1_000_000_000, 4_294_967_295])(
    'begin with the number of their node: %d',
    (node) => {
      const ids = randomIds(node);
      for (const id of draws(50, () => ids.socketId())) {
        expect(id).toMatch(new RegExp(`^${node}\\.\\d{11,20}$`));
        expect(Number(id.slice(-10))).toBeLessThan(2 ** 32);
      }
    },
  );

  it('of one node differ in both parts of their second number', () => {
    const ids = randomIds(1);
    const made = draws(2000, () => ids.socketId().slice(2));
    expect(new Set(made).size).toBe(2000);
    expect(new Set(made.map((id) => id.slice(0, -10))).size).toBeGreaterThan(1990);
    expect(new Set(made.map((id) => id.slice(-10))).size).toBeGreaterThan(1990);
  });
});
