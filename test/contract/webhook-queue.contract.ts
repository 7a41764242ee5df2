/** What every WebhookQueue promises; run by each implementation. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../protocol/index.ts';
import type { WebhookSettings } from '../../server/apps/app.ts';
import type { Undelivered } from '../../server/webhooks/dead-letters.ts';
import { EndpointDirectory } from '../../server/webhooks/endpoint-directory.ts';
import type { QueuedEvent } from '../../server/webhooks/queued-event.ts';
import type { Lane, WebhookEndpoint } from '../../server/webhooks/webhook-endpoint.ts';
import type { WebhookQueue } from '../../server/webhooks/webhook-queue.ts';
import { webhook } from '../support/webhook-settings.ts';

export interface WebhookQueueUnderTest {
  readonly queue: WebhookQueue;
  /** Lets time pass, and everything come to rest. */
  advance(ms: number): Promise<void>;
  /** Three channels that share the bounds of held departures. */
  readonly channels: readonly [string, string, string];
  /** What the queue gave up so far. */
  buried(): readonly Undelivered[];
}

export interface QueueSettings {
  readonly graceMs: number;
  readonly batchEvents: number;
  readonly batchMs: number;
  readonly queueLimit: number;
}

const SETTINGS: QueueSettings = { graceMs: 3000, batchEvents: 3, batchMs: 250, queueLimit: 1000 };
const APP = 'app-1';

const occupied = (channel: string): WebhookEvent => ({ name: 'channel_occupied', channel });
const vacated = (channel: string): WebhookEvent => ({ name: 'channel_vacated', channel });
const added = (userId: string): WebhookEvent => ({ name: 'member_added', channel: 'presence-a', userId });
const removed = (userId: string): WebhookEvent => ({ name: 'member_removed', channel: 'presence-a', userId });
const miss = (channel: string): WebhookEvent => ({ name: 'cache_miss', channel });

