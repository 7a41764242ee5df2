/** A connection's end: what it held is let go, in the order others hear of it. */
import { canSend } from '../apps/push-settings.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { Departures } from '../presence/departures.ts';
import type { Connection } from './connection.ts';
import { type LeavePorts, leaveChannel } from './leave.ts';
import { unwatch } from './watchlist.ts';

export interface DisconnectPorts extends LeavePorts {
  readonly departures: Departures;
  readonly logger: Logger;
}

/** The code of a connection that ended without a close frame. */
const BROKEN_OFF = 1006;

/**
 * Lets go of everything. The socket is gone; subscriptions still under way undo themselves when they find that out.
 * @param code of the close
 */
export function disconnect(ports: DisconnectPorts, connection: Connection, code: number): void {
  const { hub, user, watching } = connection;
  for (const subscription of connection.subscriptions()) {
    if (subscription.active) step(ports, connection, () => leaveChannel(ports, connection, subscription));
  }
  if (watching !== undefined) {
    connection.watching = undefined;
    step(ports, connection, () => unwatch(ports, connection, watching));
  }
  if (user !== undefined && hub.removeUser(user.id, connection)) {
    // Before presence is told, so that nobody finds the user in neither. Whose connection broke off may long have been gone.
    if (code !== BROKEN_OFF && canSend(hub.app.push))
      step(ports, connection, () => ports.departures.left(hub.app.id, user.id));
    step(ports, connection, () => ports.presence.signedOut(hub.app.id, user.id));
  }
}

/** Each step by itself: one that fails must not keep the others from being taken. */
function step(ports: DisconnectPorts, { id }: Connection, take: () => Eventual<void>): void {
  const failed = (err: unknown): void => ports.logger.error({ err, socketId: id }, 'disconnect not recorded');
  try {
    const done = take();
    if (done instanceof Promise) done.catch(failed);
  } catch (err) {
    failed(err);
  }
}
