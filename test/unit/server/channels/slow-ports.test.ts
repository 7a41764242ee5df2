/** The rules when broker and stores have to be waited for, or fail: nothing is lost, doubled or left behind. */
import { describe, expect, it } from 'vitest';
import { EventData, EventPublication } from '../../../../server/broker/publications.ts';
import type { WebhookSink } from '../../../../server/webhooks/webhook-queue.ts';
import { type SlowNode, slowNode } from '../../../support/slow-node.ts';

const member = (id: string): string => JSON.stringify({ user_id: id });

function expectNothingLeft({ hub, errors }: SlowNode): void {
  expect(
    [...hub.apps()].map(({ channels, users, connections }) => [channels.size, users.size, connections]),
  ).toEqual([[0, 0, 0]]);
  expect(errors).toEqual([]);
}

describe('subscribing', () => {
  it('success is sent only when the broker follows and the store has counted', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    expect(client.socket.events()).toEqual(['pusher:connection_established']);
    await node.gate.open();
    expect(client.socket.events()).toEqual([
      'pusher:connection_established',
      'pusher_internal:subscription_succeeded',
      'pusher_internal:subscription_count',
    ]);
  });

  it('a second subscribe while the first is under way is an existing subscription', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    client.subscribe('news');
    await node.gate.open();
    expect(client.socket.sent.at(-1)).toContain('Existing subscription to channel news');
    expect(client.socket.events().filter((event) => event.endsWith('succeeded'))).toHaveLength(1);
  });

  it.each(['news', 'presence-a'])(
    'an unsubscribe while the subscription to %s is under way takes effect once it has succeeded',
    async (channel) => {
      const node = slowNode();
      const client = node.connect();
      client.subscribe(channel, member('7'));
      client.say('pusher:unsubscribe', { channel });
      await node.gate.open();
      expect(client.socket.events()).toContain('pusher_internal:subscription_succeeded');
      expect(client.socket.events()).not.toContain('pusher:error');
      client.say('pusher:unsubscribe', { channel });
      await node.gate.open();
      expect(client.socket.sent.at(-1)).toContain('No current subscription');
      client.leave();
      await node.gate.open();
      expectNothingLeft(node);
    },
  );

  it('a second unsubscribe while the first is under way finds no subscription', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    client.say('pusher:unsubscribe', { channel: 'news' });
    client.say('pusher:unsubscribe', { channel: 'news' });
    await node.gate.open();
    expect(client.socket.sent.at(-1)).toContain('No current subscription');
  });

  it('subscribe, unsubscribe, subscribe before the first answer is one subscription that stays', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    client.say('pusher:unsubscribe', { channel: 'news' });
    client.subscribe('news');
    await node.gate.open();
    expect(client.socket.events().filter((event) => event.endsWith('succeeded'))).toHaveLength(1);
    expect(client.socket.events()).not.toContain('pusher:error');
    client.say('pusher:unsubscribe', { channel: 'news' });
    await node.gate.open();
    expect(client.socket.events()).not.toContain('pusher:error');
  });

  it('a client event before success is refused', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('private-a');
    client.say('client-x', {}, { channel: 'private-a' });
    await node.gate.open();
    expect(client.socket.sent.at(-1)).toContain('connection not subscribed');
  });

  it.each(['news', 'cache-a', 'private-a', 'presence-a'])(
    'a connection that goes while subscribing to %s leaves nothing behind',
    async (channel) => {
      const node = slowNode();
      const client = node.connect();
      client.subscribe(channel, channel.startsWith('presence-') ? member('7') : undefined);
      client.leave();
      await node.gate.open();
      expectNothingLeft(node);
      expect(await node.presence.channels('1', '')).toEqual(new Map());
      expect(await node.presence.members('1', channel)).toEqual([]);
    },
  );

  it('two connections of one user that join at once are one member, gone when both are', async () => {
    const node = slowNode();
    const [one, two] = [node.connect(), node.connect()];
    one.subscribe('presence-a', member('7'));
    two.subscribe('presence-a', member('7'));
    await node.gate.open();
    expect(await node.presence.members('1', 'presence-a')).toEqual(['7']);
    expect([...one.socket.events(), ...two.socket.events()]).not.toContain('pusher_internal:member_added');
    one.leave();
    await node.gate.open();
    expect(await node.presence.members('1', 'presence-a')).toEqual(['7']);
    two.leave();
    await node.gate.open();
    expect(await node.presence.members('1', 'presence-a')).toEqual([]);
    expectNothingLeft(node);
  });

  it('many who come and go at once, in any order, leave nothing behind', async () => {
    const node = slowNode();
    const clients = Array.from({ length: 60 }, () => node.connect());
    for (const [index, client] of clients.entries()) {
      client.subscribe('news');
      client.subscribe('presence-a', member(String(index % 7)));
      client.signIn(JSON.stringify({ id: String(index % 5), watchlist: ['1', '2', 'x'] }));
      if (index % 3 === 0) client.leave();
      if (index % 4 === 0) await node.gate.open();
    }
    await node.gate.open();
    for (const client of clients) client.leave();
    await node.gate.open();
    expectNothingLeft(node);
    expect(await node.presence.channels('1', '')).toEqual(new Map());
    expect(await node.presence.online('1', ['0', '1', '2', '3', '4'])).toEqual([]);
  });
});

