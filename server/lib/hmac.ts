/** HMAC-SHA256 with keys prepared once, and comparison in constant time. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

export type SigningKey = KeyObject;

export function signingKey(secret: string): SigningKey {
  return createSecretKey(Buffer.from(secret, 'utf8'));
}

/** The lower-case hex digest of `text` as UTF-8. */
export function sign(key: SigningKey, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('hex');
}

/** Whether `signature` is the hex digest of `text`, of any letter case. Takes the same time wherever they differ. */
export function verify(key: SigningKey, text: string, signature: string): boolean {
  const given = Buffer.from(signature, 'hex');
  const expected = createHmac('sha256', key).update(text, 'utf8').digest();
  // Buffer.from stops at the first character that is not hex: the text's own length must be right as well.
  return signature.length === 64 && given.length === expected.length && timingSafeEqual(given, expected);
}
