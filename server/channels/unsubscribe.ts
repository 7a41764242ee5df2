/** `pusher:unsubscribe`. PROTOCOL.md, "Subscribing". */
import type { Unsubscribe } from '../../protocol/index.ts';
import type { Logger } from '../lib/logger.ts';
import type { Connection } from './connection.ts';
import { type LeavePorts, leaveChannel } from './leave.ts';

export interface UnsubscribePorts extends LeavePorts {
  readonly logger: Logger;
}

export class UnsubscribeCommand {
  readonly #ports: UnsubscribePorts;

  constructor(ports: UnsubscribePorts) {
    this.#ports = ports;
  }

  run(connection: Connection, { channel: name }: Unsubscribe): void {
    const subscription = connection.subscription(name);
    if (subscription === undefined || !subscription.active) {
      connection.sendError(`No current subscription to channel ${name}, or subscription in progress`);
      return;
    }
    connection.socket.unsubscribe(subscription.channel.topic);
    const left = leaveChannel(this.#ports, connection, subscription);
    if (left instanceof Promise) {
      left.catch((error) =>
        this.#ports.logger.error({ err: error, channel: name }, 'unsubscribe not recorded'),
      );
    }
  }
}
