/** Leases of nodes, kept by Redis' own clock. Keys have the tag `{nodes}`; docs/clustering.md has the table. */
import { script } from '../redis/scripts.ts';
import { LUA_CLOCK } from '../redis/webhook-lua.ts';

/**
 * Renews a node's lease. KEYS: leases, swept, sweeping. ARGV: node, milliseconds, '1' for a node that has none yet.
 * Returns ['ok', live nodes, nodes to be swept: lapsed ones, and those whose sweep nobody has finished in time],
 * ['swept'], or ['unknown'] when Redis has forgotten the node.
 */
export const RENEW = script(`${LUA_CLOCK}
local leases, swept, sweeping, node, lease, isNew = KEYS[1], KEYS[2], KEYS[3], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local now = clock()
if isNew ~= '1' and not redis.call('ZSCORE', leases, node) then
  return {redis.call('ZSCORE', swept, node) and 'swept' or 'unknown'}
end
redis.call('ZADD', leases, now + lease, node)
local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', '(' .. now)
for _, unfinished in ipairs(redis.call('ZRANGEBYSCORE', sweeping, '-inf', '(' .. now)) do
  dead[#dead + 1] = unfinished
end
return {'ok', redis.call('ZRANGEBYSCORE', leases, now, '+inf'), dead}
`);

/**
 * Takes it on to sweep a node whose lease has lapsed; the lease is gone with it, so the node can't renew it any more.
 * KEYS: leases, swept, sweeping. ARGV: node, milliseconds others are kept from doing the same, milliseconds that
 * the node is remembered as swept. Returns 1 if it is the caller's to do.
 */
export const CLAIM_SWEEP = script(`${LUA_CLOCK}
local leases, swept, sweeping, node = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local now = clock()
local lease = redis.call('ZSCORE', leases, node)
local claimed = redis.call('ZSCORE', sweeping, node)
if lease and tonumber(lease) >= now then return 0 end
if not lease and not claimed then return 0 end
if claimed and tonumber(claimed) >= now then return 0 end
redis.call('ZREM', leases, node)
redis.call('ZADD', sweeping, now + tonumber(ARGV[2]), node)
redis.call('ZADD', swept, now + tonumber(ARGV[3]), node)
redis.call('ZREMRANGEBYSCORE', swept, '-inf', now)
return 1
`);

/** A node goes by itself. KEYS: leases, swept, sweeping. ARGV as for CLAIM_SWEEP. */
export const WITHDRAW = script(`${LUA_CLOCK}
local leases, swept, sweeping, node = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local now = clock()
redis.call('ZREM', leases, node)
redis.call('ZADD', sweeping, now + tonumber(ARGV[2]), node)
redis.call('ZADD', swept, now + tonumber(ARGV[3]), node)
redis.call('ZREMRANGEBYSCORE', swept, '-inf', now)
`);

/** A sweep is done. KEYS: sweeping. ARGV: node. */
export const FINISH_SWEEP = script(`
return redis.call('ZREM', KEYS[1], ARGV[1])
`);
