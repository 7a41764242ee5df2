/**
 * The steps of presence, each one script: what a node contributes, the transition that causes, its announcement and its
 * webhook happen together or not at all. Keys: docs/clustering.md.
 *
 * A node's hash says what it has contributed, so every step may be repeated: what is there is not added again, what is
 * gone is not taken away again.
 */
import { script } from '../redis/scripts.ts';
import { LUA_CLOCK, WEBHOOK_ARG_COUNT, WEBHOOK_LUA } from '../redis/webhook-lua.ts';
import { COUNT_INTERVAL_MS, FEW_SUBSCRIBERS } from './count-announcements.ts';

/** A roster is put back within so many milliseconds of its first member: less than nodes have for it. */
const RECENT_MS = 3500;

/**
 * KEYS: those of `webhook-lua.ts`. ARGV: its own; then base of the shard's keys, node, mode, app, kinds of webhooks
 * wanted, what the node believes to have contributed already (0: nothing, or it isn't sure), its epoch; then those of
 * the step, as `args`.
 *
 * `epoch` counts up whenever nobody knows what became of a step. A step of an earlier epoch that gets to Redis after one
 * of a later is refused: it was on a connection that was given up, and would undo what was asked for since.
 *
 * Where what was contributed is missing Redis has lost it: then the answer is `lost`, and nothing is done. A step on what
 * is left would make transitions that never were, and miss those that are.
 *
 * Modes: `live`; `held`, while others may still be putting back what Redis lost, so that a beginning may be none: the
 * answer is `wait`, and nothing is done; `sweep`, on behalf of a node that is gone; `quiet`, putting back what Redis
 * lost, of which nobody is to hear; `remind`, the same for a member of which only a copy of the roster is left.
 */
const HEAD = `
${LUA_CLOCK}
${WEBHOOK_LUA}
local hooks = webhooks_at(0, 0, clock())
local base, node, mode, app, wants, has, epoch = unpack(ARGV, ${WEBHOOK_ARG_COUNT + 1}, ${WEBHOOK_ARG_COUNT + 7})
local args = {unpack(ARGV, ${WEBHOOK_ARG_COUNT + 8})}
local index = base .. 'node:' .. node
if mode ~= 'sweep' then
  if redis.call('EXISTS', base .. 'gone:' .. node) == 1 then return {'gone'} end
  local latest = tonumber(redis.call('HGET', index, 'e') or '1')
  if tonumber(epoch) < latest then return {'late'} end
  if tonumber(epoch) > latest then redis.call('HSET', index, 'e', epoch) end
end

local is_quiet = mode == 'quiet' or mode == 'remind'

local function publish(topic, message)
  if not is_quiet then redis.call(hooks.publish, base .. 't:' .. app .. '\\n' .. topic, message) end
end

local function report(kind, channel, user, json)
  if not is_quiet and string.find(wants, kind, 1, true) then
    webhook(hooks, app, kind, channel, user or '', json or '')
  end
end

local function occupancy(channel, before, after)
  if before == after then return end
  redis.call(after and 'SADD' or 'SREM', base .. 'channels:' .. app, channel)
  if string.sub(channel, 1, 16) == '#server-to-user-' then return end
  report(after and 'channel_occupied' or 'channel_vacated', channel)
end

local function version(members)
  if redis.call('EXISTS', members) == 1 then return string.format('%.0f', redis.call('HINCRBY', members, 'v', 1)) end
  -- Later than any version of a roster of this name that was there before.
  local time = redis.call('TIME')
  local first = time[1] .. string.format('%06d', tonumber(time[2]))
  redis.call('HSET', members, 'v', first)
  return first
end

-- Whether the roster was begun anew a moment ago. Only such a one can lack members that nobody has removed.
local function recent(members)
  local number = tonumber(redis.call('HGET', members, 'v') or '0')
  return clock() - number / 1000 < ${RECENT_MS}
end
`;

