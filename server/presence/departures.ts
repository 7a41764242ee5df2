/**
 * When users' last connections were closed; one that broke off says nothing of when its user was gone. Presence says who
 * is here; a notification that waited for a user also wants to know who was here meanwhile.
 */
import { andThen, type Eventual } from '../lib/eventual.ts';
import type { PresenceStore } from './presence-store.ts';

/** Milliseconds for which a departure is remembered: longer than any notification waits. */
export const REMEMBERED_MS = 25 * 3600 * 1000;

export interface Departures {
  /**
   * A user's last connection on this node was closed, and presence has not been told yet. Never fails: what can't be noted
   * is forgotten, and the user gets a notification for which there was no need.
   */
  left(appId: string, userId: string): void;
  /**
   * Those of the users who left a node after `since`, in the order given.
   * @param since milliseconds since the epoch, by a node's clock
   */
  leftSince(appId: string, userIds: readonly string[], since: number): Eventual<string[]>;
}

export interface ConnectedPorts {
  readonly presence: Pick<PresenceStore, 'online'>;
  readonly departures: Departures;
}

/** Those of the users who are signed in anywhere in the cluster, or were at any time after `since`. */
export function connectedSince(
  { presence, departures }: ConnectedPorts,
  appId: string,
  userIds: readonly string[],
  since: number,
): Eventual<string[]> {
  // In this order, so that who leaves between the two questions is found by the second.
  return andThen(presence.online(appId, userIds), (online) => {
    const here = new Set(online);
    const others = userIds.filter((userId) => !here.has(userId));
    if (others.length === 0) return online;
    return andThen(departures.leftSince(appId, others, since), (left) => [...online, ...left]);
  });
}
