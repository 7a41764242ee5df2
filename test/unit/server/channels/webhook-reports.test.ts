/** What the rules report for webhooks when the queue is slow or fails, and how often empty caches are told of. */
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../../../protocol/index.ts';
import { MemoryBroker } from '../../../../server/broker/memory-broker.ts';
import { EventData, EventPublication } from '../../../../server/broker/publications.ts';
import { MemoryChannelCache } from '../../../../server/cache/memory-channel-cache.ts';
import { CacheMisses } from '../../../../server/channels/cache-misses.ts';
import type { WebhookSink } from '../../../../server/webhooks/webhook-queue.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { slowNode } from '../../../support/slow-node.ts';
import { noWebhooks, RecordingSink } from '../../../support/webhook-sinks.ts';

const emptyCache = (clock: FakeClock): MemoryChannelCache =>
  new MemoryChannelCache({ maxEntries: 10, maxBytes: 1000 }, new MemoryBroker(), clock);

const failing: WebhookSink = { wants: () => true, add: () => Promise.reject(new Error('away')) };

describe('an empty cache channel', () => {
  it('is reported once in ten seconds', () => {
    const clock = new FakeClock();
    const sink = new RecordingSink();
    const misses = new CacheMisses(emptyCache(clock), sink, silentLogger);
    for (const ms of [0, 9999, 1, 5000, 5000]) {
      clock.advance(ms);
      misses.missed('1', 'cache-a');
    }
    expect(sink.events).toHaveLength(3);
  });

  it('is news again after a publish, on that channel and in that app', () => {
    const sink = new RecordingSink();
    const cache = emptyCache(new FakeClock());
    const misses = new CacheMisses(cache, sink, silentLogger);
    for (const app of ['1', '2']) for (const channel of ['cache-a', 'cache-b']) misses.missed(app, channel);
    cache.publish(new EventPublication('1', 'cache-a', 'e', new EventData('d')), 1000);
    for (const app of ['1', '2']) for (const channel of ['cache-a', 'cache-b']) misses.missed(app, channel);
    expect(sink.events.slice(4)).toEqual([{ appId: '1', name: 'cache_miss', channel: 'cache-a' }]);
  });

  it('is not even remembered where nobody wants to hear of it', () => {
    const cache = emptyCache(new FakeClock());
    new CacheMisses(cache, noWebhooks, silentLogger).missed('1', 'cache-a');
    expect(cache.firstMiss('1', 'cache-a', 1000)).toBe(true);
  });
});

describe('a queue that fails', () => {
  it('is logged, and clients notice nothing', async () => {
    const node = slowNode(failing);
    const [one, two] = [node.connect(), node.connect()];
    for (const client of [one, two]) {
      client.subscribe('private-a');
      client.subscribe('cache-a');
    }
    await node.gate.open();
    one.say('client-x', {}, { channel: 'private-a' });
    await node.gate.open();
    expect(two.socket.events()).toContain('client-x');
    expect([...one.socket.events(), ...two.socket.events()]).not.toContain('pusher:error');
    expect(new Set(node.errors)).toEqual(
      new Set(['client event not queued for webhooks', 'cache miss not queued for webhooks']),
    );
  });
});

describe('client events', () => {
  it('are reported as they were relayed', async () => {
    const sink = new RecordingSink();
    const node = slowNode(sink);
    const client = node.connect();
    client.subscribe('presence-a', '{"user_id":"7"}');
    await node.gate.open();
    client.say('client-x', { n: 1 }, { channel: 'presence-a' });
    const reported: WebhookEvent | undefined = sink.events.find(({ name }) => name === 'client_event');
    expect(reported).toEqual({
      appId: '1',
      name: 'client_event',
      channel: 'presence-a',
      event: 'client-x',
      data: '{"n":1}',
      socketId: client.connection.id,
      userId: '7',
    });
  });
});
