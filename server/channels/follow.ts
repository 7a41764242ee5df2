/** A node's interest in a channel: taken up with its first holder, given up with its last. */
import type { Broker } from '../broker/broker.ts';
import type { Channel } from './channel.ts';
import type { AppHub } from './hub.ts';

/** Adds a holder to a channel; the first one makes the broker follow it. `Channel.following` says when it does. */
export function holdChannel(broker: Broker, hub: AppHub, name: string): Channel {
  const channel = hub.hold(name);
  if (channel.holders > 1) return channel;
  const following = broker.follow(hub.app.id, name);
  if (following instanceof Promise) {
    channel.following = following.then(() => {
      channel.following = undefined;
    });
    // Whoever waits for it hears of a failure; it may be that nobody waits any more.
    channel.following.catch(() => undefined);
  }
  return channel;
}

/** Takes a holder away, and the node's interest with the last one. */
export function releaseChannel(broker: Broker, hub: AppHub, channel: Channel): void {
  if (hub.release(channel)) broker.unfollow(hub.app.id, channel.name);
}
