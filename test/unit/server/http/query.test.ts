/** Query strings, taken apart. */
import { describe, expect, it } from 'vitest';
import { parameter, parseQuery } from '../../../../server/http/query.ts';

describe('parseQuery', () => {
  it.each([
    ['', []],
    [
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a&b=',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['&&a=1&', [['a', '1']]],
    ['a=1=2', [['a', '1=2']]],
    [
      'a%5B%5D=x%2Cy&b=c+d',
      [
        ['a[]', 'x,y'],
        ['b', 'c d'],
      ],
    ],
    ['a=%zz', [['a', '%zz']]],
  ])('%j', (query, parameters) => expect(parseQuery(query)).toEqual(parameters));

  it('takes the last of repeated parameters', () => {
    expect(parameter(parseQuery('a=1&a=2'), 'a')).toBe('2');
  });
});
