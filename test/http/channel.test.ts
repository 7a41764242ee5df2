/** PROTOCOL.md, "HTTP API": GET /apps/{app_id}/channels/{channel}. */
import { describe, expect, test } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { expectTextError, useServer } from './support.ts';

const QUIET = {
  id: '1004',
  key: 'quiet-key',
  secret: 'quiet-secret-0123456789',
  features: { subscriptionCounts: false },
};
const under = useServer({ apps: [DEFAULT_APP, QUIET] });

const get = (channel: string, info?: string) =>
  api(under.server, 'GET', `/channels/${channel}`, info === undefined ? {} : { query: { info } });

describe('occupied', () => {
  test('is true while someone is subscribed, false before and after', async () => {
    expect((await get('life')).text).toBe('{"occupied":false}');
    const client = await under.subscriber('life');
    expect((await get('life')).text).toBe('{"occupied":true}');
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'life' } });
    await client.barrier();
    expect((await get('life')).text).toBe('{"occupied":false}');
  });

  test('an unoccupied channel is 200', async () => {
    expect((await get('nobody-is-here')).status).toBe(200);
  });

  test('a publication does not occupy a channel', async () => {
    await trigger(under.server, 'only-published', 'e', 'x');
    expect((await get('only-published')).text).toBe('{"occupied":false}');
  });

  test.each(['__proto__', 'constructor', 'AZaz09_-=@,.;'])('%s is a channel like others', async (channel) => {
    expect((await get(channel)).text).toBe('{"occupied":false}');
    await under.subscriber(channel);
    expect((await get(channel)).text).toBe('{"occupied":true}');
  });

  test('a percent-encoded name is decoded', async () => {
    await under.subscriber('a=b,c');
    expect((await get('a%3Db%2Cc')).text).toBe('{"occupied":true}');
  });

  test.each(['bad%20name', 'a%2Fb', '%23x', 'x'.repeat(201)])('%s is no channel', async (channel) => {
    expectTextError(await get(channel), 400);
  });
});

describe('user_count', () => {
  test('counts the members of a presence channel', async () => {
    await under.member('presence-uc', '7');
    await under.member('presence-uc', '7');
    await under.member('presence-uc', '8');
    expect((await get('presence-uc', 'user_count')).json()).toEqual({ occupied: true, user_count: 2 });
  });

  test('is 0 for an empty presence channel', async () => {
    expect((await get('presence-empty', 'user_count')).json()).toEqual({ occupied: false, user_count: 0 });
  });

  test.each(['public', 'private-x', 'cache-x', 'presence', 'private-encrypted-x'])(
    'is refused for %s',
    async (channel) => {
      const response = await get(channel, 'user_count');
      expectTextError(response, 400);
      expect(response.text).toBe('Cannot retrieve the user count unless the channel is a presence channel');
    },
  );
});

describe('subscription_count', () => {
  test('counts connections', async () => {
    await under.subscriber('private-sc');
    await under.subscriber('private-sc');
    expect((await get('private-sc', 'subscription_count')).json()).toEqual({
      occupied: true,
      subscription_count: 2,
    });
    expect((await get('none-sc', 'subscription_count')).json()).toEqual({
      occupied: false,
      subscription_count: 0,
    });
  });

  test('is refused where the app does not count', async () => {
    const response = await api(under.server, 'GET', '/channels/x', {
      app: QUIET,
      query: { info: 'subscription_count' },
    });
    expectTextError(response, 400);
  });
});

describe('cache', () => {
  test('is the last published event with its remaining seconds', async () => {
    await trigger(under.server, 'cache-c', 'e', 'first');
    await trigger(under.server, 'cache-c', 'e', '{"n":2}');
    const answer = (await get('cache-c', 'cache')).json();
    expect(answer).toEqual({ occupied: false, cache: { data: '{"n":2}', ttl: expect.any(Number) } });
    const { ttl } = (answer as { cache: { ttl: number } }).cache;
    expect(Number.isInteger(ttl) && ttl > 0 && ttl <= 1800).toBe(true);
  });

  test('is null when nothing is kept', async () => {
    expect((await get('cache-none', 'cache')).text).toBe('{"occupied":false,"cache":null}');
  });

  test.each(['private-cache-k', 'presence-cache-k', 'private-encrypted-cache-k'])(
    'is kept for %s',
    async (channel) => {
      await trigger(under.server, channel, 'e', 'kept');
      expect((await get(channel, 'cache')).json()).toMatchObject({ cache: { data: 'kept' } });
    },
  );

  test('keeps an event that spared a connection, and one of a batch', async () => {
    await trigger(under.server, 'cache-spare', 'e', 'spared', { socket_id: '1.1' });
    expect((await get('cache-spare', 'cache')).json()).toMatchObject({ cache: { data: 'spared' } });
    await api(under.server, 'POST', '/batch_events', {
      body: { batch: [{ channel: 'cache-spare', name: 'e', data: 'batched' }] },
    });
    expect((await get('cache-spare', 'cache')).json()).toMatchObject({ cache: { data: 'batched' } });
  });

  test.each(['public', 'private-x', 'presence-x', 'cache', 'my-cache-x'])(
    'is refused for %s',
    async (channel) => {
      expectTextError(await get(channel, 'cache'), 400);
    },
  );
});

describe('attributes', () => {
  test('may be combined', async () => {
    await under.member('presence-cache-all', '7');
    await trigger(under.server, 'presence-cache-all', 'e', 'x');
    expect((await get('presence-cache-all', 'user_count,subscription_count,cache')).json()).toEqual({
      occupied: true,
      user_count: 1,
      subscription_count: 1,
      cache: { data: 'x', ttl: expect.any(Number) },
    });
  });

  test('that are unknown are refused', async () => {
    expectTextError(await get('a', 'nonsense'), 400);
    expectTextError(await get('a', 'subscription_count,nonsense'), 400);
  });
});
