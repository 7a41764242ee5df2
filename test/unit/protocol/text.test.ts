/** Measures and spellings of text, held against the platform's own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeReason, exceedsBytes, quote } from '../../../protocol/index.ts';

const anyText = fc.string({ unit: 'binary' });

describe('quote', () => {
  it('equals JSON.stringify for any text, lone surrogates included', () => {
    fc.assert(fc.property(anyText, (text) => quote(text) === JSON.stringify(text)));
    expect(quote('a\ud800b')).toBe('"a\\ud800b"');
  });
});

describe('exceedsBytes', () => {
  it('agrees with the length of the UTF-8, for any text and limit', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.nat(200),
        (text, max) => exceedsBytes(text, max) === Buffer.byteLength(text) > max,
      ),
    );
  });

  it.each([
    ['é'.repeat(5), 10, false],
    ['é'.repeat(5), 9, true],
    ['😀', 4, false],
    ['😀', 3, true],
    ['\ud83d', 3, false],
  ])('%s against %i bytes: %s', (text, max, exceeds) => expect(exceedsBytes(text, max)).toBe(exceeds));
});

describe('closeReason', () => {
  it('fits a close frame, is whole UTF-8 and a prefix, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const reason = closeReason(text);
        const bytes = Buffer.from(reason);
        expect(bytes.length).toBeLessThanOrEqual(123);
        expect(bytes.toString()).toBe(reason);
        expect(Buffer.from(text).toString().startsWith(reason)).toBe(true);
      }),
    );
  });

  it('keeps text that fits, and cuts between characters', () => {
    expect(closeReason('Please reconnect immediately')).toBe('Please reconnect immediately');
    expect(closeReason('é'.repeat(100))).toBe('é'.repeat(61));
  });
});
