/** What the tests of presence without sockets share: nodes over a Redis of the test's own, and what is said about one room. */
import { afterEach, beforeEach } from 'vitest';
import { type PresenceNode, presenceNode, webhooksIn } from './presence-cluster.ts';
import { RedisProcess } from './redis-process.ts';

export const APP = 'counting-app';
export const ROOM = 'presence-room';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A member of the room, or of another presence channel. */
export const join = (node: PresenceNode, userId: string, channel = ROOM) =>
  node.presence.join(APP, channel, { userId, userInfo: undefined }, '1.1', 0);

/** As Redis has them, sorted. */
export async function members(node: PresenceNode, channel = ROOM): Promise<string[]> {
  return [...(await node.presence.members(APP, channel))].sort();
}

/** Kind and user or channel of each webhook event, in the order of each channel. */
export async function reported(node: PresenceNode): Promise<string[]> {
  return (await webhooksIn(node)).map((event) =>
    'userId' in event ? `${event.name} ${event.userId}` : `${event.name} ${event.channel}`,
  );
}

/** Users of the events of a kind that reached the node's sockets. */
export function told(node: PresenceNode, event: string): string[] {
  return node.delivered.flatMap(({ frame }) => {
    const parsed = JSON.parse(frame) as { event: string; data: string };
    if (!parsed.event.endsWith(event)) return [];
    return [(JSON.parse(parsed.data) as { user_id: string }).user_id];
  });
}

export interface PresenceRoom {
  readonly redis: RedisProcess;
  /** A node that follows the room. */
  start(url?: string): Promise<PresenceNode>;
  /** Ends all nodes without a word. */
  crashAll(): void;
}

/** A Redis and nodes for each test of a file. */
export function usePresenceRoom(): PresenceRoom {
  let redis: RedisProcess | undefined;
  const nodes: PresenceNode[] = [];
  const given = (): RedisProcess => {
    if (redis === undefined) throw new Error('Redis is not started yet');
    return redis;
  };
  const crashAll = (): void => {
    for (const node of nodes.splice(0)) node.crash();
  };
  beforeEach(async () => {
    redis = await RedisProcess.start();
  });
  afterEach(async () => {
    crashAll();
    await given().stop();
  });
  return {
    get redis() {
      return given();
    },
    async start(url = given().url) {
      const node = await presenceNode(url);
      nodes.push(node);
      await node.broker.follow(APP, ROOM);
      return node;
    },
    crashAll,
  };
}
