/** What each thing that clients do costs Redis: counted by Redis itself, over whole nodes. docs/clustering.md has the table. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
import type { ClusterNode } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { joinPresence, signIn } from '../support/joining.ts';
import type { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { type ClusterUnderTest, useCluster, useRedis } from './cluster-support.ts';

/** A command, with those it did within if it is a script. */
interface Done {
  readonly name: string;
  readonly within: string[];
}

const redis = useRedis();
const done: Done[] = [];
let monitor: Redis;

/** In the names of what is done before anything is counted, so that Redis knows the scripts. */
const BEFOREHAND = 'beforehand';

beforeAll(async () => {
  monitor = await redis().client.duplicate().monitor();
  monitor.on('monitor', (_time: string, [name = '', ...args]: string[], source: string) => {
    if (source === 'lua') done.at(-1)?.within.push(name.toLowerCase());
    else done.push({ name: isAside(args) ? 'aside' : name.toLowerCase(), within: [] });
  });
});
afterAll(() => monitor.disconnect());

/** Leases, the delivery of webhooks (which test/redis/webhook-commands.test.ts is about), and what is not counted. */
function isAside(args: readonly string[]): boolean {
  return args.some((arg) => arg.includes('{nodes}') || arg.endsWith(':owner') || arg.includes(BEFOREHAND));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Commands by name; `within`: those done within scripts. */
async function counted(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await pause(300);
  done.length = 0;
  await work();
  await pause(300);
  const counts: Record<string, number> = {};
  for (const { name, within } of done) {
    if (name === 'aside' || name === 'ping') continue;
    counts[name] = (counts[name] ?? 0) + 1;
    if (within.length > 0) counts['within'] = (counts['within'] ?? 0) + within.length;
  }
  return counts;
}

type Count = (work: () => Promise<unknown>) => Promise<Record<string, number>>;

const uncounted: Count = async (work) => {
  await work();
  return {};
};

type Counts = Record<string, Record<string, number>>;

/** Everything a client can do that Redis hears of, on a node that it is alone on. */
function costs(cluster: ClusterUnderTest, expected: Record<'channel' | 'presence' | 'user', Counts>): void {
  const node = (): ClusterNode => {
    const [only] = cluster.nodes;
    if (only === undefined) throw new Error('a node was started');
    return only;
  };
  const leave = async (one: RawClient, channel: string): Promise<void> => {
    one.send({ event: 'pusher:unsubscribe', data: { channel } });
    await one.barrier();
  };
  /** The second time is the one that counts. */
  const twice = async (work: (name: string, count: Count) => Promise<Counts>): Promise<Counts> => {
    await work(BEFOREHAND, uncounted);
    return work('room', counted);
  };
  const two = async (): Promise<[RawClient, RawClient]> => [
    await cluster.client(node()),
    await cluster.client(node()),
  ];

  it('for subscribing to a channel, publishing to it, and leaving it', async () => {
    const found = await twice(async (name, count) => {
      const [one, other] = await two();
      return {
        first: await count(() => one.subscribe(name)),
        further: await count(() => other.subscribe(name)),
        publish: await count(() => trigger(node(), name, 'e', 'x')),
        notTheLast: await count(() => leave(one, name)),
        last: await count(() => leave(other, name)),
      };
    });
    // Some seconds later nobody has come back.
    const later = await counted(() => pause(4500));
    expect({ ...found, later }).toEqual(expected.channel);
  });

  it('for members who join a presence channel, and leave it', async () => {
    const found = await twice(async (name, count) => {
      const [one, other] = await two();
      const join = (client: RawClient, id: string): Promise<unknown> =>
        joinPresence(client, DEFAULT_APP, `presence-${name}`, { user_id: id });
      return {
        first: await count(() => join(one, '1')),
        further: await count(() => join(other, '2')),
        notTheLast: await count(() => leave(one, `presence-${name}`)),
        last: await count(() => leave(other, `presence-${name}`)),
      };
    });
    expect(found).toEqual(expected.presence);
  });

  it('for users who sign in, and go', async () => {
    const found = await twice(async (id, count) => {
      const [one, other] = await two();
      return {
        first: await count(() => signIn(one, DEFAULT_APP, { id })),
        further: await count(() => signIn(other, DEFAULT_APP, { id })),
        notTheLast: await count(async () => one.socket.terminate()),
        last: await count(async () => other.socket.terminate()),
      };
    });
    expect(found).toEqual(expected.user);
  });
}

const USERS: Counts = {
  first: { evalsha: 1, within: 7 },
  further: {},
  notTheLast: {},
  last: { evalsha: 1, within: 7 },
};

describe('without webhooks Redis has to do', () => {
  const cluster = useCluster(1, () => ({ url: redis().url }), { CARILLON_WEBHOOK_URL: '' });
  costs(cluster, {
    channel: {
      first: { evalsha: 1, within: 9, subscribe: 1 },
      further: { evalsha: 1, within: 9 },
      publish: { publish: 1 },
      notTheLast: { evalsha: 1, within: 9 },
      last: { evalsha: 1, within: 9 },
      later: { unsubscribe: 1 },
    },
    // A script for the member, and one for the number of subscriptions.
    presence: {
      first: { evalsha: 2, within: 24, subscribe: 1 },
      further: { evalsha: 2, within: 21 },
      notTheLast: { evalsha: 2, within: 18 },
      last: { evalsha: 2, within: 21 },
    },
    user: USERS,
  });
});

describe('with webhooks, beside delivering them, Redis has to do', () => {
  const cluster = useCluster(1, () => ({ url: redis().url }));
  // A node takes over the shards of webhooks some seconds after its start.
  beforeAll(() =>
    eventually(() => expect(done.filter(({ name }) => name === 'del').length).toBeGreaterThanOrEqual(64)),
  );
  costs(cluster, {
    channel: {
      first: { evalsha: 1, within: 16, subscribe: 1 },
      further: { evalsha: 1, within: 12 },
      publish: { publish: 1 },
      notTheLast: { evalsha: 1, within: 12 },
      last: { evalsha: 1, within: 15 },
      later: { unsubscribe: 1 },
    },
    presence: {
      first: { evalsha: 2, within: 32, subscribe: 1 },
      further: { evalsha: 2, within: 25 },
      notTheLast: { evalsha: 2, within: 21 },
      last: { evalsha: 2, within: 26 },
    },
    user: USERS,
  });
});
