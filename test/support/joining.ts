/** The signed things a client does, in one call each: private and presence subscriptions, sign-in. */
import { channelAuth, type Signer, userAuth } from './auth.ts';
import type { Frame, RawClient } from './raw-client.ts';

/** Subscribes to a private, encrypted or private cache channel. */
export function joinPrivate(client: RawClient, app: Signer, channel: string): Promise<Frame> {
  return client.subscribe(channel, { auth: channelAuth(app, client.socketId, channel) });
}

/** Subscribes to a presence channel; `member` becomes the JSON of `channel_data`, a string is sent as it is. */
export function joinPresence(
  client: RawClient,
  app: Signer,
  channel: string,
  member: string | object,
): Promise<Frame> {
  const channelData = typeof member === 'string' ? member : JSON.stringify(member);
  const auth = channelAuth(app, client.socketId, channel, channelData);
  return client.subscribe(channel, { auth, channel_data: channelData });
}

/** Signs in and waits for the success frame. */
export function signIn(client: RawClient, app: Signer, user: string | object): Promise<Frame> {
  sendSignIn(client, app, user);
  return client.next('pusher:signin_success');
}

/** Sends a correctly signed sign-in without waiting for the answer. */
export function sendSignIn(client: RawClient, app: Signer, user: string | object): void {
  const userData = typeof user === 'string' ? user : JSON.stringify(user);
  const auth = userAuth(app, client.socketId, userData);
  client.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
}
