/** PROTOCOL.md, "HTTP API", Deprecated: a channel's stats, and publishing to one channel by its path. */
import { describe, expect, test } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { expectTextError, useServer } from './support.ts';

const under = useServer();

describe('GET …/channels/{channel}/stats', () => {
  const stats = (channel: string) => api(under.server, 'GET', `/channels/${channel}/stats`);

  test('tells whether a channel is occupied', async () => {
    expect((await stats('stats')).text).toBe('{"occupied":false}');
    await under.subscriber('stats');
    expect((await stats('stats')).text).toBe('{"occupied":true}');
  });

  test('counts the members of a presence channel', async () => {
    await under.member('presence-stats', '7');
    await under.member('presence-stats', '7');
    expect((await stats('presence-stats')).json()).toEqual({ occupied: true, user_count: 1 });
  });
});

describe('POST …/channels/{channel}/events', () => {
  const publish = (channel: string, query: Record<string, string>, body: string) =>
    api(under.server, 'POST', `/channels/${channel}/events`, { query, body });

  test('publishes the raw body and answers 202 without one', async () => {
    const client = await under.subscriber('old');
    const response = await publish('old', { name: 'e' }, '{"raw": "é"  }');
    expect([response.status, response.text]).toEqual([202, '']);
    expect(await client.next('e')).toMatchObject({ channel: 'old', data: '{"raw": "é"  }' });
  });

  test('spares socket_id', async () => {
    const spared = await under.subscriber('old-spare');
    await publish('old-spare', { name: 'not-for-you', socket_id: spared.socketId }, 'x');
    await trigger(under.server, 'old-spare', 'for-you', 'x');
    expect((await spared.next((frame) => frame.data === 'x')).event).toBe('for-you');
  });

  test('refuses what the ordinary one refuses', async () => {
    expectTextError(await publish('old', {}, 'x'), 400);
    expectTextError(await publish('old', { name: 'pusher:x' }, 'x'), 400);
    expectTextError(await publish('old', { name: 'e', socket_id: 'x' }, 'x'), 400);
    expectTextError(await publish('bad%20name', { name: 'e' }, 'x'), 400);
    expectTextError(await publish('old', { name: 'e' }, 'x'.repeat(10_241)), 413);
  });
});