/**
 * Arguments: channel, this node's count, socket that joins, whether to tell, the frame before the count and after it, the
 * webhook likewise.
 */
export const COUNT = script(`${HEAD}
local channel, count, joiner, tells, head, tail, json_head, json_tail = unpack(args)
count = tonumber(count)
local name = app .. '\\n' .. channel
local field, subs = 'c' .. name, base .. 'subs:' .. name
local had = tonumber(redis.call('GET', subs) or '0')
local before = redis.call('HGET', index, field)
if has ~= '0' and not before then return {'lost'} end
local total = had + count - tonumber(before or '0')
local inhabited = redis.call('EXISTS', base .. 'members:' .. name) == 1
if mode == 'held' and had == 0 and not inhabited then return {'wait'} end
if count > 0 then redis.call('HSET', index, field, count) else redis.call('HDEL', index, field) end
if total > 0 then redis.call('SET', subs, total) else redis.call('DEL', subs) end
occupancy(channel, had > 0 or inhabited, total > 0 or inhabited)
if tells ~= '1' or total == had then return {'ok', total, 0} end
local recently = base .. 'told:' .. name
if total > ${FEW_SUBSCRIBERS} then
  if not redis.call('SET', recently, 1, 'PX', ${COUNT_INTERVAL_MS}, 'NX') then return {'ok', total, 0} end
elseif had > ${FEW_SUBSCRIBERS} then
  redis.call('DEL', recently)
end
report('subscription_count', channel, '', json_head .. total .. json_tail)
if total > 1 or (total == 1 and joiner == '') then publish(channel, joiner .. '\\n' .. head .. total .. tail) end
return {'ok', total, 1}
`);

/** Tells a count that was held back. Arguments: channel, the frame before the count and after it, the webhook likewise. */
export const TELL_COUNT = script(`${HEAD}
local channel, before, after, json_before, json_after = unpack(args)
local name = app .. '\\n' .. channel
local total = tonumber(redis.call('GET', base .. 'subs:' .. name) or '0')
if total <= ${FEW_SUBSCRIBERS} then return {'ok'} end
if not redis.call('SET', base .. 'told:' .. name, 1, 'PX', ${COUNT_INTERVAL_MS}, 'NX') then return {'ok'} end
report('subscription_count', channel, '', json_before .. total .. json_after)
publish(channel, '\\n' .. before .. total .. after)
return {'ok'}
`);

/** Arguments: channel, user, its JSON, user_info, joining socket, most members, frame, whether the roster is wanted. */
export const JOIN = script(`${HEAD}
local channel, user, userJson, info, socket, max, frame, wantsRoster = unpack(args)
max = tonumber(max)
local name = app .. '\\n' .. channel
local field, members = 'm' .. name .. '\\n' .. user, base .. 'members:' .. name
local added = 0
if redis.call('HEXISTS', index, field) == 0 then
  local entry = redis.call('HGET', members, 'u' .. user)
  if entry then
    local order, nodes, rest = string.match(entry, '^(%d+) (%d+) (.*)$')
    redis.call('HSET', members, 'u' .. user, order .. ' ' .. (nodes + 1) .. ' ' .. rest)
  elseif mode == 'held' then
    return {'wait'}
  else
    if mode == 'remind' and not recent(members) then return {'full'} end
    local size = redis.call('HLEN', members) - 1
    if mode == 'live' and max > 0 and size >= max then return {'full'} end
    local subscribed = redis.call('EXISTS', base .. 'subs:' .. name) == 1
    local number = version(members)
    redis.call('HSET', members, 'u' .. user, number .. ' 1 ' .. info)
    occupancy(channel, subscribed or size > 0, true)
    report('member_added', channel, user)
    publish(channel, '+' .. number .. '\\n' .. socket .. '\\n' .. userJson .. '\\n' .. info .. '\\n' .. frame)
    added = 1
  end
  redis.call('HSET', index, field, 1)
end
local roster = wantsRoster == '1' and redis.call('HGETALL', members) or {}
return {'joined', redis.call('HGET', members, 'v'), added, roster}
`);

