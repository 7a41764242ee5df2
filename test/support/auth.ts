/** Signatures as a customer's backend makes them, on node:crypto alone: an independent check of the server's. */
import { createHash, createHmac } from 'node:crypto';

export interface Signer {
  readonly key: string;
  readonly secret: string;
}

export function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}

export function md5(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** `auth` of a subscription. `channelData` is the exact string that will be sent. */
export function channelAuth(app: Signer, socketId: string, channel: string, channelData?: string): string {
  const signed =
    channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return `${app.key}:${hmac(app.secret, signed)}`;
}

/** `auth` of a sign-in. `userData` is the exact string that will be sent. */
export function userAuth(app: Signer, socketId: string, userData: string): string {
  return `${app.key}:${hmac(app.secret, `${socketId}::user::${userData}`)}`;
}
