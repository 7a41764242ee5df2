/** The count that a new subscriber is told, while others come and go and the store's answer is on its way. */
import { describe, expect, it } from 'vitest';
import { channelType, subscriptionCount } from '../../../../protocol/index.ts';
import { FramePublication } from '../../../../server/broker/publications.ts';
import { Channel } from '../../../../server/channels/channel.ts';
import {
  awaitCount,
  latestCount,
  noLongerAwaited,
  noteCount,
  ownCount,
} from '../../../../server/channels/passing-counts.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { slowNode } from '../../../support/slow-node.ts';

const COUNT = 'pusher_internal:subscription_count';

describe('a new subscriber is told', () => {
  it.each([1, 2])('the latest count, not the one that it was answered, as number %i', async (number) => {
    const node = slowNode();
    if (number === 2) {
      node.connect().subscribe('news');
      await node.gate.open();
    }
    const [slow, quick] = [node.connect(), node.connect()];
    node.gate.late = true;
    slow.subscribe('news');
    // Followed, then counted: that answer is on its way when the next one comes.
    if (number === 1) await node.gate.next();
    quick.subscribe('news');
    await node.gate.open();
    for (const { socket } of [slow, quick]) {
      const told = socket.sent.filter((frame) => frame.includes(COUNT));
      expect(told.at(-1)).toBe(subscriptionCount('news', number + 1));
    }
  });

  function passing(...joiners: Array<[socketId: string | undefined, count: number]>): Channel {
    const channel = new Channel('news', channelType('news'), 'topic');
    awaitCount(channel);
    for (const [joiner, count] of joiners) {
      const frame = subscriptionCount('news', count);
      if (channel.counts !== undefined)
        noteCount(channel.counts, new FramePublication('1', 'news', frame, joiner));
    }
    return channel;
  }

  it('what it was answered, when all that passed is older', () => {
    expect(latestCount(passing(['2.2', 5], [undefined, 4]), '1.1', 5)).toBe(subscriptionCount('news', 5));
    expect(latestCount(passing(['2.2', 4], ['1.1', 5]), '1.1', 5)).toBe(subscriptionCount('news', 5));
    expect(latestCount(passing(), '1.1', 5)).toBe(subscriptionCount('news', 5));
  });

  it('what passed after its own count', () => {
    const channel = passing(['2.2', 4], ['1.1', 5], ['3.3', 6], [undefined, 5], [undefined, 4]);
    expect(latestCount(channel, '1.1', 5)).toBe(subscriptionCount('news', 4));
  });

  it('its count when that has come by, and what is older not at all', async () => {
    const channel = passing(['2.2', 4]);
    const clock = new FakeClock();
    let isIn = false;
    const own = Promise.resolve(ownCount(channel, '1.1', { subscriptions: 5, told: true }, clock));
    own.then(() => {
      isIn = true;
    });
    await new Promise(setImmediate);
    expect(isIn).toBe(false);
    if (channel.counts !== undefined)
      noteCount(channel.counts, new FramePublication('1', 'news', subscriptionCount('news', 5), '1.1'));
    await own;
    expect(latestCount(channel, '1.1', 5)).toBe(subscriptionCount('news', 5));
  });

  it('what it was answered after a second, when its count got lost on the way', async () => {
    const channel = passing(['2.2', 4]);
    const clock = new FakeClock();
    const own = ownCount(channel, '1.1', { subscriptions: 5, told: true }, clock);
    expect(own).toBeInstanceOf(Promise);
    clock.advance(1000);
    await own;
    expect(latestCount(channel, '1.1', 5)).toBe(subscriptionCount('news', 5));
    expect(channel.counts?.missing?.size).toBe(0);
  });

  it('at once, when nobody else was told', () => {
    const clock = new FakeClock();
    expect(ownCount(passing(), '1.1', { subscriptions: 1, told: true }, clock)).toBeUndefined();
    expect(ownCount(passing(), '1.1', { subscriptions: 500, told: false }, clock)).toBeUndefined();
    expect(ownCount(passing(['1.1', 5]), '1.1', { subscriptions: 5, told: true }, clock)).toBeUndefined();
  });

  it('nothing of other events that passed', () => {
    const channel = passing();
    if (channel.counts !== undefined)
      noteCount(channel.counts, new FramePublication('1', 'news', '{"event":"e","channel":"news"}'));
    expect(latestCount(channel, '1.1', 1)).toBe(subscriptionCount('news', 1));
  });

  it('the same of frames that come as bytes', () => {
    const channel = passing(['1.1', 5]);
    const frame = Buffer.from(subscriptionCount('news', 6));
    const bytes = { appId: '1', topic: 'news', exceptSocketId: '2.2', frame: () => frame };
    const event = { ...bytes, frame: () => Buffer.from('{"event":"e"}') };
    for (const publication of [bytes, event]) {
      if (channel.counts !== undefined) noteCount(channel.counts, publication);
    }
    expect(latestCount(channel, '1.1', 5)).toBe(subscriptionCount('news', 6));
  });

  it('what is remembered of very many', () => {
    const channel = passing(
      ['1.1', 5],
      ...Array.from({ length: 299 }, (_, n): [string, number] => ['2.2', n]),
    );
    expect(latestCount(channel, '1.1', 5)).toBe(subscriptionCount('news', 298));
    expect(channel.counts?.passed).toHaveLength(300);
    expect(
      passing(...Array.from({ length: 400 }, (): [string, number] => ['2.2', 5])).counts?.passed,
    ).toHaveLength(300);
  });

  it('nothing that passed while nobody waited', () => {
    const channel = passing(['2.2', 4]);
    awaitCount(channel);
    noLongerAwaited(channel);
    expect(channel.counts?.passed).toHaveLength(1);
    noLongerAwaited(channel);
    expect(channel.counts).toBeUndefined();
  });
});
