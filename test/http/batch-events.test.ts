/** PROTOCOL.md, "HTTP API": POST /apps/{app_id}/batch_events. */
import { describe, expect, test } from 'vitest';
import { api, trigger } from '../support/api.ts';
import type { RawClient } from '../support/raw-client.ts';
import { expectTextError, useServer } from './support.ts';

const under = useServer();

const send = (batch: unknown) => api(under.server, 'POST', '/batch_events', { body: { batch } });
const event = (channel: string, name: string, extra: object = {}) => ({ channel, name, data: 'x', ...extra });
const eventOn = (client: RawClient, channel: string) =>
  client.next((frame) => frame.channel === channel && !frame.event.startsWith('pusher'));

describe('delivery', () => {
  test('every event reaches its channel', async () => {
    const a = await under.subscriber('batch-a');
    const b = await under.subscriber('batch-b');
    const response = await send([
      { channel: 'batch-a', name: 'e1', data: '1' },
      { channel: 'batch-b', name: 'e2', data: '{"x":1}' },
    ]);
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect(await eventOn(a, 'batch-a')).toMatchObject({ event: 'e1', data: '1' });
    expect(await eventOn(b, 'batch-b')).toMatchObject({ event: 'e2', data: '{"x":1}' });
  });

  test('events of one channel arrive in the order of the batch', async () => {
    const client = await under.subscriber('batch-order');
    const names = Array.from({ length: 10 }, (_, index) => `e${index}`);
    await send(names.map((name) => event('batch-order', name)));
    const received: string[] = [];
    for (const _ of names) received.push((await eventOn(client, 'batch-order')).event);
    expect(received).toEqual(names);
  });

  test('each event spares its own socket_id', async () => {
    const one = await under.subscriber('batch-spare');
    const two = await under.subscriber('batch-spare');
    await send([
      event('batch-spare', 'not-one', { socket_id: one.socketId }),
      event('batch-spare', 'not-two', { socket_id: two.socketId }),
      event('batch-spare', 'for-all', { socket_id: null }),
    ]);
    expect((await eventOn(one, 'batch-spare')).event).toBe('not-two');
    expect((await eventOn(two, 'batch-spare')).event).toBe('not-one');
    expect((await eventOn(one, 'batch-spare')).event).toBe('for-all');
  });

  test('data that is no string is turned into its text', async () => {
    const client = await under.subscriber('batch-json');
    await send([event('batch-json', 'e', { data: { a: [1] } })]);
    expect((await eventOn(client, 'batch-json')).data).toBe('{"a":[1]}');
  });

  test('users can be targets, and several encrypted channels too', async () => {
    const user = await under.user('9');
    await user.subscribe('#server-to-user-9');
    const encrypted = await under.subscriber('private-encrypted-batch');
    const response = await send([
      event('#server-to-user-9', 'hello'),
      event('private-encrypted-batch', 'e', { data: '{"nonce":"a","ciphertext":"b"}' }),
      event('private-encrypted-other', 'e', { data: '{"nonce":"a","ciphertext":"b"}' }),
    ]);
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect((await eventOn(user, '#server-to-user-9')).event).toBe('hello');
    expect((await eventOn(encrypted, 'private-encrypted-batch')).data).toBe('{"nonce":"a","ciphertext":"b"}');
  });
});

describe('info', () => {
  test('the answer is an array with an object for each event, in order', async () => {
    await under.member('presence-batch', '7');
    await under.subscriber('batch-info');
    const response = await send([
      event('presence-batch', 'e', { info: 'user_count' }),
      event('batch-info', 'e'),
      event('batch-info', 'e', { info: 'subscription_count,user_count' }),
    ]);
    expect(response.text).toBe('{"batch":[{"user_count":1},{},{"subscription_count":1}]}');
  });
});

describe('limits', () => {
  test('ten events of 10,240 bytes each are accepted', async () => {
    const client = await under.subscriber('batch-large');
    const data = 'é'.repeat(5_120);
    const response = await send(Array.from({ length: 10 }, () => event('batch-large', 'e', { data })));
    expect(response.status).toBe(200);
    for (let count = 0; count < 10; count++) expect((await eventOn(client, 'batch-large')).data).toBe(data);
  });

  test('eleven events are refused', async () => {
    expectTextError(await send(Array.from({ length: 11 }, () => event('a', 'e'))), 400);
  });

  test('no events are refused', async () => {
    expectTextError(await send([]), 400);
  });

  test('one event too large is 413', async () => {
    const response = await send([event('a', 'e'), event('a', 'e', { data: 'x'.repeat(10_241) })]);
    expectTextError(response, 413);
    expect(response.text).toMatch(
      /^The data content of this event exceeds the allowed maximum \(10240 bytes\)/,
    );
  });
});

describe('refusals', () => {
  const bad: [string, unknown][] = [
    ['no channel', { name: 'e', data: 'x' }],
    ['a bad channel', event('bad name', 'e')],
    ['a reserved channel', event('#x', 'e')],
    ['a channel of another type', { channel: 7, name: 'e', data: 'x' }],
    ['no name', { channel: 'a', data: 'x' }],
    ['a reserved name', event('a', 'pusher:x')],
    ['a name too long', event('a', 'x'.repeat(201))],
    ['no data', { channel: 'a', name: 'e' }],
    ['a bad socket_id', event('a', 'e', { socket_id: 'x' })],
    ['info of another type', event('a', 'e', { info: 7 })],
    ['null', null],
    ['a string', 'x'],
    ['an array', []],
    ['a number', 7],
    ['fields under __proto__', JSON.parse('{"__proto__":{"channel":"a","name":"e","data":"x"}}')],
  ];

  test.each(bad)('with %s in it nothing of the batch is sent', async (_, item) => {
    const client = await under.subscriber('batch-refused');
    expectTextError(await send([event('batch-refused', 'refused'), item]), 400);
    await trigger(under.server, 'batch-refused', 'accepted', 'x');
    expect((await eventOn(client, 'batch-refused')).event).toBe('accepted');
  });

  test.each([undefined, null, 'x', 7, {}, { 0: event('a', 'e') }])(
    'a batch of %j is refused',
    async (batch) => {
      expectTextError(await send(batch), 400);
    },
  );
});
