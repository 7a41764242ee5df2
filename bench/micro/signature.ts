/**
 * What a signed request costs in crypto: HMAC-SHA256 three ways, MD5 of the body two ways, and the comparison of
 * signatures. `node dist/bench/micro/signature.js`
 */
import { createHash, createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import { SigningKey } from '../../server/lib/hmac.ts';
import { compare, printHead } from './compare.ts';

const SECRET = '7ad3773142a6692b25b8';
/** SHA-256's block, in bytes. */
const BLOCK = 64;

const keyObject = createSecretKey(Buffer.from(SECRET));
const serverKey = new SigningKey(SECRET);
const inner = padded(0x36);
const outer = padded(0x5c);

printHead();
for (const [size, bytes] of [
  ['100 B', 100],
  ['1 KB', 1024],
  ['10 KB', 10_240],
] as const) {
  const text = 'POST /apps/3/events auth_key=278d425bdf160c739803&'
    .repeat(Math.ceil(bytes / 50))
    .slice(0, bytes);
  const body = Buffer.from(text);
  compare(`HMAC-SHA256 hex, ${size}`, [
    { name: 'string secret', run: () => createHmac('sha256', SECRET).update(text).digest('hex') },
    { name: 'KeyObject', run: () => createHmac('sha256', keyObject).update(text).digest('hex') },
    { name: 'two one-shot crypto.hash', run: () => oneShotHmac(text) },
    { name: 'server/lib/hmac.ts', run: () => serverKey.sign(text) },
  ]);
  compare(`MD5 hex, ${size}`, [
    { name: 'createHash', run: () => createHash('md5').update(body).digest('hex') },
    { name: 'crypto.hash', run: () => hash('md5', body, 'hex') },
  ]);
}
compareComparisons();

function compareComparisons(): void {
  const text = 'POST\n/apps/3/events\nauth_key=k&auth_timestamp=1700000000&auth_version=1.0';
  const given = createHmac('sha256', keyObject).update(text).digest('hex');
  const digest = Buffer.from(given, 'hex');
  const expected = Buffer.from(given);
  compare('comparison alone', [
    { name: 'timingSafeEqual of ready digests', run: () => timingSafeEqual(digest, Buffer.from(digest)) },
    {
      name: 'timingSafeEqual, given from hex',
      run: () => timingSafeEqual(digest, Buffer.from(given, 'hex')),
    },
    {
      name: 'timingSafeEqual of hex as bytes',
      run: () => timingSafeEqual(expected, Buffer.from(given, 'latin1')),
    },
    { name: 'XOR over character codes', run: () => equalByXor(given, given) },
    { name: '=== (not constant in time)', run: () => given === digest.toString('hex') },
  ]);
  compare('sign and compare', [
    { name: 'server/lib/hmac.ts verify', run: () => serverKey.verify(text, given) },
    {
      name: 'hex and XOR',
      run: () => equalByXor(createHmac('sha256', keyObject).update(text).digest('hex'), given),
    },
    { name: 'one-shot and XOR', run: () => equalByXor(oneShotHmac(text), given) },
  ]);
}

/** RFC 2104 by hand: H(key ^ opad ‖ H(key ^ ipad ‖ text)). */
function oneShotHmac(text: string): string {
  const innerInput = Buffer.allocUnsafe(BLOCK + Buffer.byteLength(text));
  inner.copy(innerInput);
  innerInput.write(text, BLOCK);
  const outerInput = Buffer.allocUnsafe(BLOCK + 32);
  outer.copy(outerInput);
  outerInput.write(hash('sha256', innerInput, 'hex'), BLOCK, 'hex');
  return hash('sha256', outerInput, 'hex');
}

function padded(pad: number): Buffer {
  const block = Buffer.alloc(BLOCK, pad);
  Buffer.from(SECRET).forEach((byte, i) => {
    block[i] = byte ^ pad;
  });
  return block;
}

/** Looks at every character whatever the first difference. */
function equalByXor(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
