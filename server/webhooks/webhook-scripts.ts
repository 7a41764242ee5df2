/** What happens to a shard's webhook events in one atomic step each. docs/clustering.md, "Webhooks", has the keys. */
import { type Script, script } from '../redis/scripts.ts';
import { LUA_CLOCK, WEBHOOK_ARG_COUNT, WEBHOOK_KEY_COUNT, WEBHOOK_LUA } from '../redis/webhook-lua.ts';

export interface WebhookScripts {
  readonly add: Script;
  readonly replay: Script;
  readonly read: Script;
  readonly settle: Script;
  readonly hasWork: Script;
}

/** Behind the arguments of `webhooks_at`: app, kind, channel, user, json. */
const ADD = `
local hooks = webhooks_at(0, 0, clock())
local first = ${WEBHOOK_ARG_COUNT}
webhook(hooks, ARGV[first + 1], ARGV[first + 2], ARGV[first + 3], ARGV[first + 4], ARGV[first + 5])
`;

/** Behind the arguments of `webhooks_at`: the fields. */
const REPLAY = `
local hooks = webhooks_at(0, 0, clock())
local fields = {}
for at = ${WEBHOOK_ARG_COUNT + 1}, #ARGV do fields[#fields + 1] = ARGV[at] end
append_webhook(hooks, fields)
redis.call(hooks.publish, hooks.wake, '')
`;

/**
 * The owner's key holds `<node id> <until>`, and stays when its time is over: so who comes next knows whose it was.
 * Behind the keys of `webhooks_at`: owner, progress. Behind its arguments: node id, lease, after, the same of what was
 * spilled, limit, busy, and what the key of a node that is gone starts with: one that died need not be waited for.
 */
const READ = `
local now = clock()
local hooks = webhooks_at(0, 0, now)
local owner, progress = KEYS[${WEBHOOK_KEY_COUNT + 1}], KEYS[${WEBHOOK_KEY_COUNT + 2}]
local first = ${WEBHOOK_ARG_COUNT}
local node, lease, after, after_spilled = ARGV[first + 1], tonumber(ARGV[first + 2]), ARGV[first + 3], ARGV[first + 4]
local limit, busy, gone = tonumber(ARGV[first + 5]), ARGV[first + 6] == '1', ARGV[first + 7]

local holder, till = string.match(redis.call('GET', owner) or '', '^(.+) (%d+)$')
if holder and holder ~= node and tonumber(till) > now and redis.call('GET', gone .. holder) ~= 'dead' then
  return {'another', tonumber(till) - now}
end
local by, lapsed_from = 'same', ''
if holder ~= node then by, lapsed_from = 'new', holder or '' end
local function from(entry)
  if by == 'new' or entry == '-' then return '-' end
  return '(' .. entry
end

sweep_stays(hooks, 1000)

local has_progress = redis.call('EXISTS', progress) == 1
local function range(stream, start)
  local entries = {}
  if limit == 0 then return entries end
  for _, entry in ipairs(redis.call('XRANGE', stream, start, '+', 'COUNT', limit)) do
    local done = has_progress and redis.call('HGET', progress, entry[1]) or ''
    entries[#entries + 1] = {entry[1], entry[2], done}
  end
  return entries
end
local events, spilled = range(hooks.stream, from(after)), range(hooks.spilled, from(after_spilled))
local lost = '0'
if #spilled > 0 then lost = redis.call('GETDEL', hooks.lost) or '0' end

if not busy and #events == 0 and #spilled == 0 then
  by = 'nobody'
  redis.call('DEL', owner)
else
  redis.call('SET', owner, node .. ' ' .. string.format('%.0f', now + lease))
end
return {by, now, events, spilled, lost, redis.call('ZRANGE', hooks.grace, 0, 0, 'WITHSCORES')[2] or '', lapsed_from}
`;

/**
 * Keys: stream, spilled, owner, progress. Arguments: node id, what to do with the shard, wake, how to publish, number of
 * settled entries, these, then entries and who has had them in turn.
 */
const SETTLE = `
local stream, spilled, owner, progress = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local node, after, count = ARGV[1], ARGV[2], tonumber(ARGV[5])
local has_progress = redis.call('EXISTS', progress) == 1
for at = 6, 5 + count do
  if redis.call('XDEL', stream, ARGV[at]) == 0 then redis.call('XDEL', spilled, ARGV[at]) end
  if has_progress then redis.call('HDEL', progress, ARGV[at]) end
end
for at = 6 + count, #ARGV, 2 do
  if #redis.call('XRANGE', stream, ARGV[at], ARGV[at]) == 1 then
    redis.call('HSET', progress, ARGV[at], ARGV[at + 1])
  end
end
local left = redis.call('XLEN', stream) + redis.call('XLEN', spilled)
if after == 'keep' or (after == 'idle' and left > 0) then return 0 end
local holder = string.match(redis.call('GET', owner) or '', '^(.+) %d+$')
if holder == node then
  redis.call('DEL', owner)
  if left > 0 then redis.call(ARGV[4], ARGV[3], '') end
end
return 1
`;

/** Keys: stream, grace, spilled. */
const HAS_WORK = `
return redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + redis.call('XLEN', KEYS[3])
`;

/** @param clock Lua that defines `clock()` */
export function webhookScripts(clock: string = LUA_CLOCK): WebhookScripts {
  const withHooks = (lua: string): Script => script(clock + WEBHOOK_LUA + lua);
  return {
    add: withHooks(ADD),
    replay: withHooks(REPLAY),
    read: withHooks(READ),
    settle: script(SETTLE),
    hasWork: script(HAS_WORK),
  };
}
