/** What each thing that clients do costs Redis: counted by Redis itself, over whole nodes. docs/clustering.md has the table. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trigger } from '../support/api.ts';
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

beforeAll(async () => {
  monitor = await redis().client.duplicate().monitor();
  monitor.on('monitor', (_time: string, [name = '', ...args]: string[], source: string) => {
    if (source === 'lua') done.at(-1)?.within.push(name.toLowerCase());
    // What nodes do whoever is connected: leases, and asking whether a connection still is one.
    else if (args.some((arg) => arg.includes('{nodes}'))) done.push({ name: 'aside', within: [] });
    else done.push({ name: name.toLowerCase(), within: [] });
  });
});
afterAll(() => monitor.disconnect());
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Commands by name, and how many were done within scripts. Empties the count. */
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

/** Everything a client can do that Redis hears of, on a node that it is alone on. */
function behaviours(
  cluster: ClusterUnderTest,
  costs: Readonly<Record<string, Record<string, number>>>,
): void {
  const client = (): Promise<RawClient> => {
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error('a node was started');
    return cluster.client(node);
  };
  const leave = async (one: RawClient, channel: string): Promise<void> => {
    one.send({ event: 'pusher:unsubscribe', data: { channel } });
    await one.barrier();
  };

  it('for the first subscription to a channel, further ones, and the last to leave', async () => {
    const [first, second] = [await client(), await client()];
    expect(await counted(() => first.subscribe('room'))).toEqual(costs['first']);
    expect(await counted(() => second.subscribe('room'))).toEqual(costs['further']);
    expect(await counted(() => leave(first, 'room'))).toEqual(costs['notLast']);
    expect(await counted(() => leave(second, 'room'))).toEqual(costs['last']);
    // Some seconds later nobody has come back.
    expect(await counted(() => pause(4500))).toEqual({ unsubscribe: 1 });
  });

  it('for a publish', async () => {
    const [node] = cluster.nodes;
    const subscriber = await client();
    await subscriber.subscribe('published');
    if (node === undefined) throw new Error('a node was started');
    expect(await counted(() => trigger(node, 'published', 'e', 'x'))).toEqual({ publish: 1 });
  });

  it('for members who join a presence channel, and leave it', async () => {
    const [first, second] = [await client(), await client()];
    const join = (one: RawClient, userId: string) =>
      joinPresence(one, DEFAULT_APP, 'presence-room', { user_id: userId });
    expect(await counted(() => join(first, '1'))).toEqual(costs['firstMember']);
    expect(await counted(() => join(second, '2'))).toEqual(costs['member']);
    expect(await counted(() => leave(first, 'presence-room'))).toEqual(costs['memberLeaves']);
    expect(await counted(() => leave(second, 'presence-room'))).toEqual(costs['lastMemberLeaves']);
  });

  it('for users who sign in, and go', async () => {
    const [first, second] = [await client(), await client()];
    expect(await counted(() => signIn(first, DEFAULT_APP, { id: 'user' }))).toEqual(costs['signIn']);
    expect(await counted(() => signIn(second, DEFAULT_APP, { id: 'user' }))).toEqual(costs['signInAgain']);
    expect(await counted(async () => first.socket.terminate())).toEqual({});
    expect(await counted(async () => second.socket.terminate())).toEqual(costs['signOut']);
  });
}

describe('without webhooks Redis has to do', () => {
  const cluster = useCluster(1, () => ({ url: redis().url }), { CARILLON_WEBHOOK_URL: '' });
  behaviours(cluster, {});
});

describe('with webhooks Redis has to do', () => {
  const cluster = useCluster(1, () => ({ url: redis().url }));
  behaviours(cluster, {});
});