export function webhookQueueContract(
  create: (endpoints: EndpointDirectory, settings: QueueSettings) => Promise<WebhookQueueUnderTest>,
): void {
  let under: WebhookQueueUnderTest;
  let endpoints: EndpointDirectory;
  let woken: Lane[];

  /** Adds an event, and lets it come to rest where it is delivered from. */
  async function add(event: WebhookEvent, appId = APP): Promise<void> {
    await under.queue.add(appId, event);
    await under.advance(0);
  }

  async function start(
    webhooks: readonly WebhookSettings[] = [webhook()],
    settings: Partial<QueueSettings> = {},
  ): Promise<void> {
    endpoints = new EndpointDirectory([{ id: APP, webhooks }]);
    under = await create(endpoints, { ...SETTINGS, ...settings });
    woken = [];
    under.queue.start((lane) => woken.push(lane));
    await under.advance(0);
  }

  const endpoint = (index = 0): WebhookEndpoint => {
    const found = endpoints.of(APP)[index];
    if (found === undefined) throw new Error('there is no such endpoint');
    return found;
  };
  const laneOf = (channel: string, index = 0): Lane => endpoint(index).laneOf(channel);
  const brief = (events: readonly QueuedEvent[]): string[] =>
    events.map(({ json }) => {
      const { name, channel, user_id } = JSON.parse(json) as Record<string, string>;
      return [name, channel, user_id].filter(Boolean).join(' ');
    });
  /** Everything in an endpoint's queue, lane by lane. */
  async function rest(index = 0): Promise<string[]> {
    await under.queue.close();
    const found: string[] = [];
    for (const lane of endpoint(index).lanes) {
      for (;;) {
        const events = await under.queue.take(lane);
        if (events.length === 0) break;
        found.push(...brief(events));
        await under.queue.ack(lane);
      }
    }
    return found;
  }

  beforeEach(() => start());

  describe('lanes', () => {
    it('hold the events of a channel in order, each in its JSON and with an id of its own', async () => {
      for (let n = 0; n < 6; n += 1) await add(miss('a'));
      const first = await under.queue.take(laneOf('a'));
      await under.queue.ack(laneOf('a'));
      const second = await under.queue.take(laneOf('a'));
      expect([first.length, second.length]).toEqual([3, 3]);
      expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(6);
      for (const event of first) {
        expect(JSON.parse(event.json)).toEqual({ name: 'cache_miss', channel: 'a', id: event.id });
      }
    });

    it('do not wait when a request is full, and only so long when it is not', async () => {
      let taken: readonly QueuedEvent[] | undefined;
      const taking = under.queue.take(laneOf('a')).then((events) => {
        taken = events;
      });
      await add(miss('a'));
      await under.advance(200);
      await add(miss('a'));
      await under.advance(49);
      expect(taken).toBeUndefined();
      await under.advance(1);
      await taking;
      expect(taken).toHaveLength(2);
    });

    it('give the same events until they are acknowledged', async () => {
      await add(miss('a'));
      await under.advance(250);
      const events = await under.queue.take(laneOf('a'));
      expect(await under.queue.take(laneOf('a'))).toEqual(events);
      expect(under.queue.queued(endpoint())).toBe(1);
      await under.queue.ack(laneOf('a'));
      await under.queue.ack(laneOf('a'));
      expect(under.queue.queued(endpoint())).toBe(0);
    });

    it('hold one event a request where batching is off', async () => {
      await start([webhook({ batch: false })]);
      await add(miss('a'));
      await add(miss('a'));
      expect(await under.queue.take(laneOf('a'))).toHaveLength(1);
    });

    it('spread the channels of an endpoint', () => {
      const lanes = new Set(Array.from({ length: 100 }, (_, n) => laneOf(`channel-${n}`).index));
      expect(lanes.size).toBe(endpoint().lanes.length);
    });
  });

  describe('a split', () => {
    /** Channels of one lane. */
    let [A, B, C] = ['', '', ''];
    const names = (events: readonly QueuedEvent[]): string[] =>
      events.map(({ json }) => (JSON.parse(json) as { name: string }).name);
    let lane: Lane;
    let parts: readonly Lane[];
    const part = (channel: string): Lane => {
      const found = parts.find((one) => one.channel === channel);
      if (found === undefined) throw new Error(`${channel} was not split off`);
      return found;
    };

    beforeEach(async () => {
      const channels = Array.from({ length: 100 }, (_, n) => `c-${n}`).filter(
        (channel) => laneOf(channel) === laneOf('c-0'),
      );
      [A = '', B = '', C = ''] = channels;
      lane = laneOf(A);
      for (const channel of [A, B, A]) await add(miss(channel));
      await add(occupied(A));
      await add(occupied(C));
      await under.queue.take(lane);
      parts = await under.queue.split(lane);
    });

    it('gives each channel that was taken a lane, with what was taken first and what waited after it', async () => {
      expect(parts.map(({ channel }) => channel)).toEqual([A, B]);
      expect(names(await under.queue.take(part(A)))).toEqual(['cache_miss', 'cache_miss']);
      expect(names(await under.queue.take(part(A)))).toEqual(['cache_miss', 'cache_miss']);
      await under.queue.ack(part(A));
      await add(vacated(B));
      expect(names(await under.queue.take(part(A)))).toEqual(['channel_occupied']);
      expect(names(await under.queue.take(part(B)))).toEqual(['cache_miss']);
      expect(under.queue.queued(endpoint())).toBe(3);
    });

    it('leaves the lane to its other channels', async () => {
      await add(miss(A));
      await under.advance(250);
      expect((await under.queue.take(lane)).map(({ channel }) => channel)).toEqual([C]);
    });

    it('is over for a channel when its lane is empty', async () => {
      await under.queue.take(part(B));
      await under.queue.ack(part(B));
      await add(miss(B));
      expect(names(await under.queue.take(part(B)))).toEqual(['cache_miss']);
      await under.queue.ack(part(B));
      await under.queue.ack(part(B));
      expect(await under.queue.take(part(B))).toEqual([]);
      await add(occupied(B));
      await under.advance(250);
      expect((await under.queue.take(lane)).map(({ channel }) => channel)).toEqual([C, B]);
      expect(await under.queue.take(part(B))).toEqual([]);
    });
  });

  it('wakes who delivers, once for each lane that is used', async () => {
    await add(miss('a'));
    await add(miss('a'));
    expect(woken).toEqual([laneOf('a')]);
    await under.advance(250);
    await under.queue.take(laneOf('a'));
    await under.queue.ack(laneOf('a'));
    const other = ['b', 'c', 'd', 'e'].find((channel) => laneOf(channel) !== laneOf('a')) ?? 'b';
    await add(miss('a'));
    await add(miss(other));
    await under.queue.close();
    expect(woken).toEqual([laneOf('a'), laneOf(other)]);
  });

  describe('endpoints', () => {
    it('each get what they accept, under one id', async () => {
      await start([
        webhook({ url: 'http://a/', events: ['cache_miss'] }),
        webhook({ url: 'http://b/', filter: { prefix: 'x-' } }),
      ]);
      for (const event of [miss('x-1'), miss('y-1'), occupied('x-1')]) await add(event);
      expect(await rest(0)).toEqual(expect.arrayContaining(['cache_miss x-1', 'cache_miss y-1']));
      expect(await rest(1)).toEqual(['cache_miss x-1', 'channel_occupied x-1']);
    });

    it('are asked about before an event is made', async () => {
      await start([webhook({ events: ['cache_miss', 'member_added'] })]);
      const wanted = (kind: WebhookEvent['name']): boolean => under.queue.wants(APP, kind);
      expect([wanted('cache_miss'), wanted('member_added'), wanted('member_removed')]).toEqual([
        true,
        true,
        true,
      ]);
      expect([wanted('channel_occupied'), wanted('client_event')]).toEqual([false, false]);
      expect(under.queue.wants('another app', 'cache_miss')).toBe(false);
      await add(miss('a'), 'another app');
      expect(await rest()).toEqual([]);
    });
  });

  describe('grace', () => {
    it('the end of a stay is held back, and sent when nobody came back', async () => {
      await add(vacated('a'));
      await add(removed('7'));
      await under.advance(2999);
      expect(under.queue.queued(endpoint())).toBe(0);
      await under.advance(20);
      expect(under.queue.queued(endpoint())).toBe(2);
      expect((await rest()).sort()).toEqual(['channel_vacated a', 'member_removed presence-a 7']);
    });

    it('a channel occupied again in time was never vacated: neither is sent', async () => {
      await add(vacated('a'));
      await under.advance(2000);
      await add(occupied('a'));
      await under.advance(5000);
      expect(await rest()).toEqual([]);
    });

    it('a member added again in time was never removed: neither is sent', async () => {
      await add(removed('7'));
      await add(added('7'));
      await under.advance(5000);
      expect(await rest()).toEqual([]);
    });

    it('another channel, member or app does not count as the return', async () => {
      for (const event of [vacated('a'), occupied('b'), removed('7'), added('8')]) await add(event);
      await add(occupied('a'), 'another app');
      await under.advance(3020);
      expect((await rest()).sort()).toEqual([
        'channel_occupied b',
        'channel_vacated a',
        'member_added presence-a 8',
        'member_removed presence-a 7',
      ]);
    });

    it('one who comes back too late is both gone and come, in that order', async () => {
      await add(vacated('a'));
      await under.advance(3020);
      await add(occupied('a'));
      expect(await rest()).toEqual(['channel_vacated a', 'channel_occupied a']);
    });

    it('each departure has a grace of its own', async () => {
      await add(vacated('a'));
      await under.advance(2000);
      await add(occupied('a'));
      await add(vacated('a'));
      await under.advance(2000);
      expect(under.queue.queued(endpoint())).toBe(0);
      await under.advance(1020);
      expect(await rest()).toEqual(['channel_vacated a']);
    });

    it('ends when the queue closes, unless others can see to it', async () => {
      await add(vacated('a'));
      expect(await rest()).toEqual(under.queue.outlivesNode ? [] : ['channel_vacated a']);
    });

    it('does not exist when it is zero', async () => {
      await start([webhook()], { graceMs: 0 });
      await add(vacated('a'));
      await add(occupied('a'));
      expect(await rest()).toEqual(['channel_vacated a', 'channel_occupied a']);
    });
  });

  describe('bounds', () => {
    it('past the limit the oldest events that nobody has taken become dead letters', async () => {
      await start([webhook()], { queueLimit: 4 });
      for (let n = 0; n < 3; n += 1) await add(miss('a'));
      const taken = await under.queue.take(laneOf('a'));
      for (const channel of ['b', 'c', 'd']) {
        await under.advance(1);
        await add(miss(channel));
      }
      expect(under.buried().map(({ endpoint: name, event }) => [name, event.channel])).toEqual([
        [endpoint().name, 'b'],
        [endpoint().name, 'c'],
      ]);
      expect(await under.queue.take(laneOf('a'))).toEqual(taken);
      expect(under.queue.queued(endpoint())).toBe(4);
    });
  });

  it('past the limit the oldest departures lose the rest of their grace, and nothing is lost', async () => {
    await start([webhook()], { queueLimit: 2 });
    const [A, B, C] = under.channels;
    for (const channel of [A, B]) {
      await add(vacated(channel));
      await under.advance(1);
    }
    expect(under.queue.queued(endpoint())).toBe(0);
    await add(vacated(C));
    expect(under.queue.queued(endpoint())).toBe(1);
    await add(occupied(B));
    await under.advance(250);
    expect(brief(await under.queue.take(laneOf(A)))).toEqual([`channel_vacated ${A}`]);
    await under.advance(3020);
    await under.queue.ack(laneOf(A));
    expect(await rest()).toEqual([`channel_vacated ${C}`]);
    expect(under.buried()).toEqual([]);
  });

  it('what is replayed keeps its id, has its time anew and comes last', async () => {
    await add(miss('a'));
    await under.advance(250);
    const [event] = await under.queue.take(laneOf('a'));
    if (event === undefined) throw new Error('an event was added');
    await under.queue.ack(laneOf('a'));
    await under.advance(1000);
    await add(occupied('a'));
    await under.queue.replay(endpoint(), [event]);
    await under.advance(0);
    await under.advance(250);
    const [, replayed] = await under.queue.take(laneOf('a'));
    expect(replayed).toEqual({ ...event, at: event.at + 1250 });
  });
}
