/** Buckets that all nodes share, in Redis' own time. While Redis is away each node limits by itself. See the port. */
import { Unavailable } from '../lib/unavailable.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { Rate } from '../limits/token-bucket.ts';
import type { RedisConnections } from './redis-connections.ts';
import { script } from './scripts.ts';

/**
 * `takeToken` of token-bucket.ts over KEYS[1], which holds when the bucket is full again and is gone once it is.
 * ARGV: milliseconds a token takes, burst. Numbers go out as text, because Redis cuts a Lua number at its point.
 */
const TAKE = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local token = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
local from = math.min(math.max(full, now), now + burst * token)
local wait = math.ceil(from - now - (burst - 1) * token)
if wait > 0 then return wait end
local fullAt = from + token
redis.call('SET', KEYS[1], string.format('%.3f', fullAt), 'PX', math.max(1, math.ceil(fullAt - now)))
return 0
`);

export class RedisRateLimiter implements RateLimiter {
  readonly #connections: RedisConnections;
  readonly #alone: RateLimiter;

  /** @param alone what limits this node while Redis is away */
  constructor(connections: RedisConnections, alone: RateLimiter) {
    this.#connections = connections;
    this.#alone = alone;
  }

  async take(name: string, rate: Rate): Promise<number> {
    if (rate.perSecond === 0) return 0;
    try {
      const key = this.#connections.keys.bucket(name);
      return Number(await this.#connections.run(TAKE, [key], [1000 / rate.perSecond, rate.burst]));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#alone.take(name, rate);
    }
  }
}
