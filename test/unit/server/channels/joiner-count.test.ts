/** What a new subscriber is told of how many there are, when answers and announcements take different roads. */
import { beforeEach, describe, expect, it } from 'vitest';
import { subscriptionCount } from '../../../../protocol/index.ts';
import { FramePublication } from '../../../../server/broker/publications.ts';
import { type Client, type SlowNode, slowNode } from '../../../support/slow-node.ts';

let node: SlowNode;
let client: Client;
/** The store's answer to the subscriber's arrival. */
let answer: (subscriptions: number, told?: boolean) => Promise<void>;

beforeEach(async () => {
  node = slowNode();
  client = node.connect();
  node.presence.subscribed = () =>
    new Promise((resolve) => {
      answer = async (subscriptions, told = true) => {
        resolve({ subscriptions, told });
        await new Promise(setImmediate);
      };
    });
  client.subscribe('news');
  await node.gate.open();
});

/** An announcement comes by; `joiner` is not among those who hear of its own arrival. */
const announce = (count: number, joiner?: string): void =>
  void node.broker.publishLocally(
    new FramePublication('1', 'news', subscriptionCount('news', count), joiner),
  );

const counts = (): number[] =>
  client.socket.sent
    .filter((frame) => frame.includes('subscription_count'))
    .map((frame) => JSON.parse(JSON.parse(frame).data).subscription_count as number);

describe('a new subscriber is told of how many there are', () => {
  it('once, when its arrival was announced before the answer came', async () => {
    announce(2, client.connection.id);
    await answer(2);
    expect(counts()).toEqual([2]);
    announce(3);
    expect(counts()).toEqual([2, 3]);
  });

  it('not at all, where each arrival is not announced and nothing was told while it waited', async () => {
    await answer(500, false);
    expect(counts()).toEqual([]);
    announce(501);
    expect(counts()).toEqual([501]);
  });

  it('what was told last while it waited, where each arrival is not announced', async () => {
    announce(500);
    announce(510);
    await answer(511, false);
    expect(counts()).toEqual([510]);
  });

  it('not what the answer says, when more came before it arrived', async () => {
    announce(2, client.connection.id);
    announce(3, 'another');
    await answer(2);
    expect(counts()).toEqual([3]);
  });

  it('when the announcement of its arrival comes at last, though another is arriving by then', async () => {
    await answer(2);
    node.connect().subscribe('news');
    await node.gate.open();
    announce(2, client.connection.id);
    expect(counts()).toEqual([2]);
    announce(3, 'another');
    expect(counts()).toEqual([2, 3]);
  });

  it('last of its own arrival, when earlier announcements come after the answer', async () => {
    await answer(3);
    announce(2);
    announce(3, client.connection.id);
    expect(counts()).toEqual([2, 3]);
    announce(4, 'another');
    expect(counts()).toEqual([2, 3, 4]);
  });

  it('at once, when it is alone and nothing is announced', async () => {
    await answer(1);
    expect(counts()).toEqual([1]);
  });

  it('and is still left out of what is published in its name', async () => {
    await answer(3);
    node.broker.publishLocally(
      new FramePublication('1', 'news', '{"event":"e","channel":"news","data":"x"}', client.connection.id),
    );
    expect(client.socket.events()).not.toContain('e');
    announce(3, client.connection.id);
    expect(counts()).toEqual([3]);
  });
});
