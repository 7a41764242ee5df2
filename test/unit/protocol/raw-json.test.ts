/** The exact text of members and elements, held against JSON.parse on any JSON there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawElements, rawMember } from '../../../protocol/index.ts';

const spacing = fc.constantFrom(undefined, 1, 2, '\t');

describe('rawMember', () => {
  it('returns text that parses to what JSON.parse has under the key, for any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), spacing, (object, space) => {
        const json = JSON.stringify(object, undefined, space);
        const parsed = JSON.parse(json) as Record<string, unknown>;
        for (const key of Object.keys(parsed)) {
          const raw = rawMember(json, key);
          expect(raw).toBeDefined();
          expect(JSON.parse(raw ?? '')).toEqual(parsed[key]);
        }
      }),
    );
  });

  it('keeps what parsing would lose: long numbers, fractions of zero, spacing, key order', () => {
    const json = '{"a": 12345678901234567890 ,"b":1.0,"c":{"2":1,"1": [ 2.50 ]}}';
    expect(rawMember(json, 'a')).toBe('12345678901234567890');
    expect(rawMember(json, 'b')).toBe('1.0');
    expect(rawMember(json, 'c')).toBe('{"2":1,"1": [ 2.50 ]}');
  });

  it('takes the last of duplicate keys, as JSON.parse does', () => {
    expect(rawMember('{"data":1,"data":2}', 'data')).toBe('2');
  });

  it('knows a key that is spelled with escapes', () => {
    expect(rawMember('{"\\u0064ata":[1]}', 'data')).toBe('[1]');
  });

  it('is not misled by quotes, braces and keys inside strings', () => {
    expect(rawMember('{"x":"\\"data\\":{","y":{"data":1},"data":"}\\\\"}', 'data')).toBe('"}\\\\"');
  });

  it('is undefined for a key that is not there, and in an empty object', () => {
    expect(rawMember('{"a":{"data":1}}', 'data')).toBeUndefined();
    expect(rawMember(' { } ', 'data')).toBeUndefined();
  });
});

describe('rawElements', () => {
  it('returns texts that parse to the elements, for any array', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spacing, (array, space) => {
        const json = JSON.stringify(array, undefined, space);
        expect(rawElements(json).map((text) => JSON.parse(text))).toEqual(JSON.parse(json));
      }),
    );
  });
});
