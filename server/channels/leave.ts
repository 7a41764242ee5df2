/** A connection's leaving a channel, the same for an unsubscribe and for a close. */
import type { Broker } from '../broker/broker.ts';
import { all, andThen, type Eventual } from '../lib/eventual.ts';
import type { Counted, PresenceStore } from '../presence/presence-store.ts';
import type { Channel, Subscription } from './channel.ts';
import type { Connection } from './connection.ts';
import { releaseChannel } from './follow.ts';

export interface LeavePorts {
  readonly broker: Broker;
  readonly presence: PresenceStore;
}

/**
 * Takes a counted subscription away, once, and reports what that changes: the member, the count, the node's interest. The
 * caller has taken the socket off the topic, or the socket is gone.
 */
export function leaveChannel(
  ports: LeavePorts,
  connection: Connection,
  subscription: Subscription,
): Eventual<void> {
  // By an unsubscribe and a close that crossed it.
  if (subscription.state === 'left') return;
  const { hub } = connection;
  const { channel } = subscription;
  connection.deleteSubscription(subscription);
  subscription.state = 'left';
  channel.subscriptions -= 1;
  const left = leaveAsMember(ports.presence, connection, subscription);
  const counted = countSubscriptions(ports.presence, hub.app.id, channel);
  releaseChannel(ports.broker, hub, channel);
  if (!(left instanceof Promise) && !(counted instanceof Promise)) return undefined;
  // Both are under way: waiting for one after the other would leave a failure of the second to nobody.
  return andThen(all<unknown>([left, counted]), () => undefined);
}

/** Tells the store how many of this node's connections subscribe. Users' own channels are no channels to anybody else. */
export function countSubscriptions(
  presence: PresenceStore,
  appId: string,
  channel: Channel,
  joiner?: string,
): Eventual<Counted> {
  if (channel.type.kind === 'user') return { subscriptions: channel.subscriptions, told: false };
  return presence.subscribed(appId, channel.name, channel.subscriptions, joiner);
}

/** One connection less of a member; the user's last on this node leaves the store. */
function leaveAsMember(
  presence: PresenceStore,
  connection: Connection,
  { channel, userId }: Subscription,
): Eventual<void> {
  const share = userId === undefined ? undefined : channel.members?.get(userId);
  if (userId === undefined || share === undefined) return;
  share.connections -= 1;
  if (share.connections > 0) return;
  channel.members?.delete(userId);
  return presence.leave(connection.hub.app.id, channel.name, userId);
}
