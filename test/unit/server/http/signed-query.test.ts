/** Both roads of reading a signed query: the usual one as it stands, any other taken apart. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSignedQuery } from '../../../../server/http/signed-query.ts';

const value = fc.string({
  unit: fc.constantFrom(...'abAZ09-_.=:é\u{1f600}&%+'),
  maxLength: 6,
});

describe('readSignedQuery', () => {
  it('reads what libraries send with a trigger', () => {
    const signed = 'auth_key=k&auth_timestamp=1700000000&auth_version=1.0&body_md5=0123';
    expect(readSignedQuery(`${signed}&auth_signature=abcd`)).toEqual({
      key: 'k',
      timestamp: '1700000000',
      version: '1.0',
      bodyMd5: '0123',
      signature: 'abcd',
      signed,
      others: [],
    });
  });

  it('sorts what is signed, and hands the rest on in the order sent', () => {
    expect(
      readSignedQuery('name=a%2Cb&info=x&auth_signature=s&auth_version=1.0&auth_key=k&auth_timestamp=1'),
    ).toEqual({
      key: 'k',
      timestamp: '1',
      version: '1.0',
      bodyMd5: undefined,
      signature: 's',
      signed: 'auth_key=k&auth_timestamp=1&auth_version=1.0&info=x&name=a,b',
      others: [
        ['name', 'a,b'],
        ['info', 'x'],
      ],
    });
  });

  it('reads the same on either road, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.tuple(value, value, value, fc.option(value), value),
        ([key, time, version, md5, sign]) => {
          const digest = md5 === null ? '' : `&body_md5=${md5}`;
          const query = `auth_key=${key}&auth_timestamp=${time}&auth_version=${version}${digest}&auth_signature=${sign}`;
          // An ampersand more says nothing, but the query is no longer the usual one.
          expect(readSignedQuery(query)).toEqual(readSignedQuery(`&${query}`));
        },
      ),
    );
  });
});