describe('answers that come late', () => {
  it('come before the pong to a ping that was sent after', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    client.signIn('{"id":"7"}');
    client.say('pusher:ping', {});
    expect(client.socket.events()).toEqual(['pusher:connection_established']);
    await node.gate.open();
    expect(client.socket.events()).toContain('pusher:signin_success');
    expect(client.socket.events()).toContain('pusher_internal:subscription_succeeded');
    expect(client.socket.events().at(-1)).toBe('pusher:pong');
    client.say('pusher:ping', {});
    expect(client.socket.events().slice(-2)).toEqual(['pusher:pong', 'pusher:pong']);
  });

  it('come before refusals of what was sent after, whose two frames stay together', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('cache-a');
    client.say('pusher:subscribe', { channel: 'private-a', auth: 'key:00' });
    client.say('client-x', {}, { channel: 'nowhere' });
    await node.gate.open();
    expect(client.socket.events().filter((event) => !event.endsWith('count'))).toEqual([
      'pusher:connection_established',
      'pusher_internal:subscription_succeeded',
      'pusher:cache_miss',
      'pusher:subscription_error',
      'pusher:error',
      'pusher:error',
    ]);
  });

  it('come before the pong to a ping that was sent after also if they refuse', async () => {
    const node = slowNode();
    const client = node.connect();
    client.signIn('{"id":"7"}');
    client.signIn('{"id":"8"}');
    client.say('pusher:ping', {});
    await node.gate.open();
    await node.gate.open();
    expect(client.socket.events().slice(-2)).toEqual(['pusher:error', 'pusher:pong']);
  });

  it('to nobody, as after an unsubscribe, come before the pong to a ping that was sent after all the same', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('presence-a', member('7'));
    await node.gate.open();
    client.say('pusher:unsubscribe', { channel: 'presence-a' });
    client.say('pusher:ping', {});
    expect(client.socket.events()).not.toContain('pusher:pong');
    expect(await node.presence.channels('1', '')).toHaveProperty('size', 1);
    await node.gate.open();
    expect(client.socket.events().at(-1)).toBe('pusher:pong');
    expect(await node.presence.channels('1', '')).toHaveProperty('size', 0);
  });

  it('hold up a pong no longer once a leave has failed', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    await node.gate.open();
    client.say('pusher:unsubscribe', { channel: 'news' });
    client.say('pusher:ping', {});
    node.gate.failure = new Error('away');
    await node.gate.open();
    expect(client.socket.events().at(-1)).toBe('pusher:pong');
    expect(client.socket.closed).toBeUndefined();
    expect(node.errors).toEqual(['unsubscribe not recorded']);
  });

  it('hold up a thousand answers to what was sent after, not more', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    for (let n = 0; n < 1000; n += 1) client.say('pusher:ping', {});
    expect(client.socket.events()).toEqual(['pusher:connection_established']);
    client.say('pusher:ping', {});
    expect(client.socket.events()).toHaveLength(1002);
    await node.gate.open();
    expect(client.socket.events().filter((event) => event === 'pusher:pong')).toHaveLength(1001);
  });

  it('hold up nothing that is owed to a connection before it is closed', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('news');
    client.say('pusher:ping', {});
    node.gate.failure = new Error('away');
    await node.gate.open();
    expect(client.socket.events()).toEqual(['pusher:connection_established', 'pusher:pong']);
    expect(client.socket.closed?.code).toBe(4100);
  });

  it('a second connection of a user is let in with its first, never before', async () => {
    const node = slowNode();
    const [one, two] = [node.connect(), node.connect()];
    one.subscribe('presence-a', member('7'));
    await node.gate.next();
    two.subscribe('presence-a', member('7'));
    await node.gate.open();
    for (const { socket } of [one, two]) {
      const frame = socket.sent.find((text) => text.includes('subscription_succeeded'));
      expect(frame).toContain('\\"ids\\":[\\"7\\"]');
    }
  });

  it('all connections of a user that does not fit are refused, and a later one asks anew', async () => {
    const node = slowNode();
    for (let id = 0; id < 100; id += 1) node.connect().subscribe('presence-a', member(`filler-${id}`));
    await node.gate.open();
    const late = [node.connect(), node.connect()];
    for (const client of late) client.subscribe('presence-a', member('7'));
    await node.gate.open();
    for (const { socket } of late) expect(socket.sent.join()).toContain('Presence channel is full');
    await node.presence.leave('1', 'presence-a', 'filler-0');
    const later = node.connect();
    later.subscribe('presence-a', member('7'));
    await node.gate.open();
    expect(later.socket.events().at(-1)).toBe('pusher_internal:subscription_succeeded');
  });

  it('a second connection of a user has signed in when the first has', async () => {
    const node = slowNode();
    const [one, two] = [node.connect(), node.connect()];
    one.signIn('{"id":"7"}');
    await node.gate.open();
    node.gate.late = true;
    const three = node.connect();
    three.signIn('{"id":"8"}');
    two.signIn('{"id":"8"}');
    await new Promise(setImmediate);
    expect(two.socket.events()).toEqual(['pusher:connection_established']);
    await node.gate.open();
    expect(two.socket.events()).toContain('pusher:signin_success');
  });

  it('ten sign-ins of one connection wait for the one under way, and no more', async () => {
    const node = slowNode();
    const client = node.connect();
    for (let times = 0; times < 11; times += 1) client.signIn('{"id":"7"}');
    client.signIn('{"id":"7"}');
    await node.gate.open();
    expect(client.socket.sent.filter((frame) => frame.includes('pusher:error'))).toEqual([
      expect.stringContaining('Too many sign-ins at once: 10 may wait for the one under way'),
    ]);
    expect(client.socket.events().filter((event) => event === 'pusher:signin_success')).toHaveLength(11);
    client.signIn('{"id":"7"}');
    await node.gate.open();
    expect(client.socket.events().at(-1)).toBe('pusher:signin_success');
  });

  it('sign-ins of one connection are answered in their order', async () => {
    const node = slowNode();
    const client = node.connect();
    client.signIn('{"id":"7","watchlist":["a"]}');
    client.signIn('{"id":"7","watchlist":["b"]}');
    await node.gate.open();
    const told = client.socket.sent.filter((frame) => frame.includes('pusher_internal:watchlist_events'));
    expect(told.map((frame) => frame.includes('b'))).toEqual([false, true]);
  });

  it('who goes online while a watchlist is read is told as online, and never as offline after', async () => {
    const node = slowNode();
    const watcher = node.connect();
    node.gate.late = true;
    watcher.signIn('{"id":"7","watchlist":["8"]}');
    // Signed in, following, then reading: the answer that 8 is offline is on its way.
    for (let step = 0; step < 2; step += 1) await node.gate.next();
    node.presence.signedIn('1', '8');
    await node.gate.open();
    const told = watcher.socket.sent.filter((frame) => frame.includes('watchlist_events'));
    expect(told.at(-1)).toContain('online');
    expect(told.join()).not.toContain('offline');
  });
});

