/** PROTOCOL.md, "HTTP API": GET /apps/{app_id}/channels/{channel}/users. */
import { expect, test } from 'vitest';
import { api } from '../support/api.ts';
import { expectTextError, useServer } from './support.ts';

const under = useServer();

const users = (channel: string) => api(under.server, 'GET', `/channels/${channel}/users`);

test('distinct members, as strings', async () => {
  await under.member('presence-u', '7', { name: 'A' });
  await under.member('presence-u', '7');
  await under.member('presence-u', '8');
  const { users: list } = (await users('presence-u')).json() as { users: { id: string }[] };
  expect(list.sort((a, b) => a.id.localeCompare(b.id))).toEqual([{ id: '7' }, { id: '8' }]);
});

test('an empty presence channel has an empty list', async () => {
  const response = await users('presence-nobody');
  expect([response.status, response.text]).toEqual([200, '{"users":[]}']);
});

test('a member is gone when its last connection is', async () => {
  const first = await under.member('presence-leaving', '7');
  const second = await under.member('presence-leaving', '7');
  for (const [client, expected] of [
    [first, '{"users":[{"id":"7"}]}'],
    [second, '{"users":[]}'],
  ] as const) {
    client.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-leaving' } });
    await client.barrier();
    expect((await users('presence-leaving')).text).toBe(expected);
  }
});

test.each(['__proto__', 'constructor', 'a"b', 'é', '<b>'])('the id %j is listed as it is', async (id) => {
  const channel = `presence-id-${Buffer.from(id).toString('hex')}`;
  await under.member(channel, id);
  expect((await users(channel)).text).toBe(JSON.stringify({ users: [{ id }] }));
});

test('a cache presence channel has users too', async () => {
  await under.member('presence-cache-u', '7');
  expect((await users('presence-cache-u')).text).toBe('{"users":[{"id":"7"}]}');
});

test.each(['public', 'private-x', 'cache-x', 'presence', 'private-encrypted-x'])(
  '%s is refused',
  async (channel) => {
    const response = await users(channel);
    expectTextError(response, 400);
    expect(response.text).toBe('Users can only be retrieved for presence channels');
  },
);
