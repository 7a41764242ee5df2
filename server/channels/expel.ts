/** Taking a connection out of a channel against its will, and telling it so. PROTOCOL.md, "Subscribing". */
import { subscriptionError } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Subscription } from './channel.ts';
import type { Connection } from './connection.ts';
import { type LeavePorts, leaveChannel } from './leave.ts';
import type { Refusal } from './refusal.ts';

/** The subscription is active. Nothing of the channel reaches the connection after the error frame. */
export function expel(
  ports: LeavePorts,
  connection: Connection,
  subscription: Subscription,
  { type, status, message }: Refusal,
): Eventual<void> {
  const { channel } = subscription;
  connection.socket.unsubscribe(channel.topic);
  connection.send(subscriptionError(channel.name, type, message, status));
  return leaveChannel(ports, connection, subscription);
}
