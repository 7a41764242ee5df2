/** What RedisBroker does beyond its port: roster changes, interest that lingers, gaps, bounds. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FramePublication } from '../../server/broker/publications.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { Unavailable } from '../../server/lib/unavailable.ts';
import type { RosterChange } from '../../server/redis/cluster-messages.ts';
import type { Topic } from '../../server/redis/keys.ts';
import { RedisBroker } from '../../server/redis/redis-broker.ts';
import type { RedisConnections } from '../../server/redis/redis-connections.ts';
import { eventually } from '../support/eventually.ts';
import { frameText } from '../support/publications.ts';
import { connectRedis, inboxOf } from '../support/redis-node.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { silentLogger } from '../support/silent-logger.ts';

let redis: RedisProcess;
let connections: RedisConnections;
let broker: RedisBroker;
let delivered: string[];
let warnings: string[];

beforeAll(async () => {
  redis = await RedisProcess.start();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  connections = await connectRedis({ url: redis.url, commandTimeoutMs: 500 });
  delivered = [];
  warnings = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => warnings.push(message) };
  broker = new RedisBroker(connections, {
    inbox: inboxOf(connections),
    clock: systemClock,
    log: new OccasionalLog(systemClock, logger),
  });
  await broker.start({
    deliver: (publication) => delivered.push(`${publication.exceptSocketId ?? ''} ${frameText(publication)}`),
    terminate: () => undefined,
  });
});
afterEach(() => {
  broker.stop();
  connections.close();
});

const followed = async (): Promise<string[]> =>
  ((await redis.client.pubsub('CHANNELS')) as string[]).filter((channel) => channel.includes(':t:'));

describe('a roster change', () => {
  const send = (message: string): Promise<number> =>
    connections.publish(connections.keys.topic('app', 'presence-a'), message);
  const added = '+12\n1.2\n"7\\n\\"é\\""\n{"a":\n 1.0}\n{"event":"added"}';

  it('goes to its listener, which decides when sockets hear of it', async () => {
    const changes: Array<[RosterChange, () => void]> = [];
    broker.onRoster((change, deliver) => changes.push([change, deliver]));
    await broker.follow('app', 'presence-a');
    await send(added);
    await send('-13\n\n"7"\nnode\n{"event":"removed"}');
    await send('-14\n\n"8"\n\n{"event":"removed"}');
    await eventually(() => expect(changes).toHaveLength(3));
    expect(changes.map(([change]) => change)).toMatchObject([
      {
        appId: 'app',
        channel: 'presence-a',
        version: 12,
        op: 'added',
        userId: '7\n"é"',
        userInfo: '{"a":\n 1.0}',
      },
      { version: 13, op: 'removed', userId: '7', userInfo: undefined, by: 'node' },
      { version: 14, op: 'removed', userId: '8', userInfo: undefined, by: undefined },
    ]);
    expect(delivered).toEqual([]);
    for (const [, deliver] of changes) deliver();
    expect(delivered).toEqual(['1.2 {"event":"added"}', ' {"event":"removed"}', ' {"event":"removed"}']);
  });

  it('reaches sockets at once where nobody listens', async () => {
    await broker.follow('app', 'presence-a');
    await send(added);
    await eventually(() => expect(delivered).toEqual(['1.2 {"event":"added"}']));
  });

  it.each(['', 'x', '+1\n', '+x\n\n"7"\n\n{}', '+1\n\n7\n\n{}', '+1\n\n"7\n\n{}', '-1\n\n"7"\n{}'])(
    'or another message that makes no sense is reported and left out: %j',
    async (message) => {
      await broker.follow('app', 'presence-a');
      await send(message);
      await send('\n{"event":"next"}');
      await eventually(() => expect(delivered).toEqual([' {"event":"next"}']));
      expect(warnings).toEqual(['message from Redis not understood']);
    },
  );
});

describe('interest', () => {
  it('is kept for a moment after the last follower left, then given up', async () => {
    await broker.follow('app', 'a');
    await broker.follow('app', 'b');
    broker.unfollow('app', 'a');
    broker.unfollow('app', 'b');
    await broker.follow('app', 'b');
    expect(await followed()).toHaveLength(2);
    await eventually(async () => expect(await followed()).toEqual([connections.keys.topic('app', 'b')]));
    await broker.follow('app', 'a');
    await broker.publish(new FramePublication('app', 'a', 'again'));
    await eventually(() => expect(delivered).toEqual([' again']));
  });
});

describe('after a loss of the connection that receives', () => {
  it('everything is followed again, and what may have gaps is told once', async () => {
    const gaps: Topic[][] = [];
    broker.onGap((topics) => gaps.push([...topics]));
    const names = Array.from({ length: 1200 }, (_, n) => `topic-${n}`);
    await Promise.all(names.map((name) => broker.follow('app', name)));
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => expect(gaps.flat().length).toBeGreaterThanOrEqual(names.length));
    expect(gaps).toHaveLength(1);
    expect(new Set(gaps.flat().map(({ topic }) => topic))).toEqual(new Set(names));
    expect(await followed()).toHaveLength(names.length);
    for (const name of names.slice(0, 50)) await broker.publish(new FramePublication('app', name, name));
    await eventually(() => expect(delivered).toHaveLength(50));
  });

  it('a node refuses to publish what its own clients would miss', async () => {
    await broker.follow('app', 'a');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() =>
      expect(connections.subscriptions.isInterrupted(connections.keys.topic('app', 'a'))).toBe(true),
    );
    const refused = await Promise.resolve(broker.publish(new FramePublication('app', 'a', 'x'))).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(Unavailable);
    expect(refused).toMatchObject({ done: 'no' });
    await eventually(() => broker.publish(new FramePublication('app', 'a', 'y')));
    await eventually(() => expect(delivered).toEqual([' y']));
  });
});

describe('a publication', () => {
  it('is refused while too many bytes wait for Redis', async () => {
    const frame = 'x'.repeat(1_048_576);
    redis.freeze();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 70 }, () => broker.publish(new FramePublication('app', 'bulk', frame))),
    );
    redis.thaw();
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
    expect(reasons.every((reason) => reason instanceof Unavailable)).toBe(true);
    expect(reasons.filter((reason: Unavailable) => reason.message.includes('too much waits'))).toHaveLength(
      7,
    );
  });

  it('that was delivered locally in doubt is not delivered again when it comes back', async () => {
    await broker.follow('app', 'a');
    const publication = new FramePublication('app', 'a', 'doubtful', '1.1');
    let carriedOut = async (): Promise<unknown> => undefined;
    const outcome = broker.publishBy(publication, async (channel, message) => {
      carriedOut = () => connections.publish(channel, message);
      throw new Unavailable('no answer', 'unknown');
    });
    await expect(outcome).rejects.toBeInstanceOf(Unavailable);
    broker.publishLocally(publication);
    await carriedOut();
    await broker.publish(new FramePublication('app', 'a', 'next'));
    await eventually(() => expect(delivered.at(-1)).toBe(' next'));
    expect(delivered).toEqual(['1.1 doubtful', ' next']);
    // Somebody else may say the same.
    await broker.publish(new FramePublication('app', 'a', 'doubtful', '1.1'));
    await eventually(() => expect(delivered.at(-1)).toBe('1.1 doubtful'));
  });
});
