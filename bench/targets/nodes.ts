/** Several servers of one kind with a Redis between them, as one target. */
import { startRedis } from '../cluster/redis.ts';
import type { RunningTarget } from './target.ts';

/** Starts one server: by itself, or as a node of a cluster over the Redis at a URL. */
export type StartServer = (redisUrl: string | undefined) => Promise<RunningTarget>;

export async function startNodes(start: StartServer, count: number | undefined): Promise<RunningTarget> {
  if (count === undefined) return start(undefined);
  const redis = await startRedis();
  const first = await start(redis.url);
  const peers: RunningTarget[] = [];
  while (peers.length < count - 1) peers.push(await start(redis.url));
  return {
    ...first,
    peers,
    redisPid: redis.pid,
    redisUrl: redis.url,
    async stop() {
      for (const node of [...peers, first]) await node.stop();
      await redis.stop();
    },
  };
}
