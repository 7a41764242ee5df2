/** Our HMAC against Node's, for any key and text. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SigningKey } from '../../../server/lib/hmac.ts';

const nodes = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text, 'utf8').digest('hex');

describe('SigningKey', () => {
  it("signs as Node's createHmac does, for any secret and text", () => {
    const secrets = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    const texts = fc.string({ unit: 'binary', maxLength: 1500 });
    fc.assert(
      fc.property(secrets, texts, (secret, text) => {
        const key = new SigningKey(secret);
        expect(key.sign(text)).toBe(nodes(secret, text));
      }),
    );
  });

  it('a short text after a long one is not mixed with it', () => {
    const key = new SigningKey('secret');
    key.sign('long '.repeat(200));
    expect(key.sign('short')).toBe(nodes('secret', 'short'));
  });

  it.each([1023, 1024, 1025])('a text of %i characters of three bytes', (length) => {
    expect(new SigningKey('secret').sign('✓'.repeat(length))).toBe(nodes('secret', '✓'.repeat(length)));
  });

  it('verifies its own signature in any letter case', () => {
    const key = new SigningKey('secret');
    expect(key.verify('text', key.sign('text'))).toBe(true);
    expect(key.verify('text', key.sign('text').toUpperCase())).toBe(true);
  });

  it('refuses a signature that differs in any one character', () => {
    const key = new SigningKey('secret');
    const good = key.sign('text');
    for (let at = 0; at < good.length; at += 1) {
      const bad = good.slice(0, at) + (good[at] === '0' ? '1' : '0') + good.slice(at + 1);
      expect(key.verify('text', bad)).toBe(false);
    }
  });

  it.each(['', 'a', 'g'.repeat(64), '0'.repeat(63), '0'.repeat(65), 'İ'.repeat(64)])(
    'refuses %j',
    (signature) => {
      expect(new SigningKey('secret').verify('text', signature)).toBe(false);
    },
  );
});
