/** Merging ordered lists, against the obvious way of doing it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstMerged } from '../../../../server/push/storage/merged-ids.ts';

const reading = (read: { entries: number; rounds: number }) => {
  return async (lists: readonly (readonly string[])[], after: string, limit: number) => {
    read.rounds += 1;
    const heads = lists.map((ids) => ids.filter((id) => id > after).slice(0, limit));
    read.entries += heads.flat().length;
    return heads;
  };
};
const ids = (from: number, count: number, step = 1): string[] =>
  Array.from({ length: count }, (_, n) => String(from + n * step).padStart(8, '0'));

describe('merged ids', () => {
  it('are the first of all lists together, each once, in order', async () => {
    const list = fc
      .uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 300 })
      .map((numbers) => numbers.map((n) => String(n).padStart(3, '0')).sort());
    await fc.assert(
      fc.asyncProperty(
        fc.array(list, { maxLength: 12 }),
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom('', '100', '399'),
        async (lists, limit, after) => {
          const expected = [...new Set(lists.flat())]
            .filter((id) => id > after)
            .sort()
            .slice(0, limit);
          expect(await firstMerged(lists, after, limit, reading({ entries: 0, rounds: 0 }))).toEqual(
            expected,
          );
        },
      ),
    );
  });

  it('of lists alike take a few times the page, not lists times the page', async () => {
    const read = { entries: 0, rounds: 0 };
    const lists = Array.from({ length: 100 }, (_, n) => ids(n, 5000, 100));
    expect(await firstMerged(lists, '', 500, reading(read))).toEqual(ids(0, 500));
    expect(read.rounds).toBe(1);
    expect(read.entries).toBeLessThan(5 * 500);
  });

  it('of one long list among short ones soon ask that one alone', async () => {
    const read = { entries: 0, rounds: 0 };
    const lists = [ids(0, 100_000), ...Array.from({ length: 99 }, (_, n) => ids(n, 3, 7))];
    expect(await firstMerged(lists, '', 500, reading(read))).toEqual(ids(0, 500));
    expect(read.rounds).toBeLessThan(5);
    expect(read.entries).toBeLessThan(5 * 500);
  });
});
