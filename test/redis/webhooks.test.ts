/** Webhooks of several nodes over one Redis: nothing is lost whoever dies, and nothing comes twice while nobody does. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../protocol/index.ts';
import { shardOf } from '../../server/redis/keys.ts';
import { script } from '../../server/redis/scripts.ts';
import {
  LUA_CLOCK,
  WEBHOOK_ARG_COUNT,
  WEBHOOK_KEY_COUNT,
  WEBHOOK_LUA,
  webhookArgs,
  webhookKeys,
} from '../../server/redis/webhook-lua.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisUnderTest, startRedisCluster, startSingleRedis } from '../support/redis.ts';
import { connectRedis } from '../support/redis-node.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { APP, TestMembership, WebhookNode } from '../support/webhook-node.ts';
import {
  type Answer,
  accept,
  fail,
  type ReceivedEvent,
  WebhookReceiver,
} from '../support/webhook-receiver.ts';

const CHANNELS = Array.from({ length: 40 }, (_, n) => `channel-${n}`);
const EACH = 10;
const ALL = { appId: undefined, endpoint: undefined, limit: 1000, cursor: undefined };

let redis: RedisUnderTest;
let membership: TestMembership;
let receiver: WebhookReceiver;
let nodes: WebhookNode[];

beforeAll(async () => {
  redis = await startSingleRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.flush();
  membership = new TestMembership();
  receiver = await WebhookReceiver.start();
  nodes = [];
});
afterEach(async () => {
  receiver.answer = accept;
  await Promise.all(nodes.map((node) => node.stop()));
  await receiver.close();
});

async function start(options: { settings?: object; webhooks?: object[]; redis?: string } = {}) {
  const node = await WebhookNode.start(`node-${nodes.length + 1}`, {
    redis: redis.url,
    membership,
    webhooks: [{ url: receiver.url }],
    ...options,
  });
  nodes.push(node);
  return node;
}

/** Shorter leases, where a test waits for their end and a repetition does no harm. */
const HASTY = { settings: { timeoutMs: 500 } };

const says = (channel: string, n: number): WebhookEvent => ({
  name: 'client_event',
  channel,
  event: 'client-e',
  data: String(n),
  socketId: '1.1',
  userId: undefined,
});
const vacated = (channel: string): WebhookEvent => ({ name: 'channel_vacated', channel });
const occupied = (channel: string): WebhookEvent => ({ name: 'channel_occupied', channel });
const miss = (channel: string): WebhookEvent => ({ name: 'cache_miss', channel });
const add = async (node: WebhookNode | undefined, event: WebhookEvent): Promise<void> =>
  node?.webhooks.queue.add(APP, event);
const brief = ({ name, channel }: ReceivedEvent): string => `${name} ${channel}`;

/** Every channel says its numbers, each by way of one node. */
async function talk(by: readonly WebhookNode[], from: number, to: number): Promise<void> {
  await Promise.all(
    CHANNELS.map(async (channel, at) => {
      for (let n = from; n < to; n += 1) await add(by[at % by.length], says(channel, n));
    }),
  );
}

/** What a receiver took from each channel, without what it had before. */
function heard(events: readonly ReceivedEvent[]): Map<string, number[]> {
  const seen = new Set<string>();
  const numbers = new Map<string, number[]>(CHANNELS.map((channel) => [channel, []]));
  for (const { id, channel, ['data']: data } of events) {
    if (!seen.has(id)) numbers.get(channel)?.push(Number(data));
    seen.add(id);
  }
  return numbers;
}

/** Exactly once is promised where every request is answered in time. */
const expectNoFailures = (): void => {
  for (const { counters } of nodes) expect(counters.webhooksOf(APP).failedAttempts).toBe(0);
};

function everything(count: number): Map<string, number[]> {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return new Map(CHANNELS.map((channel) => [channel, numbers]));
}

/** Nothing is left in Redis but what is of no size. */
async function expectEmpty(): Promise<void> {
  const [server] = redis.servers;
  await eventually(async () => {
    for (const key of (await server?.client.keys('*')) ?? []) {
      const type = await server?.client.type(key);
      if (type !== 'stream') throw new Error(`${key} is left`);
      expect(await server?.client.xlen(key)).toBe(0);
    }
  });
}

const slowly: Answer = (response, request, received) => {
  setTimeout(() => accept(response, request, received), 20);
  return true;
};

