/** A publication whose answer gets lost is delivered once on its own node, whether it comes back before that or after. */
import { beforeEach, expect, it } from 'vitest';
import type { Publication } from '../../../../server/broker/broker.ts';
import { FramePublication } from '../../../../server/broker/publications.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { Unavailable } from '../../../../server/lib/unavailable.ts';
import { RedisKeys } from '../../../../server/redis/keys.ts';
import { RedisBroker } from '../../../../server/redis/redis-broker.ts';
import type { RedisConnections } from '../../../../server/redis/redis-connections.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { frameText } from '../../../support/publications.ts';
import { inboxOf } from '../../../support/redis-node.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

let broker: RedisBroker;
let delivered: string[];
/** Messages that were published, each with a way to lose its answer. */
let sent: Array<{ readonly message: Buffer; loseAnswer(): void; answer(): void }>;
let come: (message: Buffer) => void;

beforeEach(async () => {
  const clock = new FakeClock();
  const listeners = new Map<string, (message: Buffer) => void>();
  delivered = [];
  sent = [];
  const keys = new RedisKeys('c:');
  const connections = {
    keys,
    ready: true,
    subscriptions: {
      onGap: () => undefined,
      isInterrupted: () => false,
      follows: (channel: string) => listeners.has(channel),
      subscribe: async (channel: string, listener: (message: Buffer) => void) => {
        listeners.set(channel, listener);
      },
    },
    publish: (_channel: string, message: string | Buffer) =>
      new Promise<number>((resolve, reject) => {
        sent.push({
          message: Buffer.from(message),
          loseAnswer: () => reject(new Unavailable('the connection was closed', 'unknown')),
          answer: () => resolve(1),
        });
      }),
  } as unknown as RedisConnections;
  broker = new RedisBroker(connections, {
    inbox: inboxOf(connections),
    clock,
    log: new OccasionalLog(clock, silentLogger),
  });
  await broker.start({
    deliver: (publication: Publication) => delivered.push(frameText(publication)),
    terminate: () => undefined,
  });
  await broker.follow('1', 'news');
  come = (message) => listeners.get(keys.topic('1', 'news'))?.(message);
});

const publish = (frame: string): Promise<void> => {
  const publication = new FramePublication('1', 'news', frame, '1.1');
  return broker.publish(publication).catch(() => broker.publishLocally(publication));
};

it('one that came back before its answer got lost was taken: nothing is to be made up for', async () => {
  const published = publish('"é"');
  come(sent[0]?.message as Buffer);
  sent[0]?.loseAnswer();
  await published;
  expect(delivered).toEqual(['"é"']);
});

it('one that comes back after it was delivered here is recognised', async () => {
  const published = publish('"a"');
  sent[0]?.loseAnswer();
  await published;
  come(sent[0]?.message as Buffer);
  expect(delivered).toEqual(['"a"']);
});

it('of two with the same text each is recognised once, and what others publish is none of them', async () => {
  const published = [publish('"a"'), publish('"a"')];
  come(Buffer.from('2.2\n"a"'));
  come(sent[0]?.message as Buffer);
  for (const one of sent) one.loseAnswer();
  await Promise.all(published);
  expect(delivered).toEqual(['"a"', '"a"', '"a"']);
  come(sent[1]?.message as Buffer);
  expect(delivered).toHaveLength(3);
});
