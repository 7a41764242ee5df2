/** `pusher:subscribe`. PROTOCOL.md, "Subscribing". */
import {
  Codes,
  cacheMiss,
  errorFrame,
  type Subscribe,
  subscriptionError,
  subscriptionSucceeded,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { ChannelCache } from '../cache/channel-cache.ts';
import type { Clock } from '../lib/clock.ts';
import { andThen, type Eventual } from '../lib/eventual.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { Counted, Member } from '../presence/presence-store.ts';
import type { Roster } from '../presence/roster.ts';
import type { CacheMisses } from './cache-misses.ts';
import { Subscription } from './channel.ts';
import type { Connection } from './connection.ts';
import { holdChannel, releaseChannel } from './follow.ts';
import { joinAsMember } from './join.ts';
import { isCounting, noLongerCounting, tellJoiner } from './joiner-count.ts';
import { countSubscriptions, leaveChannel } from './leave.ts';
import { permissionFor } from './permission.ts';
import { authError, isRefusal, limitReached, type Refusal } from './refusal.ts';
import { lastEvent } from './replay.ts';
import { endSubscription, type UnsubscribePorts } from './unsubscribe.ts';

export interface SubscribePorts extends UnsubscribePorts {
  readonly registry: AppRegistry;
  readonly cache: ChannelCache;
  readonly misses: CacheMisses;
  readonly clock: Clock;
  /** Called when a connection joins an authorized channel. */
  readonly authorized: (connection: Connection) => void;
  /** Whether a right signature may still be used, where it was given for a time; else the sentence for the client. */
  readonly grantProblem: (connection: Connection, channel: string) => Eventual<string | undefined>;
}

/** What the stores said of a new subscription. */
interface Answers {
  readonly roster: Roster | undefined;
  /** The frame of the last event, on cache channels. */
  readonly cached: string | undefined;
  readonly counted: Counted;
  /** Whether others may have been told counts since that one. */
  readonly isLate: boolean;
}

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
    const checked = permissionFor(this.#ports.registry, connection, message);
    if (isRefusal(checked)) {
      for (const frame of this.#refused(connection, name, checked)) connection.answer(frame);
      return;
    }
    const subscription = this.#hold(connection, name, checked.member);
    try {
      const done = this.#join(connection, subscription, checked.member);
      if (done instanceof Promise)
        connection.answering(done.catch((error) => this.#unavailable(connection, subscription, error)));
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
      this.#turnAway(connection, subscription, authError(found));
    });
  }

  #enter(connection: Connection, subscription: Subscription, member: Member | undefined): Eventual<void> {
    if (member === undefined) return this.#count(connection, subscription, undefined);
    const { channel } = subscription;
    return andThen(joinAsMember(this.#ports.presence, connection, channel, member), (roster) => {
      if (roster !== 'full') return this.#count(connection, subscription, roster);
      this.#turnAway(connection, subscription, limitReached('Presence channel is full', 403));
    });
  }

  #count(connection: Connection, subscription: Subscription, roster: Roster | undefined): Eventual<void> {
    const { presence, cache, broker } = this.#ports;
    const { app } = connection.hub;
    const { channel } = subscription;
    channel.subscriptions += 1;
    subscription.state = 'counted';
    const counting = countSubscriptions(presence, app.id, channel, connection.id);
    if (!(counting instanceof Promise) && !channel.type.cache && connection.open)
      return this.#succeed(connection, subscription, {
        roster,
        cached: undefined,
        counted: counting,
        isLate: false,
      });
    const isLate = isCounting(channel, counting);
    const succeeded = andThen(counting, (counted) =>
      andThen(channel.type.cache ? lastEvent({ cache, broker }, app.id, channel) : undefined, (cached) => {
        // Gone while the stores answered: leave as if it had been there, so that all they did is undone.
        if (!connection.open) return leaveChannel(this.#ports, connection, subscription);
        this.#succeed(connection, subscription, { roster, cached, counted, isLate });
      }),
    );
    if (!isLate || !(succeeded instanceof Promise)) return succeeded;
    return succeeded.finally(() => noLongerCounting(channel));
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

  /** Joins the fan-out and answers, in one run: nothing published from here on is missed or comes first. */
  #succeed(
    connection: Connection,
    subscription: Subscription,
    { roster, cached, counted, isLate }: Answers,
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
    tellJoiner(connection, subscription, counted, isLate);
    // Which may close it: the app's quota counts it from here on.
    if (type.authorized) this.#ports.authorized(connection);
    if (this.#ports.withdrawn.delete(subscription) && connection.open)
      endSubscription(this.#ports, connection, subscription);
  }

  /** Refuses what a store had to be asked for. Others may have been held up for this answer, so it waits for none. */
  #turnAway(connection: Connection, subscription: Subscription, refusal: Refusal): void {
    this.#letGo(connection, subscription);
    for (const frame of this.#refused(connection, subscription.channel.name, refusal)) connection.send(frame);
  }

  /** Both frames: the first reaches the channel's error handlers, the second is what older clients know. */
  #refused(connection: Connection, channel: string, { type, status, message }: Refusal): [string, string] {
    const { app } = connection.hub;
    this.#ports.logger.debug(
      { app: app.id, channel, socketId: connection.id, reason: message },
      'subscription refused',
    );
    return [subscriptionError(channel, type, message, status), errorFrame(null, message)];
  }
}
