/** What the tests of whole clusters share: three nodes over one Redis, their clients, and the backend they report to. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { api } from '../support/api.ts';
import { ClusterNode, type RedisAddress } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { joinPresence } from '../support/joining.ts';
import { dataOf, RawClient } from '../support/raw-client.ts';
import { RedisProcess } from '../support/redis-process.ts';
import { DEFAULT_APP, type TestServer } from '../support/server.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

export interface ClusterUnderTest {
  readonly nodes: readonly ClusterNode[];
  readonly receiver: WebhookReceiver;
  /** A client of a node; closed after the test. */
  client(node: TestServer): Promise<RawClient>;
}

/** Webhooks wait for nothing that is not being tested. */
export const HASTY = {
  CARILLON_WEBHOOKS_GRACE_MS: '300',
  CARILLON_WEBHOOKS_BATCH_MS: '10',
  CARILLON_WEBHOOKS_RETRY_FIRST_MS: '100',
};

/** Starts nodes for the tests of one file, and again those that a test has left dead, asleep or cut off. */
export function useCluster(
  size: number,
  redis: () => RedisAddress,
  env: Record<string, string> = HASTY,
): ClusterUnderTest {
  const nodes: ClusterNode[] = [];
  const clients: RawClient[] = [];
  let receiver: WebhookReceiver | undefined;
  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
    const { url } = receiver;
    const starting = Array.from({ length: size }, () =>
      ClusterNode.start(redis(), { CARILLON_WEBHOOK_URL: url, ...env }),
    );
    nodes.push(...(await Promise.all(starting)));
  }, 60_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    for (const node of nodes) {
      node.wake();
      node.reconnect();
      if (!node.isRunning) await node.restart();
    }
  }, 60_000);
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await receiver?.close();
  });
  return {
    nodes,
    get receiver() {
      if (receiver === undefined) throw new Error('the receiver is not started yet');
      return receiver;
    },
    async client(node) {
      const client = await RawClient.connect(node);
      clients.push(client);
      return client;
    },
  };
}

/** A Redis for the tests of one file. */
export function useRedis(config: readonly string[] = []): () => RedisProcess {
  let redis: RedisProcess | undefined;
  beforeAll(async () => {
    redis = await RedisProcess.start({ config });
  });
  afterAll(() => redis?.stop());
  return () => {
    if (redis === undefined) throw new Error('Redis is not started yet');
    return redis;
  };
}

/** Joins a presence channel as a user; returns the users it found there, itself included. */
export async function enter(client: RawClient, channel: string, userId: string): Promise<string[]> {
  const answer = await joinPresence(client, DEFAULT_APP, channel, { user_id: userId });
  const { presence } = dataOf(answer) as { presence: { ids: string[] } };
  return presence.ids.sort();
}

async function usersAt(node: TestServer, channel: string): Promise<string[]> {
  const { users } = (await api(node, 'GET', `/channels/${channel}/users`)).json() as {
    users: { id: string }[];
  };
  return users.map(({ id }) => id).sort();
}

export async function occupiedAt(node: TestServer, channel: string): Promise<boolean> {
  const { occupied } = (await api(node, 'GET', `/channels/${channel}`)).json() as { occupied: boolean };
  return occupied;
}

/** Every node of these says that exactly these users are there, after `ms` at the latest. */
export async function expectUsers(
  nodes: readonly TestServer[],
  channel: string,
  users: readonly string[],
  ms?: number,
): Promise<void> {
  await eventually(async () => {
    for (const node of nodes) expect(await usersAt(node, channel)).toEqual(users);
  }, ms);
}

/** What the backend heard about a channel, in order: kind and user; repetitions of one event count once. */
export function reported(receiver: WebhookReceiver, channel: string): string[] {
  const seen = new Set<string>();
  return receiver.events
    .filter((event) => event.channel === channel && !seen.has(event.id) && seen.add(event.id))
    .filter(({ name }) => name !== 'subscription_count')
    .map(({ name, user_id: userId }) => (userId === undefined ? name : `${name} ${userId}`));
}
