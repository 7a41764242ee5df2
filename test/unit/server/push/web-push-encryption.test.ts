import { createECDH } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_PLAINTEXT_BYTES,
  WebPushEncryption,
} from '../../../../server/push/providers/web-push-encryption.ts';
import { browserKeys, decryptPush } from '../../../support/push/fake-browser.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

describe('encryption of Web Push', () => {
  it('makes the bytes of the example in RFC 8291, section 5', () => {
    const sender = createECDH('prime256v1');
    sender.setPrivateKey(bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'));
    const body = new WebPushEncryption().encryptWith(
      Buffer.from('When I grow up, I want to be a watermelon'),
      {
        p256dh: bytes(
          'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        ),
        auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
      },
      { sender, senderKey: sender.getPublicKey(), salt: bytes('DGv6ra1nlYgDCS1FRnbzlw') },
    );
    expect(body.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
  });

  it('is read by the browser, whatever the text, and by no other', () => {
    const encryption = new WebPushEncryption();
    const [browser, other] = [browserKeys(), browserKeys()];
    const keys = { p256dh: browser.ecdh.getPublicKey(), auth: browser.auth };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MAX_PLAINTEXT_BYTES }), (text) => {
        const body = encryption.encrypt(Buffer.from(text), keys);
        expect(decryptPush(body, browser)).toEqual(Buffer.from(text));
        expect(() => decryptPush(body, other)).toThrow();
      }),
      { numRuns: 50 },
    );
  });

  it('makes a body of 4096 bytes from the longest text', () => {
    const { ecdh, auth } = browserKeys();
    const text = Buffer.alloc(MAX_PLAINTEXT_BYTES, 'x');
    expect(MAX_PLAINTEXT_BYTES).toBe(3993);
    expect(new WebPushEncryption().encrypt(text, { p256dh: ecdh.getPublicKey(), auth })).toHaveLength(4096);
  });

  it('takes a new key and a new salt for every message', () => {
    const encryption = new WebPushEncryption();
    const { ecdh, auth } = browserKeys();
    const keys = { p256dh: ecdh.getPublicKey(), auth };
    const bodies = Array.from({ length: 600 }, () => encryption.encrypt(Buffer.from('x'), keys));
    expect(new Set(bodies.map((body) => body.subarray(0, 16).toString('hex'))).size).toBe(600);
    expect(new Set(bodies.map((body) => body.subarray(21, 86).toString('hex'))).size).toBe(600);
  });

  it('refuses a key that is not on the curve', () => {
    const keys = { p256dh: Buffer.alloc(65, 4), auth: Buffer.alloc(16) };
    expect(() => new WebPushEncryption().encrypt(Buffer.from('x'), keys)).toThrow(/Public key is not valid/);
  });
});
