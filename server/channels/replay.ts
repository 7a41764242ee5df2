/**
 * What a new subscriber of a cache channel is told first. While the cache is asked, events go by that the subscriber
 * doesn't hear yet: the latest of them is newer than, or the same as, what the cache answers, and takes its place. An answer
 * that is ahead of what goes by waits for it, or the subscriber would hear the same event once more.
 */
import { eventFrame, quote } from '../../protocol/index.ts';
import type { Broker, Publication } from '../broker/broker.ts';
import type { ChannelCache } from '../cache/channel-cache.ts';
import { andThen, type Eventual, onFailure } from '../lib/eventual.ts';
import type { Channel } from './channel.ts';

export interface ReplayPorts {
  readonly cache: Pick<ChannelCache, 'get'>;
  readonly broker: Pick<Broker, 'caughtUp'>;
}

/** The channel's last event as a frame, or undefined if there is none. The answer holds for the turn it comes in. */
export function lastEvent(
  { cache, broker }: ReplayPorts,
  appId: string,
  channel: Channel,
): Eventual<string | undefined> {
  const asked = cache.get(appId, channel.name);
  if (!(asked instanceof Promise)) return asked && frameOf(channel, asked);
  channel.replaysAwaited += 1;
  return andThen(
    onFailure(asked, () => noLongerAwaited(channel)),
    (cached) => {
      const isAhead = cached !== undefined && channel.passed === undefined;
      return andThen(isAhead ? broker.caughtUp(appId, [channel.name]) : undefined, () => {
        const passed = channel.passed;
        noLongerAwaited(channel);
        return passed ?? (cached && frameOf(channel, cached));
      });
    },
  );
}

/** Something is on its way to the subscribers of a channel for which replays are awaited. */
export function notePassing(channel: Channel, publication: Publication): void {
  const frame = publication.frame();
  const text = typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
  if (isCached(text, publication)) channel.passed = text;
}

/**
 * Only what the HTTP API published is cached: neither the protocol's own events nor those of clients, which have a sender.
 */
function isCached(frame: string, { exceptSocketId }: Publication): boolean {
  const [, kind] = /^\{"event":"(pusher:|pusher_internal:|client-)/.exec(frame) ?? [];
  return kind === undefined || (kind === 'client-' && exceptSocketId === undefined);
}

function frameOf({ name }: Channel, { event, data }: { event: string; data: string }): string {
  return eventFrame(event, name, quote(data));
}

function noLongerAwaited(channel: Channel): void {
  channel.replaysAwaited -= 1;
  if (channel.replaysAwaited === 0) channel.passed = undefined;
}
