/** What a browser does with Web Push: makes subscriptions, and decrypts what comes for them (RFC 8188, 8291). */
import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto';

export interface BrowserKeys {
  readonly ecdh: ECDH;
  readonly auth: Buffer;
}

export function browserKeys(): BrowserKeys {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  return { ecdh, auth: randomBytes(16) };
}

/** As `PushSubscription.toJSON()` has it. */
export function subscriptionText(endpoint: string, { ecdh, auth }: BrowserKeys): string {
  const keys = { p256dh: ecdh.getPublicKey('base64url'), auth: auth.toString('base64url') };
  return JSON.stringify({ endpoint, keys });
}

/** The plaintext of a message. Throws with words where a browser would drop it. */
export function decryptPush(body: Buffer, { ecdh, auth }: BrowserKeys): Buffer {
  if (body.length < 86 + 17) throw new Error('the body is too short');
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  if (body[20] !== 65) throw new Error('the key of the sender has not 65 bytes');
  const sender = body.subarray(21, 86);
  const record = body.subarray(86);
  if (record.length > recordSize) throw new Error('there is more than one record');
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender]);
  const ikm = derive(ecdh.computeSecret(sender), auth, info, 32);
  const key = derive(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new Error('the last record does not end in 2');
  return padded.subarray(0, end);
}

function derive(secret: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, bytes));
}
