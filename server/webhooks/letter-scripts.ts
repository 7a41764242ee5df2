/** What happens to dead letters in one atomic step each. docs/clustering.md, "Webhooks", has the keys. */
import { script } from '../redis/scripts.ts';
import { LUA_CLOCK } from '../redis/webhook-lua.ts';

/** Milliseconds after which letters come back that were taken by somebody who never said what became of them. */
const TAKEN_MS = 60_000;

/**
 * Keys: letters by id, their order, those taken by until when, sums (the last number, bytes). A letter's number rises
 * with its place, so that cursors point at it.
 */
const COMMON = `
${LUA_CLOCK}
local letters, order, taken, sums = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function place_last(id)
  redis.call('ZADD', order, redis.call('HINCRBY', sums, 'number', 1), id)
end

local function remove(id)
  redis.call('HINCRBY', sums, 'bytes', 0 - redis.call('HSTRLEN', letters, id))
  redis.call('HDEL', letters, id)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', taken, '-inf', string.format('%.0f', clock()), 'LIMIT', 0, 100)) do
  redis.call('ZREM', taken, id)
  place_last(id)
end
`;

/** Arguments: letters and bytes at most, then ids and letters in turn. Returns the letters that were lost for it. */
const PUT = `
for at = 3, #ARGV, 2 do
  remove(ARGV[at])
  redis.call('ZREM', taken, ARGV[at])
  redis.call('HSET', letters, ARGV[at], ARGV[at + 1])
  redis.call('HINCRBY', sums, 'bytes', #ARGV[at + 1])
  place_last(ARGV[at])
end
local lost = {}
while redis.call('ZCARD', order) > tonumber(ARGV[1])
  or tonumber(redis.call('HGET', sums, 'bytes')) > tonumber(ARGV[2]) do
  local oldest = redis.call('ZPOPMIN', order)[1]
  if not oldest then break end
  lost[#lost + 1] = redis.call('HGET', letters, oldest)
  remove(oldest)
end
return lost
`;

/** Arguments: the number before the first, how many. Returns numbers and letters in turn. */
const LIST = `
local page = {}
local found = redis.call('ZRANGEBYSCORE', order, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for at = 1, #found, 2 do
  page[#page + 1] = found[at + 1]
  page[#page + 1] = redis.call('HGET', letters, found[at])
end
return page
`;

/** Arguments: ids. Returns numbers and letters in turn. */
const TAKE = `
local got = {}
for _, id in ipairs(ARGV) do
  local number = redis.call('ZSCORE', order, id)
  if number then
    redis.call('ZREM', order, id)
    redis.call('ZADD', taken, string.format('%.0f', clock() + ${TAKEN_MS}), id)
    got[#got + 1] = number
    got[#got + 1] = redis.call('HGET', letters, id)
  end
end
return got
`;

/** Arguments: ids. One that was put back meanwhile, because its event failed again, stays. */
const FORGET = `
for _, id in ipairs(ARGV) do
  if redis.call('ZREM', taken, id) == 1 then remove(id) end
end
return 0
`;

export const LETTER_SCRIPTS = {
  put: script(COMMON + PUT),
  list: script(COMMON + LIST),
  take: script(COMMON + TAKE),
  forget: script(COMMON + FORGET),
} as const;
