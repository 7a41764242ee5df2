/**
 * The part of a script that tells backends of a transition: concatenated into every script that decides one, so that
 * the transition and its webhook are one atomic step. docs/clustering.md, "Webhooks".
 *
 * A script that uses it starts with `LUA_CLOCK + WEBHOOK_LUA`, has `webhookKeys` and `webhookArgs` somewhere among its
 * own, and does
 *
 *     local hooks = webhooks_at(<keys before them>, <arguments before them>, clock())
 *     webhook(hooks, app, 'member_added', channel, user, '')
 */
import type { RedisKeys } from './keys.ts';
import type { ScriptArgument } from './scripts.ts';

/** `clock()`: milliseconds since the epoch, as Redis has it: the one clock that all nodes share. */
export const LUA_CLOCK = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

export interface WebhookLuaSettings {
  /** Milliseconds that the end of a stay waits for a return. */
  readonly graceMs: number;
  /** Events of a shard that may wait, and stays held back by their grace. */
  readonly queueLimit: number;
  /** Whether wakes go by sharded pub/sub. */
  readonly sharded: boolean;
}

export const WEBHOOK_KEY_COUNT = 4;
export const WEBHOOK_ARG_COUNT = 5;

/** The keys that `webhooks_at` takes, `WEBHOOK_KEY_COUNT` of them. */
export function webhookKeys(keys: RedisKeys, shard: number): readonly string[] {
  return [
    keys.webhooks(shard),
    keys.grace(shard),
    keys.ofShard(shard, 'spilled'),
    keys.ofShard(shard, 'lost'),
  ];
}

/**
 * The arguments that `webhooks_at` takes, `WEBHOOK_ARG_COUNT` of them.
 * @param id new for each run, and the same when a run is repeated because nobody knows whether it was done: the ids of
 *   the events made are derived from it
 */
export function webhookArgs(
  keys: RedisKeys,
  shard: number,
  { graceMs, queueLimit, sharded }: WebhookLuaSettings,
  id: string,
): readonly ScriptArgument[] {
  return [keys.wake(shard), sharded ? 'SPUBLISH' : 'PUBLISH', queueLimit, graceMs, id];
}

/**
 * `webhooks_at(keys, args, now)`: what the others need, from KEYS and ARGV behind so many of each.
 *
 * `webhook(hooks, app, kind, channel, user, json)`: queues an event, or holds it back, or takes its held counterpart
 * away. `user` is given with members and else ''; `json` is the whole event for kinds that have more to say, else ''.
 *
 * `sweep_stays(hooks, limit)`: queues ends of stays whose grace is over, at most so many; returns how many.
 *
 * A stay is held under `m<app>\n<channel>\n<user>` or `v<app>\n<channel>`: of those due at the same time, members come
 * before channels, as a member's stay lies within its channel's.
 */
export const WEBHOOK_LUA = `
local function webhooks_at(keys, args, now)
  return {
    stream = KEYS[keys + 1], grace = KEYS[keys + 2], spilled = KEYS[keys + 3], lost = KEYS[keys + 4],
    wake = ARGV[args + 1], publish = ARGV[args + 2], limit = tonumber(ARGV[args + 3]),
    grace_ms = tonumber(ARGV[args + 4]), id = ARGV[args + 5], made = 0, now = now
  }
end

-- What there is no room for goes where who delivers finds it, to become dead letters; past that it is counted.
local function spill_oldest(hooks)
  local oldest = redis.call('XRANGE', hooks.stream, '-', '+', 'COUNT', 1)[1]
  redis.pcall('XADD', hooks.spilled, oldest[1], unpack(oldest[2]))
  redis.call('XDEL', hooks.stream, oldest[1])
  local lost = redis.call('XTRIM', hooks.spilled, 'MAXLEN', hooks.limit)
  if lost > 0 then redis.call('INCRBY', hooks.lost, lost) end
end

local function append_webhook(hooks, fields)
  redis.call('XADD', hooks.stream, '*', 't', string.format('%.0f', hooks.now), unpack(fields))
  if redis.call('XLEN', hooks.stream) > hooks.limit then spill_oldest(hooks) end
end

local function queue_webhook(hooks, app, kind, channel, user, json)
  hooks.made = hooks.made + 1
  local id = hooks.id
  if hooks.made > 1 then id = id .. '-' .. hooks.made end
  append_webhook(hooks, {'i', id, 'a', app, 'k', kind, 'c', channel, 'u', user, 'e', json})
end

local function release_stay(hooks, stay)
  redis.call('ZREM', hooks.grace, stay)
  local app, channel, user = string.match(stay, '^m([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  if app then
    queue_webhook(hooks, app, 'member_removed', channel, user, '')
  else
    app, channel = string.match(stay, '^v([^\\n]*)\\n(.*)$')
    queue_webhook(hooks, app, 'channel_vacated', channel, '', '')
  end
end

local function sweep_stays(hooks, limit)
  local due = redis.call('ZRANGEBYSCORE', hooks.grace, '-inf', string.format('%.0f', hooks.now), 'LIMIT', 0, limit)
  for _, stay in ipairs(due) do release_stay(hooks, stay) end
  return #due
end

local function stay_of(app, kind, channel, user)
  if kind == 'member_added' or kind == 'member_removed' then
    return 'm' .. app .. '\\n' .. channel .. '\\n' .. user
  end
  return 'v' .. app .. '\\n' .. channel
end

local function hold_stay(hooks, stay)
  redis.call('ZADD', hooks.grace, string.format('%.0f', hooks.now + hooks.grace_ms), stay)
  local held = redis.call('ZCARD', hooks.grace)
  if held > hooks.limit then
    release_stay(hooks, redis.call('ZRANGE', hooks.grace, 0, 0)[1])
  elseif held > 1 then
    return -- Who delivers knows of one that is due earlier.
  end
  redis.call(hooks.publish, hooks.wake, '')
end

local function webhook(hooks, app, kind, channel, user, json)
  if kind == 'channel_occupied' or kind == 'member_added' then
    local stay = stay_of(app, kind, channel, user)
    local till = redis.call('ZSCORE', hooks.grace, stay)
    if till and tonumber(till) > hooks.now then
      redis.call('ZREM', hooks.grace, stay)
      return
    end
    -- One who comes back too late is gone first, and so is what was due before.
    while till do
      sweep_stays(hooks, 100)
      till = redis.call('ZSCORE', hooks.grace, stay)
    end
  elseif (kind == 'channel_vacated' or kind == 'member_removed') and hooks.grace_ms > 0 then
    hold_stay(hooks, stay_of(app, kind, channel, user))
    return
  end
  queue_webhook(hooks, app, kind, channel, user, json)
  redis.call(hooks.publish, hooks.wake, '')
end
`;
