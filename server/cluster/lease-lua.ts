/** Leases of nodes, kept by Redis' own clock. Keys have the tag `{nodes}`; docs/clustering.md has the table. */
import { script } from '../redis/scripts.ts';
import { LUA_CLOCK } from '../redis/webhook-lua.ts';

/**
 * Renews a node's lease. KEYS: leases, swept, sweeping, restoring. ARGV: node, milliseconds, '1' for a node that has none
 * yet. Returns ['ok', live nodes, nodes to be swept: lapsed ones, and those whose sweep nobody has finished in time,
 * milliseconds for which nodes may still be putting back what Redis has lost], ['swept'], or ['unknown'] when Redis has
 * forgotten the node: from the first one that finds this, all have the time of a lease to put back what is theirs.
 */
export const RENEW = script(`${LUA_CLOCK}
local leases, swept, sweeping, restoring = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local node, lease, isNew = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local now = clock()
if isNew ~= '1' and not redis.call('ZSCORE', leases, node) then
  if redis.call('ZSCORE', swept, node) then return {'swept'} end
  redis.call('SET', restoring, 1, 'NX', 'PX', lease)
  return {'unknown'}
end
redis.call('ZADD', leases, now + lease, node)
local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', '(' .. now)
for _, unfinished in ipairs(redis.call('ZRANGEBYSCORE', sweeping, '-inf', '(' .. now)) do
  dead[#dead + 1] = unfinished
end
return {'ok', redis.call('ZRANGEBYSCORE', leases, now, '+inf'), dead, math.max(0, redis.call('PTTL', restoring))}
`);

/**
 * Takes it on to sweep a node whose lease has lapsed; the lease is gone with it, so the node can't renew it any more.
 * KEYS: leases, swept, sweeping. ARGV: node, milliseconds others are kept from doing the same, milliseconds that
 * the node is remembered as swept, '1' for a node whose lease Redis has forgotten. Returns 1 if it is the caller's to do.
 */
export const CLAIM_SWEEP = script(`${LUA_CLOCK}
local leases, swept, sweeping, node = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local now = clock()
local lease = redis.call('ZSCORE', leases, node)
local claimed = redis.call('ZSCORE', sweeping, node)
if lease and tonumber(lease) >= now then return 0 end
if not lease and not claimed and (ARGV[4] ~= '1' or redis.call('ZSCORE', swept, node)) then return 0 end
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

/**
 * Which nodes of those that Redis has forgotten have not come back under another id, and are not being swept. Once there
 * are none, nobody need wait for any. KEYS: leases, swept, restoring. ARGV: node ids.
 */
export const MISSING = script(`
local missing = {}
for _, node in ipairs(ARGV) do
  if not redis.call('ZSCORE', KEYS[1], node) and not redis.call('ZSCORE', KEYS[2], node) then
    missing[#missing + 1] = node
  end
end
if #missing == 0 then redis.call('DEL', KEYS[3]) end
return missing
`);

/** A sweep is done. KEYS: sweeping. ARGV: node. */
export const FINISH_SWEEP = script(`
return redis.call('ZREM', KEYS[1], ARGV[1])
`);