describe('a connection beyond the quota, closed once it has shown who it is', () => {
  const full = async () => {
    const node = slowNode(undefined, { authorizationTimeoutSeconds: 10, limits: { connections: 1 } });
    const first = node.connect();
    first.subscribe('private-a');
    await node.gate.open();
    return { node, first, late: node.connect() };
  };
  const publish = (node: ReturnType<typeof slowNode>) =>
    node.broker.publish(new EventPublication('1', 'private-a', 'e', new EventData('x')));

  it('leaves once, though it unsubscribed meanwhile too', async () => {
    const { node, first, late } = await full();
    late.subscribe('private-a');
    late.say('pusher:unsubscribe', { channel: 'private-a' });
    await node.gate.open();
    expect(late.socket.closed?.code).toBe(4004);
    publish(node);
    expect(first.socket.events().at(-1)).toBe('e');
    expect(await node.presence.channel('1', 'private-a')).toMatchObject({ subscriptions: 1 });
  });

  it('follows nobody on its watchlist', async () => {
    const { node, first, late } = await full();
    late.signIn('{"id":"7","watchlist":["8","9"]}');
    await node.gate.open();
    expect(late.socket.closed?.code).toBe(4004);
    first.leave();
    await node.gate.open();
    expect([...node.hub.apps()].map(({ isEmpty }) => isEmpty)).toEqual([true]);
  });
});

