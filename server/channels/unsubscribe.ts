/** `pusher:unsubscribe`. PROTOCOL.md, "Subscribing". */
import type { Unsubscribe } from '../../protocol/index.ts';
import type { Logger } from '../lib/logger.ts';
import type { Subscription } from './channel.ts';
import type { Connection } from './connection.ts';
import { type LeavePorts, leaveChannel } from './leave.ts';

export interface UnsubscribePorts extends LeavePorts {
  readonly logger: Logger;
  /** Subscriptions still under way that are to end as soon as they have succeeded. */
  readonly withdrawn: WeakSet<Subscription>;
}

export class UnsubscribeCommand {
  readonly #ports: UnsubscribePorts;

  constructor(ports: UnsubscribePorts) {
    this.#ports = ports;
  }

  run(connection: Connection, { channel: name }: Unsubscribe): void {
    const { withdrawn } = this.#ports;
    const subscription = connection.subscription(name);
    if (subscription === undefined || withdrawn.has(subscription)) {
      connection.sendError(`No current subscription to channel ${name}, or subscription in progress`);
    } else if (subscription.active) endSubscription(this.#ports, connection, subscription);
    else withdrawn.add(subscription);
  }
}

/**
 * Ends a subscription that has succeeded. Nothing answers that, but a later pong comes after what it changes: whoever
 * asks about the channel then, at whatever node, finds it left. A store that failed makes up for it by itself.
 */
export function endSubscription(
  ports: UnsubscribePorts,
  connection: Connection,
  subscription: Subscription,
): void {
  const { name, topic } = subscription.channel;
  connection.socket.unsubscribe(topic);
  const left = leaveChannel(ports, connection, subscription);
  if (left instanceof Promise) {
    connection.answering(
      left.catch((error) => ports.logger.error({ err: error, channel: name }, 'unsubscribe not recorded')),
    );
  }
}
