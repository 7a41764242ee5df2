/** What every Broker promises; run by each implementation. */
import { beforeEach, expect, it } from 'vitest';
import type { Broker, Publication } from '../../server/broker/broker.ts';
import { FramePublication } from '../../server/broker/publications.ts';

export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Done once everything published so far has been delivered. */
  settled(): Promise<void>;
}

export function brokerContract(create: () => Promise<BrokerUnderTest>): void {
  let under: BrokerUnderTest;
  let delivered: Publication[];
  let terminated: Array<[string, string]>;

  beforeEach(async () => {
    under = await create();
    delivered = [];
    terminated = [];
    under.broker.start({
      deliver: (publication) => delivered.push(publication),
      terminate: (appId, userId) => terminated.push([appId, userId]),
    });
  });

  it('what is published on a followed topic is delivered, whole and in order', async () => {
    await under.broker.follow('app', 'a');
    for (let n = 0; n < 50; n += 1)
      await under.broker.publish(new FramePublication('app', 'a', `frame ${n}`, '1.1'));
    await under.settled();
    expect(delivered.map((publication) => publication.frame())).toEqual(
      Array.from({ length: 50 }, (_, n) => `frame ${n}`),
    );
    expect(delivered[0]).toMatchObject({ appId: 'app', topic: 'a', exceptSocketId: '1.1' });
  });

  it('following again changes nothing', async () => {
    await under.broker.follow('app', 'a');
    await under.broker.follow('app', 'a');
    await under.broker.publish(new FramePublication('app', 'a', 'once'));
    await under.settled();
    expect(delivered).toHaveLength(1);
  });

  it('terminating a user reaches the node', async () => {
    await under.broker.terminate('app', '7');
    await under.settled();
    expect(terminated).toEqual([['app', '7']]);
  });
}
