/** A connection's joining a presence channel as a member. */
import { andThen, type Eventual, onFailure } from '../lib/eventual.ts';
import type { JoinResult, Member, PresenceStore } from '../presence/presence-store.ts';
import type { Roster } from '../presence/roster.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';

const NOT_JOINED: JoinResult = { joined: false };

/** Counts the connection among its user's; the first on this node joins the store, the others wait for it. */
export function joinAsMember(
  presence: PresenceStore,
  connection: Connection,
  channel: Channel,
  member: Member,
): Eventual<Roster | 'full'> {
  const { app } = connection.hub;
  const { userId } = member;
  channel.members ??= new Map();
  const members = channel.members;
  const known = members.get(userId);
  const share = known ?? { connections: 0, joined: NOT_JOINED };
  share.connections += 1;
  if (known === undefined) {
    members.set(userId, share);
    const max = app.limits.presenceMaxMembers;
    share.joined = presence.join(app.id, channel.name, member, connection.id, max);
  }
  const uncount = (): void => {
    share.connections -= 1;
    // Those who come from here on ask anew.
    if (members.get(userId) === share) members.delete(userId);
  };
  return onFailure(
    andThen(share.joined, (result) => {
      if (result.joined) return result.roster;
      uncount();
      return 'full';
    }),
    uncount,
  );
}
