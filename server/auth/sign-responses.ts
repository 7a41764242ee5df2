/** The answers of auth endpoints, byte for byte those of the server SDKs. Pure. */
import { hash } from 'node:crypto';
import { channelStringToSign, channelType, userStringToSign } from '../../protocol/index.ts';
import type { AppKey } from '../apps/app-registry.ts';

type Signer = Pick<AppKey, 'key' | 'signingKey'>;

/**
 * A channel's authorization. `channelData` goes with presence channels.
 * @param masterKey 32 bytes; needed for encrypted channels, whose secret it yields
 */
export function channelAnswer(
  { key, signingKey }: Signer,
  socketId: string,
  channel: string,
  channelData: string | undefined,
  masterKey: Buffer | undefined,
): string {
  const auth = `${key}:${signingKey.sign(channelStringToSign(socketId, channel, channelData))}`;
  if (channelType(channel).kind !== 'encrypted' || masterKey === undefined) {
    return JSON.stringify({ auth, channel_data: channelData });
  }
  return JSON.stringify({
    auth,
    channel_data: channelData,
    shared_secret: hash('sha256', Buffer.concat([Buffer.from(channel, 'utf8'), masterKey]), 'base64'),
  });
}

/** A user's sign-in. */
export function userAnswer({ key, signingKey }: Signer, socketId: string, userData: string): string {
  const auth = `${key}:${signingKey.sign(userStringToSign(socketId, userData))}`;
  return JSON.stringify({ auth, user_data: userData });
}