describe('nodes that live', () => {
  it('share the work, and every event comes once, in the order of its channel', async () => {
    for (let n = 0; n < 3; n += 1) await start();
    await talk(nodes, 0, EACH);
    await receiver.until(CHANNELS.length * EACH);
    expectNoFailures();
    expect(heard(receiver.events)).toEqual(everything(EACH));
    expect(receiver.events).toHaveLength(CHANNELS.length * EACH);
    for (const { posts } of nodes) expect(posts.length).toBeGreaterThan(0);
    await expectEmpty();
  });

  it('go on with one more, and with one less that stops in good order, without a repetition', async () => {
    receiver.answer = slowly;
    const first = await start();
    await start();
    await talk(nodes, 0, EACH);
    await start();
    await talk(nodes, EACH, 2 * EACH);
    await first.stop();
    const last = await start();
    await talk([last], 2 * EACH, 3 * EACH);
    await receiver.until(CHANNELS.length * 3 * EACH);
    expectNoFailures();
    expect(heard(receiver.events)).toEqual(everything(3 * EACH));
    expect(receiver.events).toHaveLength(CHANNELS.length * 3 * EACH);
    expect(nodes.reduce((sum, { counters }) => sum + counters.webhookShardsTakenOver, 0)).toBe(0);
    await expectEmpty();
  });
});

describe('a node that dies', () => {
  it('leaves everything to the others, which send it in order', async () => {
    receiver.answer = slowly;
    const doomed = await start(HASTY);
    const other = await start(HASTY);
    const talking = talk([other], 0, EACH);
    await receiver.until(CHANNELS.length);
    doomed.vanish();
    await talking;
    membership.remove(doomed.id);
    await talk([other], EACH, 2 * EACH);
    await eventually(() => expect(heard(receiver.events)).toEqual(everything(2 * EACH)));
    expect(other.counters.webhookShardsTakenOver).toBeGreaterThan(0);
    await expectEmpty();
  });

  it('leaves what it was told last, and had not begun', async () => {
    const doomed = await start();
    await Promise.all(CHANNELS.map((channel) => add(doomed, says(channel, 0))));
    doomed.vanish();
    membership.remove(doomed.id);
    await start();
    await eventually(() => expect(heard(receiver.events)).toEqual(everything(1)));
  });

  it('is not waited for once it was swept, however long its leases of shards are', async () => {
    const patient = { settings: { timeoutMs: 60_000 } };
    const asked = new Promise<void>((resolve) => {
      receiver.answer = () => {
        resolve();
        return false;
      };
    });
    const doomed = await start(patient);
    await add(doomed, says('channel-0', 0));
    await asked;
    doomed.vanish();
    membership.remove(doomed.id);
    receiver.answer = accept;
    const other = await start(patient);
    const [server] = redis.servers;
    const gone = `carillon:{${shardOf(APP, 'channel-0')}}:gone:${doomed.id}`;
    // One that went in good order may still be delivering.
    await server?.client.set(gone, 'left');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(other.posts).toEqual([]);
    await server?.client.set(gone, 'dead');
    await receiver.until(1);
    expect(receiver.events.map(({ data }) => data)).toEqual(['0']);
    expect(other.counters.webhookShardsTakenOver).toBe(1);
  });

  it('takes no grace with it', async () => {
    const doomed = await start({ settings: { graceMs: 3000 } });
    await add(doomed, vacated('a'));
    await add(doomed, vacated('b'));
    doomed.vanish();
    membership.remove(doomed.id);
    const other = await start({ settings: { graceMs: 3000 } });
    await add(other, occupied('b'));
    await receiver.until(1);
    await add(other, miss('b'));
    await receiver.until(2);
    expect(receiver.events.map(brief)).toEqual(['channel_vacated a', 'cache_miss b']);
  });

  it("doesn't make other receivers hear again what they have heard", async () => {
    const dead = await WebhookReceiver.start();
    await dead.stopListening();
    const webhooks = [{ url: receiver.url }, { url: dead.url }];
    const doomed = await start({ webhooks });
    await Promise.all(CHANNELS.map((channel) => add(doomed, says(channel, 0))));
    await receiver.until(CHANNELS.length);
    const [server] = redis.servers;
    await eventually(async () => {
      const noted = await Promise.all(
        ((await server?.client.keys('*:progress')) ?? []).map((key) => server?.client.hlen(key) ?? 0),
      );
      expect(noted.reduce((sum, one) => sum + one, 0)).toBe(CHANNELS.length);
    });
    doomed.vanish();
    membership.remove(doomed.id);
    await start({ webhooks });
    await dead.listenAgain();
    await dead.until(CHANNELS.length);
    expect(heard(dead.events)).toEqual(everything(1));
    expect(receiver.events).toHaveLength(CHANNELS.length);
    await expectEmpty();
    await dead.close();
  });
});