describe('when a store fails', () => {
  it('to take note of a leave, what was left is left once', async () => {
    const node = slowNode();
    const [staying, going] = [node.connect(), node.connect()];
    staying.subscribe('news');
    await node.gate.open();
    going.subscribe('news');
    going.leave();
    await node.gate.next();
    node.gate.failure = new Error('away');
    await node.gate.open();
    node.broker.publish(new EventPublication('1', 'news', 'e', new EventData('x')));
    expect(staying.socket.events().at(-1)).toBe('e');
  });

  it('a subscriber is asked to come back, never told that it may not subscribe', async () => {
    const node = slowNode();
    const client = node.connect();
    client.subscribe('presence-a', member('7'));
    node.gate.failure = new Error('away');
    await node.gate.open();
    expect(client.socket.closed?.code).toBe(4100);
    expect(client.socket.events()).toEqual(['pusher:connection_established']);
    expect([...node.hub.apps()].map(({ channels }) => channels.size)).toEqual([0]);
    expect(node.errors).toContain('subscribe failed');
  });

  it('so is one that signs in', async () => {
    const node = slowNode();
    const client = node.connect();
    client.signIn('{"id":"7"}');
    node.gate.failure = new Error('away');
    await node.gate.open();
    expect(client.socket.closed?.code).toBe(4100);
    expect([...node.hub.apps()].map(({ users }) => users.size)).toEqual([0]);
  });

  it('and those who come once it is back are served', async () => {
    const node = slowNode();
    const early = node.connect();
    early.subscribe('presence-a', member('7'));
    node.gate.failure = new Error('away');
    await node.gate.open();
    node.gate.failure = undefined;
    const late = node.connect();
    late.subscribe('presence-a', member('7'));
    await node.gate.open();
    expect(late.socket.events().at(-1)).toBe('pusher_internal:subscription_succeeded');
    expect(await node.presence.members('1', 'presence-a')).toEqual(['7']);
  });
});

describe('a client event', () => {
  it('is reported before what the same client does next, however late it is published', async () => {
    const reported: string[] = [];
    const webhooks: WebhookSink = {
      wants: () => true,
      add: (_appId, { name }) => void reported.push(name),
    };
    const node = slowNode(webhooks, { features: { clientEvents: true } });
    const client = node.connect();
    client.subscribe('private-a');
    await node.gate.open();
    let publish = (): void => undefined;
    node.broker.publish = () => new Promise<void>((resolve) => (publish = resolve));
    client.say('client-x', {}, { channel: 'private-a' });
    expect(reported).toEqual(['client_event']);
    publish();
  });
});

describe('a replay', () => {
  const event = (name: string): EventPublication =>
    new EventPublication('1', 'cache-a', name, new EventData('x'));
  const received = ({ socket }: { socket: { events(): string[] } }): string[] =>
    socket.events().filter((name) => !name.startsWith('pusher'));

  it('is never older than what passed while the cache was asked', async () => {
    const node = slowNode();
    const [early, late] = [node.connect(), node.connect()];
    early.subscribe('cache-a');
    await node.gate.open();
    node.cache.publish(event('old'), 60_000);
    // The answer that is on its way is the one from before the publication.
    node.cacheAnswers.hold();
    late.subscribe('cache-a');
    await node.gate.open();
    node.cache.publish(event('new'), 60_000);
    node.broker.publish(new EventPublication('1', 'cache-a', 'client-x', new EventData('x'), '1.1'));
    await node.cacheAnswers.release();
    await node.gate.open();
    expect(received(late)).toEqual(['new']);
    expect(received(early)).toEqual(['old', 'new', 'client-x']);
    const later = node.connect();
    later.subscribe('cache-a');
    await node.gate.open();
    expect(received(later)).toEqual(['new']);
  });

  it('that is ahead of what this node receives is not heard once more', async () => {
    const node = slowNode();
    const early = node.connect();
    early.subscribe('cache-a');
    await node.gate.open();
    // In the cache already, and on its way here.
    const cached = node.cache.get.bind(node.cache);
    node.cache.get = (appId, channel) => cached(appId, channel) ?? { event: 'new', data: 'x', ttlMs: 1 };
    const late = node.connect();
    late.subscribe('cache-a');
    for (const _ of ['counted', 'read']) await node.gate.next();
    node.broker.publish(event('new'));
    await node.gate.open();
    expect(received(late)).toEqual(['new']);
    expect(received(early)).toEqual(['new']);
  });
});
