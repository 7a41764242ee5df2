/**
 * Message encryption for Web Push: RFC 8291 over one record of RFC 8188 (aes128gcm). A new key pair and a new salt for
 * every message, as the RFC wants it. HMAC is written out over one-shot hashes for the reason given in lib/hmac.ts.
 */
import { createCipheriv, createECDH, type ECDH, hash, randomFillSync } from 'node:crypto';

const POINT_BYTES = 65;
const SALT_BYTES = 16;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;

/** Salt, record size, length of the key, the key. */
const HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES;
/** Services must take bodies of so many bytes, and may refuse longer ones (RFC 8030, 7.2). */
const MAX_BODY_BYTES = 4096;
/** Behind the plaintext of the last record (RFC 8188, 2). */
const LAST_RECORD = 2;
/** Bytes of plaintext that make a body of 4096. */
export const MAX_PLAINTEXT_BYTES = MAX_BODY_BYTES - HEADER_BYTES - 1 - TAG_BYTES;

const RECORD_BYTES = 4096;

const KEY_INFO = Buffer.from('WebPush: info\0', 'latin1');
/** With the counter of HKDF's first block behind it. */
const CEK_INFO = Buffer.from('Content-Encoding: aes128gcm\0\x01', 'latin1');
const NONCE_INFO = Buffer.from('Content-Encoding: nonce\0\x01', 'latin1');
const IKM_INFO_BYTES = KEY_INFO.length + 2 * POINT_BYTES + 1;

/** What a browser's subscription encrypts with. */
export interface SubscriptionKeys {
  /** An uncompressed point on P-256: 65 bytes. */
  readonly p256dh: Buffer;
  /** 16 bytes. */
  readonly auth: Buffer;
}

/** What is new with every message. */
export interface MessageSecrets {
  /** Holds a fresh key pair, of which `senderKey` is the public half: 65 bytes. */
  readonly sender: ECDH;
  readonly senderKey: Buffer;
  readonly salt: Buffer;
}

/** Salts are taken from the system many at a time. */
const SALTS_AT_ONCE = 256;

export class WebPushEncryption {
  readonly #sender = createECDH('prime256v1');
  readonly #hmac = new ShortHmac();
  readonly #salts = Buffer.alloc(SALT_BYTES * SALTS_AT_ONCE);
  #nextSalt = this.#salts.length;

  /**
   * The body of a push message.
   * @param plaintext at most 3993 bytes
   * @throws if `p256dh` is not on the curve
   */
  encrypt(plaintext: Buffer, keys: SubscriptionKeys): Buffer {
    const senderKey = this.#sender.generateKeys();
    return this.encryptWith(plaintext, keys, { sender: this.#sender, senderKey, salt: this.#salt() });
  }

  /** The same with given secrets, which must serve for one message only. */
  encryptWith(
    plaintext: Buffer,
    keys: SubscriptionKeys,
    { sender, senderKey, salt }: MessageSecrets,
  ): Buffer {
    const ikm = this.#keyMaterial(sender.computeSecret(keys.p256dh), keys, senderKey);
    const prk = this.#hmac.digest(salt, ikm);
    const cek = this.#hmac.digest(prk, CEK_INFO).subarray(0, KEY_BYTES);
    const nonce = this.#hmac.digest(prk, NONCE_INFO).subarray(0, NONCE_BYTES);

    const end = HEADER_BYTES + plaintext.length + 1;
    const body = Buffer.allocUnsafe(end + TAG_BYTES);
    salt.copy(body, 0);
    body.writeUInt32BE(RECORD_BYTES, SALT_BYTES);
    body[SALT_BYTES + 4] = POINT_BYTES;
    senderKey.copy(body, SALT_BYTES + 5);
    plaintext.copy(body, HEADER_BYTES);
    body[end - 1] = LAST_RECORD;
    const cipher = createCipheriv('aes-128-gcm', cek, nonce);
    cipher.update(body.subarray(HEADER_BYTES, end)).copy(body, HEADER_BYTES);
    cipher.final();
    cipher.getAuthTag().copy(body, end);
    return body;
  }

  /** RFC 8291, 3.3 and 3.4. */
  #keyMaterial(secret: Buffer, { p256dh, auth }: SubscriptionKeys, senderKey: Buffer): Buffer {
    const info = Buffer.allocUnsafe(IKM_INFO_BYTES);
    KEY_INFO.copy(info, 0);
    p256dh.copy(info, KEY_INFO.length);
    senderKey.copy(info, KEY_INFO.length + POINT_BYTES);
    info[IKM_INFO_BYTES - 1] = 1;
    return this.#hmac.digest(this.#hmac.digest(auth, secret), info);
  }

  #salt(): Buffer {
    if (this.#nextSalt === this.#salts.length) {
      randomFillSync(this.#salts);
      this.#nextSalt = 0;
    }
    const salt = this.#salts.subarray(this.#nextSalt, this.#nextSalt + SALT_BYTES);
    this.#nextSalt += SALT_BYTES;
    return salt;
  }
}

/** HMAC-SHA256 (RFC 2104) of at most 145 bytes, under keys of at most 64. */
class ShortHmac {
  /** Blocks, and room for what follows them. */
  readonly #inner = Buffer.alloc(BLOCK_BYTES + IKM_INFO_BYTES);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);

  digest(key: Buffer, data: Buffer): Buffer {
    const [inner, outer] = [this.#inner, this.#outer];
    inner.fill(0x36, 0, BLOCK_BYTES);
    outer.fill(0x5c, 0, BLOCK_BYTES);
    for (const [at, byte] of key.entries()) {
      inner[at] = byte ^ 0x36;
      outer[at] = byte ^ 0x5c;
    }
    data.copy(inner, BLOCK_BYTES);
    const text = hash('sha256', inner.subarray(0, BLOCK_BYTES + data.length), 'binary');
    outer.write(text, BLOCK_BYTES, 'binary');
    return hash('sha256', outer, 'buffer');
  }
}