describe('a node that is cut off', () => {
  it('stops delivering before another begins, and begins afresh when it is back', async () => {
    receiver.answer = fail;
    const proxy = await TcpProxy.start(redis.servers[0]?.port ?? 0);
    const cutOff = await start({ redis: `redis://127.0.0.1:${proxy.port}`, ...HASTY });
    await add(cutOff, says('channel-0', 0));
    await eventually(() => expect(cutOff.posts.length).toBeGreaterThan(0));
    proxy.stall();
    membership.remove(cutOff.id);
    // It thinks that it lives, as one that nobody can tell otherwise.
    const other = await start(HASTY);
    const before = await eventually(() => {
      expect(other.posts.length).toBeGreaterThan(0);
      return cutOff.posts.length;
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(cutOff.posts.length).toBe(before);
    receiver.answer = accept;
    await receiver.until(1);
    proxy.resume();
    membership.set(cutOff.id);
    await eventually(async () => {
      await add(other, says('channel-0', 1));
      expect(cutOff.posts.length).toBeGreaterThan(before);
    });
    expect(receiver.events.filter(({ data }) => data === '0')).toHaveLength(1);
    await proxy.stop();
  });

  it('looks at once for what was queued while it heard no hints', async () => {
    const node = await start();
    await node.webhooks.queue.add(APP, says('channel-0', 0));
    await receiver.until(1);
    await redis.servers[0]?.client.client('KILL', 'TYPE', 'PUBSUB');
    await node.webhooks.queue.add(APP, says('channel-1', 1));
    await receiver.until(2);
  });

  it('keeps what it has to report until Redis is back, in order', async () => {
    const proxy = await TcpProxy.start(redis.servers[0]?.port ?? 0);
    const node = await start({ redis: `redis://127.0.0.1:${proxy.port}` });
    proxy.refuse();
    await eventually(() => expect(node.warnings).toContain('Redis connection lost'));
    const added = Promise.all(Array.from({ length: EACH }, (_, n) => add(node, says('channel-0', n))));
    proxy.resume();
    await added;
    await receiver.until(EACH);
    expect(heard(receiver.events).get('channel-0')).toEqual(everything(EACH).get('channel-0'));
    await proxy.stop();
  });

  it('says so when there is no room for more', async () => {
    const proxy = await TcpProxy.start(redis.servers[0]?.port ?? 0);
    const node = await start({ redis: `redis://127.0.0.1:${proxy.port}`, settings: { queueLimit: 3 } });
    proxy.refuse();
    await eventually(() => expect(node.warnings).toContain('Redis connection lost'));
    const adding = Array.from({ length: 4 }, (_, n) => add(node, says('channel-0', n)));
    await expect(adding[3]).rejects.toThrow('Redis is away, and too many webhook events wait for it');
    expect(node.warnings).toContain('webhook lost: Redis is away, no room to wait');
    proxy.resume();
    await receiver.until(3);
    expect(receiver.events.map(({ data }) => data)).toEqual(['0', '1', '2']);
    await proxy.stop();
  });
});

describe('a Redis that is started again', () => {
  const started: RedisProcess[] = [];
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });

  async function server(...config: string[]): Promise<RedisProcess> {
    const process = await RedisProcess.start({ config });
    started.push(process);
    return process;
  }

  it('with its data loses nothing', async () => {
    receiver.answer = slowly;
    const own = await server('appendonly yes', 'appendfsync always');
    const options = { redis: own.url, ...HASTY };
    await start(options);
    await start(options);
    const talking = talk(nodes, 0, EACH);
    await receiver.until(CHANNELS.length);
    await own.kill();
    await own.restart();
    await talking;
    await eventually(() => expect(heard(receiver.events)).toEqual(everything(EACH)));
    for (const node of nodes.splice(0)) await node.stop();
  });

  it('without its data goes on with what comes then', async () => {
    const own = await server();
    const node = await start({ redis: own.url });
    await talk([node], 0, 1);
    await own.kill();
    await own.restart();
    await talk([node], 1, 2);
    await eventually(() => {
      for (const numbers of heard(receiver.events).values()) expect(numbers).toContain(1);
    });
    for (const one of nodes.splice(0)) await one.stop();
  });
});

