/** `pusher:subscribe`. PROTOCOL.md, "Subscribing". */
import {
  Codes,
  cacheMiss,
  channelStringToSign,
  channelType,
  exceedsBytes,
  isChannelName,
  type Subscribe,
  subscriptionCount,
  subscriptionError,
  subscriptionSucceeded,
  userOfChannel,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { ChannelCache } from '../cache/channel-cache.ts';
import { andThen, type Eventual, onFailure } from '../lib/eventual.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { Counted, JoinResult, Member } from '../presence/presence-store.ts';
import type { Roster } from '../presence/roster.ts';
import { authProblem } from './authorize.ts';
import type { CacheMisses } from './cache-misses.ts';
import { type Channel, Subscription } from './channel.ts';
import type { Connection } from './connection.ts';
import { holdChannel, releaseChannel } from './follow.ts';
import { countSubscriptions, leaveChannel } from './leave.ts';
import { parseMember } from './member.ts';
import { authError, invalidRequest, isRefusal, limitReached, type Refusal } from './refusal.ts';
import { lastEvent } from './replay.ts';
import { endSubscription, type UnsubscribePorts } from './unsubscribe.ts';

export interface SubscribePorts extends UnsubscribePorts {
  readonly registry: AppRegistry;
  readonly cache: ChannelCache;
  readonly misses: CacheMisses;
  /** Called when a connection joins an authorized channel. */
  readonly authorized: (connection: Connection) => void;
  /** Whether a right signature may still be used, where it was given for a time; else the sentence for the client. */
  readonly grantProblem: (connection: Connection, channel: string) => Eventual<string | undefined>;
}

/** What a request asks for, once it is found in order. */
interface Permission {
  /** Who joins, on presence channels. */
  readonly member: Member | undefined;
}

const PERMITTED: Permission = { member: undefined };

const NOT_JOINED: JoinResult = { joined: false };

export class SubscribeCommand {
  readonly #ports: SubscribePorts;

  constructor(ports: SubscribePorts) {
    this.#ports = ports;
  }

  run(connection: Connection, message: Subscribe): void {
    const name = message.channel;
    const held = connection.subscription(name);
    if (held !== undefined) {
      // Left and wanted again, all before the first answer: what is under way goes on.
      if (this.#ports.withdrawn.delete(held)) return;
      connection.sendError(`Existing subscription to channel ${name}`);
      return;
    }
    const checked = this.#check(connection, message);
    if (isRefusal(checked)) {
      this.#refuse(connection, name, checked);
      return;
    }
    const subscription = this.#hold(connection, name, checked.member);
    try {
      const done = this.#join(connection, subscription, checked.member);
      if (done instanceof Promise) done.catch((error) => this.#unavailable(connection, subscription, error));
    } catch (error) {
      this.#unavailable(connection, subscription, error);
    }
  }

  /**
   * Our fault, not the client's: closing makes it come back and subscribe again, where a subscription error would
   * leave official clients waiting for ever.
   */
  #unavailable(connection: Connection, subscription: Subscription, error: unknown): void {
    const { logger } = this.#ports;
    const channel = subscription.channel.name;
    const level = error instanceof Unavailable ? 'warn' : 'error';
    logger[level]({ err: error, channel, socketId: connection.id }, 'subscribe failed');
    if (subscription.state === 'joining') this.#letGo(connection, subscription);
    else if (subscription.state === 'counted') {
      const left = leaveChannel(this.#ports, connection, subscription);
      if (left instanceof Promise)
        left.catch((again) => logger.error({ err: again, channel }, 'leave not recorded'));
    }
    connection.close(Codes.unavailable);
  }

  #check(connection: Connection, message: Subscribe): Permission | Refusal {
    const { app } = connection.hub;
    const { limits } = app;
    const name = message.channel;
    if (!isChannelName(name)) {
      return invalidRequest(
        `Invalid channel name '${name.slice(0, 200)}': allowed are letters, digits and _ - = @ , . ;`,
      );
    }
    const type = channelType(name);
    if (type.kind === 'user') {
      return connection.user?.id === userOfChannel(name)
        ? PERMITTED
        : authError('Only the signed-in user may subscribe to a #server-to-user- channel', 403);
    }
    if (name.length > limits.channelNameLength) {
      return limitReached(
        `Channel name exceeds the allowed maximum (${limits.channelNameLength} characters)`,
        413,
      );
    }
    if (connection.subscriptionCount >= limits.channelsPerConnection) {
      return limitReached(`Too many channels: a connection may hold ${limits.channelsPerConnection}`, 403);
    }
    if (!type.authorized) return PERMITTED;

    const { channelData } = message;
    if (channelData !== undefined && channelData !== null && typeof channelData !== 'string') {
      return invalidRequest('channel_data must be a string of JSON');
    }
    const signed = channelStringToSign(connection.id, name, channelData ?? undefined);
    const problem = authProblem(this.#ports.registry, app, message.auth, signed);
    if (problem !== undefined) return authError(problem);
    if (type.kind !== 'presence') return PERMITTED;

    if (typeof channelData === 'string') {
      const member = parseMember(channelData, limits);
      return isRefusal(member) ? member : { member };
    }
    if (connection.user === undefined) {
      return invalidRequest(
        'presence subscriptions must include channel_data, or the user must be signed in',
      );
    }
    const { id: userId, userInfo } = connection.user;
    if (userInfo !== undefined && exceedsBytes(userInfo, limits.presenceUserBytes)) {
      return limitReached(`user_info exceeds the allowed maximum (${limits.presenceUserBytes} bytes)`, 413);
    }
    return { member: { userId, userInfo } };
  }

  /**
   * From what was asked to what is answered. Nobody is let in before broker and stores have said what they must; a
   * node that is alone waits for none of them, and makes nothing for the waiting.
   */
  #join(connection: Connection, subscription: Subscription, member: Member | undefined): Eventual<void> {
    const { channel } = subscription;
    const problem = channel.type.authorized ? this.#ports.grantProblem(connection, channel.name) : undefined;
    if (problem === undefined && channel.following === undefined)
      return this.#enter(connection, subscription, member);
    return andThen(problem, (found) => {
      if (found === undefined)
        return andThen(channel.following, () => this.#enter(connection, subscription, member));
      this.#letGo(connection, subscription);
      this.#refuse(connection, channel.name, authError(found));
    });
  }

  #enter(connection: Connection, subscription: Subscription, member: Member | undefined): Eventual<void> {
    if (member === undefined) return this.#count(connection, subscription, undefined);
    const { channel } = subscription;
    return andThen(this.#joinAsMember(connection, channel, member), (roster) => {
      if (roster !== 'full') return this.#count(connection, subscription, roster);
      this.#letGo(connection, subscription);
      this.#refuse(connection, channel.name, limitReached('Presence channel is full', 403));
    });
  }

  #count(connection: Connection, subscription: Subscription, roster: Roster | undefined): Eventual<void> {
    const { presence, cache } = this.#ports;
    const { app } = connection.hub;
    const { channel } = subscription;
    channel.subscriptions += 1;
    subscription.state = 'counted';
    const counted = countSubscriptions(presence, app.id, channel, connection.id);
    if (!(counted instanceof Promise) && !channel.type.cache && connection.open)
      return this.#succeed(connection, subscription, roster, undefined, counted);
    return andThen(counted, (known) =>
      andThen(channel.type.cache ? lastEvent(cache, app.id, channel) : undefined, (cached) => {
        // Gone while the stores answered: leave as if it had been there, so that all they did is undone.
        if (!connection.open) return leaveChannel(this.#ports, connection, subscription);
        this.#succeed(connection, subscription, roster, cached, known);
      }),
    );
  }

  #hold(connection: Connection, name: string, member: Member | undefined): Subscription {
    const channel = holdChannel(this.#ports.broker, connection.hub, name);
    const subscription = new Subscription(channel, member?.userId);
    connection.addSubscription(subscription);
    return subscription;
  }

  #letGo(connection: Connection, subscription: Subscription): void {
    connection.deleteSubscription(subscription);
    releaseChannel(this.#ports.broker, connection.hub, subscription.channel);
  }

  /** Counts the connection among its user's; the first on this node joins the store, the others wait for it. */
  #joinAsMember(connection: Connection, channel: Channel, member: Member): Eventual<Roster | 'full'> {
    const { presence } = this.#ports;
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

  /** Joins the fan-out and answers, in one run: nothing published from here on is missed or comes first. */
  #succeed(
    connection: Connection,
    subscription: Subscription,
    roster: Roster | undefined,
    cached: string | undefined,
    { subscriptions, told }: Counted,
  ): void {
    const { channel } = subscription;
    const { name, type } = channel;
    subscription.state = 'active';
    connection.socket.subscribe(channel.topic);
    connection.send(subscriptionSucceeded(name, roster?.encode()));
    if (type.cache) {
      connection.send(cached ?? cacheMiss(name));
      if (cached === undefined) this.#ports.misses.missed(connection.hub.app.id, name);
    }
    if (told) connection.send(subscriptionCount(name, subscriptions));
    if (type.authorized) this.#ports.authorized(connection);
    if (this.#ports.withdrawn.delete(subscription)) endSubscription(this.#ports, connection, subscription);
  }

  /** Both frames: the first reaches the channel's error handlers, the second is what older clients know. */
  #refuse(connection: Connection, channel: string, { type, status, message }: Refusal): void {
    const { app } = connection.hub;
    this.#ports.logger.debug(
      { app: app.id, channel, socketId: connection.id, reason: message },
      'subscription refused',
    );
    connection.send(subscriptionError(channel, type, message, status));
    connection.sendError(message);
  }
}