/** Arguments: channel, user, its JSON, frame. */
export const LEAVE = script(`${HEAD}
local channel, user, userJson, frame = unpack(args)
local name = app .. '\\n' .. channel
local members = base .. 'members:' .. name
if redis.call('HDEL', index, 'm' .. name .. '\\n' .. user) == 0 then return {has == '0' and 'ok' or 'lost'} end
local entry = redis.call('HGET', members, 'u' .. user)
if not entry then return {'ok'} end
local order, nodes, rest = string.match(entry, '^(%d+) (%d+) (.*)$')
if tonumber(nodes) > 1 then
  redis.call('HSET', members, 'u' .. user, order .. ' ' .. (nodes - 1) .. ' ' .. rest)
  return {'ok'}
end
redis.call('HDEL', members, 'u' .. user)
local number = version(members)
local empty = redis.call('HLEN', members) == 1
if empty then redis.call('DEL', members) end
report('member_removed', channel, user)
occupancy(channel, true, not empty or redis.call('EXISTS', base .. 'subs:' .. name) == 1)
local by = mode == 'sweep' and '' or node
publish(channel, '-' .. number .. '\\n\\n' .. userJson .. '\\n' .. by .. '\\n' .. frame)
return {'ok'}
`);

/** Arguments: user, topic of those who watch, frame. */
export const SIGNED_IN = script(`${HEAD}
local user, topic, frame = unpack(args)
local name = app .. '\\n' .. user
if redis.call('HEXISTS', index, 'u' .. name) == 1 then return {'ok'} end
if mode == 'held' and redis.call('EXISTS', base .. 'online:' .. name) == 0 then return {'wait'} end
redis.call('HSET', index, 'u' .. name, 1)
if redis.call('INCR', base .. 'online:' .. name) == 1 then publish(topic, '\\n' .. frame) end
return {'ok'}
`);

/**
 * Begins an epoch in a shard; returns what the node has contributed there. KEYS: the node's hash, its mark as gone.
 * ARGV: epoch.
 */
export const FENCE = script(`
local index, epoch = KEYS[1], ARGV[1]
if redis.call('EXISTS', KEYS[2]) == 1 then return {'gone'} end
if tonumber(epoch) > tonumber(redis.call('HGET', index, 'e') or '1') then redis.call('HSET', index, 'e', epoch) end
return redis.call('HGETALL', index)
`);

/** Arguments as for SIGNED_IN. */
export const SIGNED_OUT = script(`${HEAD}
local user, topic, frame = unpack(args)
local name = app .. '\\n' .. user
if redis.call('HDEL', index, 'u' .. name) == 0 then return {has == '0' and 'ok' or 'lost'} end
if redis.call('DECR', base .. 'online:' .. name) > 0 then return {'ok'} end
redis.call('DEL', base .. 'online:' .. name)
publish(topic, '\\n' .. frame)
return {'ok'}
`);

/**
 * Some of the occupied channels of an app in a shard, with their counts: [cursor, [channel, subscriptions, members, …]].
 * ARGV: base of the shard's keys, app, prefix, cursor, channels at once.
 */
export const CHANNELS = script(`
local base, app, prefix, cursor, step = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local page = redis.call('SSCAN', base .. 'channels:' .. app, cursor, 'COUNT', step)
local found = {}
for _, channel in ipairs(page[2]) do
  if string.sub(channel, 1, #prefix) == prefix then
    local name = app .. '\\n' .. channel
    local subs = redis.call('GET', base .. 'subs:' .. name)
    if subs then
      found[#found + 1] = channel
      found[#found + 1] = tonumber(subs)
      found[#found + 1] = math.max(0, redis.call('HLEN', base .. 'members:' .. name) - 1)
    end
  end
end
return {page[1], found}
`);