describe('a grace', () => {
  it('is ended by a return that another node sees: neither is sent', async () => {
    const settings = { graceMs: 2000 };
    const [one, other] = [await start({ settings }), await start({ settings })];
    await add(one, vacated('a'));
    await add(other, occupied('a'));
    await add(one, { name: 'member_removed', channel: 'presence-a', userId: '7\nx' });
    await add(other, { name: 'member_added', channel: 'presence-a', userId: '7\nx' });
    await add(one, { name: 'member_removed', channel: 'presence-a', userId: '8' });
    await receiver.until(1);
    await add(one, miss('a'));
    await receiver.until(2);
    expect(receiver.events.map(brief)).toEqual(['member_removed presence-a', 'cache_miss a']);
    expect(receiver.events[0]).toMatchObject({ user_id: '8' });
  });

  it('that ended while nobody delivered counts: the stay is over, and the return comes after it', async () => {
    const node = await start({ settings: { graceMs: 100 } });
    membership.set();
    await add(node, { name: 'member_removed', channel: 'presence-a', userId: '7' });
    await add(node, vacated('presence-a'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await add(node, occupied('presence-a'));
    await add(node, { name: 'member_added', channel: 'presence-a', userId: '7' });
    membership.set(node.id);
    await receiver.until(4);
    expect(receiver.names).toEqual(['member_removed', 'channel_vacated', 'channel_occupied', 'member_added']);
  });
});

describe('bounds', () => {
  it('past the limit of a shard the oldest become dead letters, past that they are lost and it is logged', async () => {
    const node = await start({ settings: { queueLimit: 5 } });
    membership.set();
    for (let n = 0; n < 13; n += 1) await add(node, says('a', n));
    membership.set(node.id);
    await receiver.until(5);
    expect(receiver.events.map(({ data }) => data)).toEqual(['8', '9', '10', '11', '12']);
    await eventually(async () => {
      const { letters } = await node.webhooks.deadLetters.list(ALL);
      expect(letters.map(({ event, reason }) => [JSON.parse(event.json).data, reason])).toEqual(
        ['3', '4', '5', '6', '7'].map((data) => [data, 'the queue was full']),
      );
    });
    expect(node.warnings).toContain('webhooks lost: too many dead letters');
    await eventually(async () => {
      const shard = shardOf(APP, 'a');
      expect(await redis.servers[0]?.client.xlen(`carillon:{${shard}}:spilled`)).toBe(0);
    });
  });
});

describe('an entry that this version does not understand', () => {
  it('stays for a later one, and holds up nothing', async () => {
    const node = await start();
    const [server] = redis.servers;
    const stream = `carillon:{${shardOf(APP, 'a')}}:webhooks`;
    await server?.client.xadd(stream, '*', 'k', 'something_new', 'c', 'a');
    await server?.client.xadd(
      stream,
      '*',
      't',
      '1',
      'i',
      'x',
      'a',
      APP,
      'k',
      'client_event',
      'c',
      'a',
      'e',
      '{',
    );
    await add(node, miss('a'));
    await receiver.until(1);
    expect(receiver.events.map(brief)).toEqual(['cache_miss a']);
    await eventually(async () => expect(await server?.client.xlen(stream)).toBe(2));
    expect(node.warnings).toContain('webhook event not understood');
  });
});

describe('very many entries that this version does not understand', () => {
  it('hold up nothing that comes after them, be it to be sent or to become dead letters', async () => {
    const [server] = redis.servers;
    const base = `carillon:{${shardOf(APP, 'a')}}`;
    const strange = ['k', 'something_new', 'c', 'a'];
    // More than are read at once, of either kind.
    for (let n = 0; n < 450; n += 1) {
      await server?.client.xadd(`${base}:webhooks`, '*', ...strange);
      await server?.client.xadd(`${base}:spilled`, '*', ...strange);
    }
    const known = ['t', '1', 'i', 'x', 'a', APP, 'k', 'cache_miss', 'c', 'a', 'u', '', 'e', ''];
    await server?.client.xadd(`${base}:spilled`, '*', ...known);
    const node = await start();
    await add(node, miss('a'));
    await receiver.until(1);
    expect(receiver.events.map(brief)).toEqual(['cache_miss a']);
    await eventually(async () => {
      const { letters } = await node.webhooks.deadLetters.list(ALL);
      expect(letters.map(({ event }) => event.id)).toEqual(['x']);
      expect(await server?.client.xlen(`${base}:webhooks`)).toBe(450);
      expect(await server?.client.xlen(`${base}:spilled`)).toBe(450);
    });
  });
});

describe('dead letters', () => {
  it('are seen by all nodes, taken once, and replayed by any', async () => {
    receiver.answer = fail;
    const [one, other] = [
      await start({ settings: { retrySeconds: 0 } }),
      await start({ settings: { retrySeconds: 0 } }),
    ];
    await add(one, miss('a'));
    const letter = await eventually(async () => {
      const [first] = (await other.webhooks.deadLetters.list(ALL)).letters;
      if (first === undefined) throw new Error('there is none yet');
      return first;
    });
    expect(letter).toMatchObject({ appId: APP, attempts: 1, reason: 'the answer has status 500' });
    receiver.answer = accept;
    const ids = [letter.id];
    const taken = await Promise.all(nodes.map(({ webhooks }) => webhooks.deadLetters.take({ ids })));
    expect(taken.flat()).toEqual([letter]);
    const endpoint = other.endpoints.find(APP, letter.endpoint);
    if (endpoint === undefined) throw new Error('the endpoint is configured');
    await other.webhooks.queue.replay(endpoint, [letter.event]);
    await other.webhooks.deadLetters.forget([letter]);
    const [replayed] = await receiver.until(1);
    expect(replayed).toEqual(JSON.parse(letter.event.json));
  });

  it('of one who took them and died come back', async () => {
    const node = await start();
    const event = { id: 'e', channel: 'c', at: 1, json: '{}' };
    const { deadLetters } = node.webhooks;
    await deadLetters.add([{ appId: APP, endpoint: 'x', event, attempts: 1, reason: 'r' }]);
    const [letter] = await deadLetters.take({ appId: APP, endpoint: undefined });
    expect((await deadLetters.list(ALL)).letters).toEqual([]);
    const [server] = redis.servers;
    const [key = ''] = (await server?.client.keys('*letters-taken')) ?? [];
    // As if a minute had passed.
    await server?.client.zincrby(key, -60_001, letter?.id ?? '');
    expect((await deadLetters.list(ALL)).letters).toEqual([letter]);
  });
});

describe('a script that decides a transition', () => {
  it('queues its events in the same step and in their order, each with an id of its own', async () => {
    const node = await start();
    const connections = await connectRedis({ url: redis.url });
    const { keys } = connections;
    const shard = shardOf(APP, 'presence-a');
    const join = script(`${LUA_CLOCK}${WEBHOOK_LUA}
      local hooks = webhooks_at(1, 2, clock())
      redis.call('SADD', KEYS[1], ARGV[2])
      webhook(hooks, ARGV[1], 'channel_occupied', 'presence-a', '', '')
      webhook(hooks, ARGV[1], 'member_added', 'presence-a', ARGV[2], '')
    `);
    const hookKeys = webhookKeys(keys, shard);
    const hookArgs = webhookArgs(keys, shard, node.webhooks.lua, 'some-id');
    expect([hookKeys.length, hookArgs.length]).toEqual([WEBHOOK_KEY_COUNT, WEBHOOK_ARG_COUNT]);
    await connections.run(join, [keys.ofShard(shard, 'test'), ...hookKeys], [APP, 'é"\n7', ...hookArgs]);
    connections.close();
    await receiver.until(2);
    expect(receiver.events).toEqual([
      { name: 'channel_occupied', channel: 'presence-a', id: 'some-id' },
      { name: 'member_added', channel: 'presence-a', user_id: 'é"\n7', id: 'some-id-2' },
    ]);
  });
});

describe('on a Redis Cluster', () => {
  let cluster: RedisUnderTest;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  it('nodes share the work, and what one that dies leaves is sent by the other, in order', async () => {
    receiver.answer = slowly;
    const doomed = await start({ redis: cluster.url });
    const other = await start({ redis: cluster.url });
    await talk(nodes, 0, EACH);
    await receiver.until(CHANNELS.length * EACH);
    expect(receiver.events).toHaveLength(CHANNELS.length * EACH);
    const talking = talk([other], EACH, 2 * EACH);
    await receiver.until(CHANNELS.length * (EACH + 1));
    doomed.vanish();
    await talking;
    membership.remove(doomed.id);
    await eventually(() => expect(heard(receiver.events)).toEqual(everything(2 * EACH)));
  });
});
