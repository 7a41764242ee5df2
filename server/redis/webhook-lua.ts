export const WEBHOOK_LUA = `
local function webhook(base, publisher, app, kind, channel, user, count, grace)
  redis.call('XADD', base .. 'webhooks', '*', 'app', app, 'kind', kind, 'channel', channel, 'user', user or '', 'count', count or '')
end
`;
