/** Who follows whose going online and offline. PROTOCOL.md, "Users". */
import { watchlistEvents } from '../../protocol/index.ts';
import type { Broker } from '../broker/broker.ts';
import { watchTopic } from '../broker/topics.ts';
import { all, andThen, type Eventual } from '../lib/eventual.ts';
import type { PresenceStore } from '../presence/presence-store.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import { holdChannel, releaseChannel } from './follow.ts';

export interface WatchlistPorts {
  readonly broker: Broker;
  readonly presence: PresenceStore;
}

/** Watches these users in place of those watched before, and tells how all of them stand. */
export function watch(
  ports: WatchlistPorts,
  connection: Connection,
  userIds: readonly string[],
): Eventual<void> {
  const { hub } = connection;
  const before = connection.watching;
  const held = userIds.map((userId) => holdChannel(ports.broker, hub, watchTopic(userId)));
  connection.watching = new Set(held);
  for (const channel of held) {
    channel.subscriptions += 1;
    connection.socket.subscribe(channel.topic);
  }
  if (before !== undefined) unwatch(ports, connection, before);
  return andThen(all(held.map(({ following }) => following)), () =>
    andThen(ports.presence.online(hub.app.id, userIds), (online) => {
      const isOnline = new Set(online);
      const frame = watchlistEvents(
        online,
        userIds.filter((userId) => !isOnline.has(userId)),
      );
      if (frame !== undefined) connection.send(frame);
    }),
  );
}

/** Stops watching; a socket that is gone needs no unsubscribing. */
export function unwatch(ports: WatchlistPorts, connection: Connection, channels: ReadonlySet<Channel>): void {
  for (const channel of channels) {
    channel.subscriptions -= 1;
    if (connection.open && connection.watching?.has(channel) !== true)
      connection.socket.unsubscribe(channel.topic);
    releaseChannel(ports.broker, connection.hub, channel);
  }
}
