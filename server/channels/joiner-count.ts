/**
 * What a new subscriber is told of how many there are. Its own arrival is announced to all others, in the channel's order.
 * Over a network that announcement and the answer to the subscriber's node take different roads, so the answer may be old
 * when it comes, or early: then announcements that were made before are still to come. So the subscriber is told what passed
 * last, if the announcement of its own arrival has passed; if not, it hears that announcement like all others. Where there are
 * too many subscribers for one announcement each, it is told what passed while it waited, if anything did.
 */
import { isSubscriptionCount, subscriptionCount } from '../../protocol/index.ts';
import type { Publication } from '../broker/broker.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { Counted } from '../presence/presence-store.ts';
import type { Channel, Subscription } from './channel.ts';
import type { Connection } from './connection.ts';

/** Whether an answer will come late, so that counts may pass meanwhile: to be ended with `noLongerCounting`. */
export function isCounting(channel: Channel, counted: Eventual<Counted>): boolean {
  if (!(counted instanceof Promise)) return false;
  channel.countsAwaited += 1;
  return true;
}

export function noLongerCounting(channel: Channel): void {
  channel.countsAwaited -= 1;
  if (channel.countsAwaited === 0) channel.countPassed = undefined;
}

/** Something is on its way to the subscribers of a channel to which others are about to be added. */
export function noteCount(
  channel: Channel,
  publication: Publication,
  subscription: Subscription | undefined,
): void {
  const frame = publication.frame();
  const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
  if (!isSubscriptionCount(text)) return;
  channel.countPassed = text;
  // One that is owed it is active, and hears it while others wait.
  if (subscription?.channel === channel && subscription.count !== 'owed') subscription.count = 'passed';
}

/** Tells the subscriber, now or when the announcement of its arrival comes by. In the turn in which it joins the fan-out. */
export function tellJoiner(
  connection: Connection,
  subscription: Subscription,
  { subscriptions, told }: Counted,
  isLate: boolean,
): void {
  const { channel } = subscription;
  if (!told) {
    // Of many, some change is told now and then, to those who are there.
    if (isLate && channel.countPassed !== undefined) connection.send(channel.countPassed);
    return;
  }
  // Alone, nobody else is told of it.
  if (!isLate || subscription.count === 'passed' || subscriptions === 1) {
    connection.send(
      (isLate ? channel.countPassed : undefined) ?? subscriptionCount(channel.name, subscriptions),
    );
  } else subscription.count = 'owed';
}

/** Whether a publication is the announcement of an arrival that the one who arrived waits for. */
export function isOwed(subscription: Subscription, publication: Publication): boolean {
  if (subscription.count !== 'owed') return false;
  const frame = publication.frame();
  if (!isSubscriptionCount(typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8')))
    return false;
  subscription.count = undefined;
  return true;
}
