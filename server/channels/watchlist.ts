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

/** Reads of the same snapshot at most, when there is no end of changes. */
const MAX_READS = 5;

/** Watches these users in place of those watched before, and tells how all of them stand. */
export function watch(
  ports: WatchlistPorts,
  connection: Connection,
  userIds: readonly string[],
): Eventual<void> {
  const before = connection.watching;
  const held = userIds.map((userId) => holdChannel(ports.broker, connection.hub, watchTopic(userId)));
  connection.watching = new Set(held);
  for (const channel of held) channel.subscriptions += 1;
  if (before !== undefined) unwatch(ports, connection, before);
  return andThen(all(held.map(({ following }) => following)), () =>
    tellStanding(ports, connection, userIds, held, MAX_READS),
  );
}

/**
 * Tells how the users stand and joins the fan-out, in one run. A change that passed while the store was read may be
 * older or newer than what was read, so then it is read again; one that was read and is still on its way is waited for.
 */
function tellStanding(
  ports: WatchlistPorts,
  connection: Connection,
  userIds: readonly string[],
  channels: readonly Channel[],
  reads: number,
): Eventual<void> {
  const { broker, presence } = ports;
  const { id: appId } = connection.hub.app;
  const seen = seenOn(channels);
  const topics = channels.map(({ name }) => name);
  return andThen(presence.online(appId, userIds), (online) =>
    andThen(broker.caughtUp(appId, topics), () => {
      if (!connection.open) return;
      if (reads > 1 && seenOn(channels) !== seen) {
        return tellStanding(ports, connection, userIds, channels, reads - 1);
      }
      for (const channel of channels) connection.socket.subscribe(channel.topic);
      const isOnline = new Set(online);
      const offline = userIds.filter((userId) => !isOnline.has(userId));
      const frame = watchlistEvents(online, offline);
      if (frame !== undefined) connection.send(frame);
    }),
  );
}

const seenOn = (channels: readonly Channel[]): number => channels.reduce((sum, { seen }) => sum + seen, 0);

/** Stops watching; a socket that is gone needs no unsubscribing. */
export function unwatch(ports: WatchlistPorts, connection: Connection, channels: ReadonlySet<Channel>): void {
  for (const channel of channels) {
    channel.subscriptions -= 1;
    if (connection.open && connection.watching?.has(channel) !== true)
      connection.socket.unsubscribe(channel.topic);
    releaseChannel(ports.broker, connection.hub, channel);
  }
}
