/** Whether a Redis will do: looked at once, when a node starts, so that what is wrong shows there and not at a client. */
import { redisFailure } from './failures.ts';
import type { RedisConnections } from './redis-connections.ts';
import { script } from './scripts.ts';

/** Sharded pub/sub and what the scripts use came with it. */
const LEAST_MAJOR = 7;

/** Does what all scripts do: reads the time, writes with an end, publishes. */
const PROBE = script(`
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'PX', 1000)
redis.call(ARGV[1], ARGV[2], '')
return redis.call('DEL', KEYS[1])
`);

/** Completes "Redis at …"; undefined when all is well. */
export async function startProblem(connections: RedisConnections): Promise<string | undefined> {
  const major = await majorVersion(connections);
  if (major !== undefined && major < LEAST_MAJOR) {
    return `is version ${major}; Carillon needs Redis ${LEAST_MAJOR} or newer, or Valkey`;
  }
  const { keys, publishCommand } = connections;
  try {
    await connections.run(PROBE, [keys.check()], [publishCommand, keys.control()]);
    return undefined;
  } catch (error) {
    const { message } = redisFailure(error);
    return (
      `doesn't let Carillon run its scripts: ${message}. Its user needs the keys and the pub/sub channels that start ` +
      'with redis.keyPrefix (docs/clustering.md), and Redis must be a master with room to write'
    );
  }
}

/** Undefined where the user may not ask. */
async function majorVersion(connections: RedisConnections): Promise<number | undefined> {
  try {
    const info = await connections.command((client) => client.info('server'));
    const [, major] = /redis_version:(\d+)/.exec(String(info)) ?? [];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}
