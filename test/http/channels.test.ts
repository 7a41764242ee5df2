/** PROTOCOL.md, "HTTP API": GET /apps/{app_id}/channels. */
import { describe, expect, test } from 'vitest';
import { api } from '../support/api.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { expectTextError, useServer } from './support.ts';

const QUIET = {
  id: '1004',
  key: 'quiet-key',
  secret: 'quiet-secret-0123456789',
  features: { subscriptionCounts: false },
};
const under = useServer({ apps: [DEFAULT_APP, OTHER_APP, QUIET] });

const list = (query: Record<string, string> = {}) => api(under.server, 'GET', '/channels', { query });

test('no channels are an empty object', async () => {
  const response = await api(under.server, 'GET', '/channels', { app: OTHER_APP });
  expect([response.status, response.text]).toEqual([200, '{"channels":{}}']);
});

describe('which channels', () => {
  test('the occupied ones of every kind, each an empty object', async () => {
    await under.subscriber('all-public');
    await under.subscriber('all-cache');
    await under.subscriber('private-all');
    await under.subscriber('private-encrypted-all');
    await under.member('presence-all', '7');
    const response = await list();
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject({
      channels: {
        'all-public': {},
        'all-cache': {},
        'private-all': {},
        'private-encrypted-all': {},
        'presence-all': {},
      },
    });
  });

  test('those whose name begins with filter_by_prefix', async () => {
    await under.subscriber('filter-a');
    await under.subscriber('filter-b');
    await under.subscriber('unfiltered-filter-');
    expect((await list({ filter_by_prefix: 'filter-' })).json()).toEqual({
      channels: { 'filter-a': {}, 'filter-b': {} },
    });
    expect((await list({ filter_by_prefix: 'filter-b' })).json()).toEqual({ channels: { 'filter-b': {} } });
    expect((await list({ filter_by_prefix: 'nothing-' })).text).toBe('{"channels":{}}');
  });

  test('the prefix is no pattern', async () => {
    await under.subscriber('dot.a');
    await under.subscriber('dotxa');
    expect((await list({ filter_by_prefix: 'dot.' })).json()).toEqual({ channels: { 'dot.a': {} } });
    expect((await list({ filter_by_prefix: 'do*' })).text).toBe('{"channels":{}}');
  });

  test('a channel disappears when the last subscriber leaves', async () => {
    const client = await under.subscriber('leaving-unsubscribe');
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'leaving-unsubscribe' } });
    await client.barrier();
    expect((await list({ filter_by_prefix: 'leaving-' })).text).toBe('{"channels":{}}');
  });

  test('the channels of users are not listed', async () => {
    const user = await under.user('7');
    await user.subscribe('#server-to-user-7');
    expect(JSON.stringify((await list()).json())).not.toContain('#server-to-user-');
  });

  test('a channel named __proto__ is listed', async () => {
    await under.subscriber('__proto__');
    expect((await list({ filter_by_prefix: '__' })).text).toBe('{"channels":{"__proto__":{}}}');
  });
});

describe('info', () => {
  test('user_count counts the members of presence channels, not their connections', async () => {
    await under.member('presence-count-a', '7');
    await under.member('presence-count-a', '7');
    await under.member('presence-count-b', '7');
    await under.member('presence-count-b', '8');
    const response = await list({ filter_by_prefix: 'presence-count-', info: 'user_count' });
    expect(response.json()).toEqual({
      channels: { 'presence-count-a': { user_count: 1 }, 'presence-count-b': { user_count: 2 } },
    });
  });

  test.each<Record<string, string>>([
    {},
    { filter_by_prefix: 'private-' },
    { filter_by_prefix: 'presence' },
    { filter_by_prefix: '' },
  ])('user_count is refused with %j', async (query) => {
    const response = await list({ ...query, info: 'user_count' });
    expectTextError(response, 400);
    expect(response.text).toBe(
      'user_count may only be requested for presence channels - please supply filter_by_prefix beginning with presence-',
    );
  });

  test('subscription_count counts connections', async () => {
    await under.subscriber('counted');
    await under.subscriber('counted');
    const response = await list({ filter_by_prefix: 'counted', info: 'subscription_count' });
    expect(response.json()).toEqual({ channels: { counted: { subscription_count: 2 } } });
  });

  test('both attributes together', async () => {
    await under.member('presence-both', '7');
    await under.member('presence-both', '7');
    const response = await list({ filter_by_prefix: 'presence-both', info: 'user_count,subscription_count' });
    expect(response.json()).toEqual({
      channels: { 'presence-both': { user_count: 1, subscription_count: 2 } },
    });
  });

  test('an unknown attribute is refused', async () => {
    for (const info of ['nonsense', 'subscription_count,nonsense', 'cache', 'toString']) {
      expectTextError(await list({ info }), 400);
    }
  });
});
