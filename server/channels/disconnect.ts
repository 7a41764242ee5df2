/** A connection's end: what it held is let go, in the order others hear of it. */
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import type { Connection } from './connection.ts';
import { type LeavePorts, leaveChannel } from './leave.ts';
import { unwatch } from './watchlist.ts';

export interface DisconnectPorts extends LeavePorts {
  readonly logger: Logger;
}

/** Lets go of everything. The socket is gone; subscriptions still under way undo themselves when they find that out. */
export function disconnect(ports: DisconnectPorts, connection: Connection): void {
  const settle = (done: Eventual<void>): void => {
    if (done instanceof Promise) {
      done.catch((error) =>
        ports.logger.error({ error, socketId: connection.id }, 'disconnect not recorded'),
      );
    }
  };
  for (const subscription of connection.subscriptions()) {
    if (subscription.active) settle(leaveChannel(ports, connection, subscription));
  }
  const { hub, user, watching } = connection;
  if (watching !== undefined) {
    connection.watching = undefined;
    unwatch(ports, connection, watching);
  }
  if (user !== undefined && hub.removeUser(user.id, connection))
    settle(ports.presence.signedOut(hub.app.id, user.id));
}
