import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SharedNames } from '../../../../server/push/storage/shared-names.ts';

const isShared = (patterns: readonly string[], name: string): boolean =>
  new SharedNames(() => patterns).has('1', name);

it.each([
  ['news', 'news', true],
  ['news', 'news-1', false],
  ['*', 'anything', true],
  ['news-*', 'news-', true],
  ['*-news', 'daily-news', true],
  ['a*a', 'a', false],
  ['a*b*a', 'aba', true],
  ['a*b*a', 'aa', false],
  ['v1.0', 'v1x0', false],
])('%s shares %s: %s', (pattern, name, shared) => {
  expect(isShared([pattern], name)).toBe(shared);
});

it('what a star stands for is what a regular expression would find', () => {
  const few = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 8 });
  fc.assert(
    fc.property(few('ab*'), few('ab'), (pattern, name) => {
      fc.pre(name !== '');
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(isShared([pattern], name)).toBe(expression.test(name));
    }),
  );
});

it('names that are no interests are never shared', () => {
  expect(isShared(['*'], 'chat:lobby')).toBe(false);
  expect(isShared(['*'], 'x'.repeat(165))).toBe(false);
});

it('many stars cost no more than a few, whatever name a device makes up for them', () => {
  const pattern = `${'*-'.repeat(20)}x`;
  expect(isShared([pattern], '-'.repeat(164))).toBe(false);
  expect(isShared([pattern], `${'-'.repeat(163)}x`)).toBe(true);
});
