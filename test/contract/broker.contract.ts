/** What every Broker promises; run by each implementation. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Broker, Publication } from '../../server/broker/broker.ts';
import { FramePublication } from '../../server/broker/publications.ts';
import { frameText } from '../support/publications.ts';

export interface BrokerUnderTest {
  /** A broker each for the nodes of one cluster; only one where there can be no other. */
  readonly brokers: readonly Broker[];
  /** Done once everything published so far has been delivered. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly broker: Broker;
  readonly delivered: Publication[];
  readonly terminated: Array<[string, string]>;
}

/** Everything a frame may hold that a channel of bytes might spoil. */
const AWKWARD = '{"event":"é","data":"\\u2028\\n 😀 +-","channel":"a"}';

export function brokerContract(create: () => Promise<BrokerUnderTest>): void {
  let under: BrokerUnderTest;
  let nodes: Node[];
  let broker: Broker;

  beforeEach(async () => {
    under = await create();
    nodes = [];
    for (const each of under.brokers) {
      const node: Node = { broker: each, delivered: [], terminated: [] };
      nodes.push(node);
      await each.start({
        deliver: (publication) => node.delivered.push(publication),
        terminate: (appId, userId) => node.terminated.push([appId, userId]),
      });
    }
    const [first] = nodes;
    if (first === undefined) throw new Error('there is no broker to test');
    broker = first.broker;
  });
  afterEach(() => under.stop());

  const followAll = async (appId: string, topic: string): Promise<void> => {
    for (const node of nodes) await node.broker.follow(appId, topic);
  };
  const frames = (topic?: string): string[][] =>
    nodes.map(({ delivered }) =>
      delivered.filter((publication) => topic === undefined || publication.topic === topic).map(frameText),
    );
  const onAll = <T>(value: T): T[] => nodes.map(() => value);

  it('what is published on a followed topic is delivered to every node, whole and in order', async () => {
    await followAll('app', 'a');
    const sent = Array.from({ length: 50 }, (_, n) => `frame ${n}`);
    for (const frame of sent) await broker.publish(new FramePublication('app', 'a', frame, '1.1'));
    await under.settled();
    expect(frames()).toEqual(onAll(sent));
    for (const { delivered } of nodes) {
      expect(delivered[0]).toMatchObject({ appId: 'app', topic: 'a', exceptSocketId: '1.1' });
    }
  });

  it('any text arrives as it was, with nobody excepted where nobody was', async () => {
    await followAll('app', '!watch-a\nb');
    for (const frame of [AWKWARD, '', 'x'.repeat(300_000)]) {
      await broker.publish(new FramePublication('app', '!watch-a\nb', frame));
    }
    await under.settled();
    expect(frames()).toEqual(onAll([AWKWARD, '', 'x'.repeat(300_000)]));
    expect(nodes[0]?.delivered.map(({ exceptSocketId }) => exceptSocketId)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('what several nodes publish at once arrives in one order everywhere', async () => {
    await followAll('app', 'a');
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        nodes[n % nodes.length]?.broker.publish(new FramePublication('app', 'a', `${n}`)),
      ),
    );
    await under.settled();
    const [order = []] = frames();
    expect([...order].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 100 }, (_, n) => `${n}`),
    );
    expect(frames()).toEqual(onAll(order));
  });

  it('topics of one name in two apps have nothing to do with each other', async () => {
    await followAll('app', 'a');
    await followAll('app2', 'a');
    await broker.publish(new FramePublication('app2', 'a', 'second'));
    await under.settled();
    for (const { delivered } of nodes) expect(delivered.map(({ appId }) => appId)).toEqual(['app2']);
  });

  it('following again changes nothing', async () => {
    await followAll('app', 'a');
    await followAll('app', 'a');
    await broker.publish(new FramePublication('app', 'a', 'once'));
    await under.settled();
    expect(frames()).toEqual(onAll(['once']));
  });

  it('who comes back right after leaving misses nothing', async () => {
    await followAll('app', 'a');
    broker.unfollow('app', 'a');
    await broker.follow('app', 'a');
    await broker.publish(new FramePublication('app', 'a', 'back'));
    await under.settled();
    expect(frames()).toEqual(onAll(['back']));
  });

  it('what is published locally reaches this node and no other', async () => {
    await followAll('app', 'a');
    broker.publishLocally(new FramePublication('app', 'a', 'here'));
    await under.settled();
    expect(frames()).toEqual(nodes.map((_, n) => (n === 0 ? ['here'] : [])));
  });

  it('terminating a user reaches every node, whatever the user is called', async () => {
    await broker.terminate('app', '7\n"é"');
    await under.settled();
    expect(nodes.map(({ terminated }) => terminated)).toEqual(onAll([['app', '7\n"é"']]));
  });
}
