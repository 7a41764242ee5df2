/** What a Pusher server library signs: channel subscriptions and HTTP requests. */
import { createHash, createHmac } from 'node:crypto';
import type { AppCredentials } from '../app.ts';

/** The `auth` of a private or, with `channelData`, a presence subscription. */
export function channelAuth(
  app: AppCredentials,
  socketId: string,
  channel: string,
  channelData?: string,
): string {
  const text = channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return `${app.key}:${hmac(app.secret, text)}`;
}

/** A whole signed POST, as bytes for a keep-alive connection. Servers accept it for 600 s. */
export function signedPost(app: AppCredentials, endpoint: string, body: string): Buffer {
  const path = `/apps/${app.id}/${endpoint}`;
  const query = [
    `auth_key=${app.key}`,
    `auth_timestamp=${Math.floor(Date.now() / 1000)}`,
    'auth_version=1.0',
    `body_md5=${createHash('md5').update(body).digest('hex')}`,
  ].join('&');
  const signature = hmac(app.secret, `POST\n${path}\n${query}`);
  return Buffer.from(
    `POST ${path}?${query}&auth_signature=${signature} HTTP/1.1\r\n` +
      'Host: 127.0.0.1\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** A trigger of one event, in the form the official Node library sends. */
export function triggerRequest(app: AppCredentials, event: string, channel: string, data: string): Buffer {
  return signedPost(app, 'events', JSON.stringify({ name: event, data, channels: [channel] }));
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
