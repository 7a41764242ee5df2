/** The token a device shows Beams for its user, as the server SDK makes it. Pure. */
import { createHmac } from 'node:crypto';

const LIFE_SECONDS = 24 * 60 * 60;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param now seconds since the epoch */
export function beamsToken(
  { instanceId, secretKey }: { readonly instanceId: string; readonly secretKey: string },
  userId: string,
  now: number,
): string {
  const claims = {
    iat: now,
    exp: now + LIFE_SECONDS,
    iss: `https://${instanceId}.pushnotifications.pusher.com`,
    sub: userId,
  };
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${signed}.${createHmac('sha256', secretKey).update(signed).digest('base64url')}`;
}
