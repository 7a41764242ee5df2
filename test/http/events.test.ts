/** PROTOCOL.md, "HTTP API": POST /apps/{app_id}/events. */
import { describe, expect, test } from 'vitest';
import { api, sendHttp, trigger } from '../support/api.ts';
import type { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { authParams, expectTextError, sendExactly, useServer } from './support.ts';

const QUIET = {
  id: '1004',
  key: 'quiet-key',
  secret: 'quiet-secret-0123456789',
  features: { subscriptionCounts: false },
};
const SMALL = {
  id: '1005',
  key: 'small-key',
  secret: 'small-secret-0123456789',
  limits: { eventDataBytes: 8 },
};
const under = useServer({ apps: [DEFAULT_APP, QUIET, SMALL] });

const post = (body: object | string) => api(under.server, 'POST', '/events', { body });
const eventOn = (client: RawClient, channel: string) =>
  client.next((frame) => frame.channel === channel && !frame.event.startsWith('pusher'));

/** Every JSON type but the ones named. */
function otherTypes(...right: string[]): unknown[] {
  const samples: Record<string, unknown> = {
    number: 7,
    boolean: true,
    object: { a: 1 },
    array: ['a'],
    string: 'a',
    null: null,
  };
  return Object.entries(samples)
    .filter(([type]) => !right.includes(type))
    .map(([, sample]) => sample);
}

describe('delivery', () => {
  test('a subscriber gets event, channel and data, and no user_id', async () => {
    const client = await under.subscriber('delivery');
    const response = await trigger(under.server, 'delivery', 'my-event', { hello: 'world' });
    expect([response.status, response.text]).toEqual([200, '{}']);
    const frame = await eventOn(client, 'delivery');
    expect(JSON.parse(frame.raw)).toEqual({
      event: 'my-event',
      channel: 'delivery',
      data: '{"hello":"world"}',
    });
  });

  test('a channel that nobody is in may be published to', async () => {
    expect((await trigger(under.server, 'empty', 'e', 'x')).status).toBe(200);
  });

  test('each of several channels gets the event', async () => {
    const one = await under.subscriber('several-1');
    const two = await under.subscriber('several-2');
    await trigger(under.server, ['several-1', 'several-2'], 'e', 'x');
    expect((await eventOn(one, 'several-1')).data).toBe('x');
    expect((await eventOn(two, 'several-2')).data).toBe('x');
  });

  test('a single channel may be given as `channel`', async () => {
    const client = await under.subscriber('single');
    expect((await post({ name: 'e', channel: 'single', data: 'x' })).status).toBe(200);
    expect((await eventOn(client, 'single')).data).toBe('x');
  });

  test('a channel named twice gets the event once', async () => {
    const client = await under.subscriber('twice');
    await trigger(under.server, ['twice', 'twice', 'twice'], 'first', 'x');
    await trigger(under.server, 'twice', 'second', 'x');
    expect((await eventOn(client, 'twice')).event).toBe('first');
    expect((await eventOn(client, 'twice')).event).toBe('second');
  });

  test('events of one publisher keep their order', async () => {
    const client = await under.subscriber('order');
    const numbers = Array.from({ length: 50 }, (_, index) => String(index));
    for (const number of numbers) await trigger(under.server, 'order', 'n', number);
    const received: unknown[] = [];
    for (const _ of numbers) received.push((await eventOn(client, 'order')).data);
    expect(received).toEqual(numbers);
  });

  test('private, presence and encrypted channels are published to alike', async () => {
    const privately = await under.subscriber('private-p');
    const encrypted = await under.subscriber('private-encrypted-p');
    const member = await under.member('presence-p', '7');
    const envelope =
      '{"nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","ciphertext":"MXL1xH6q8rI1prQqoLyfaQEidzKTCSSJmXzdaQ=="}';
    await trigger(under.server, 'private-p', 'e', 'x');
    await trigger(under.server, 'presence-p', 'e', 'x');
    await trigger(under.server, 'private-encrypted-p', 'e', envelope);
    expect((await eventOn(privately, 'private-p')).data).toBe('x');
    expect((await eventOn(member, 'presence-p')).raw).not.toContain('user_id');
    expect((await eventOn(encrypted, 'private-encrypted-p')).data).toBe(envelope);
  });

  test('unknown fields are ignored', async () => {
    expect((await trigger(under.server, 'a', 'e', 'x', { extra: { deep: [1] }, more: null })).status).toBe(
      200,
    );
  });

  test('parameters may come in the query', async () => {
    const client = await under.subscriber('by-query');
    const response = await api(under.server, 'POST', '/events', {
      query: { name: 'e', channel: 'by-query', data: 'of the query' },
    });
    expect([response.status, response.text]).toEqual([200, '{}']);
    expect((await eventOn(client, 'by-query')).data).toBe('of the query');
  });

  test('the body wins over the query', async () => {
    const client = await under.subscriber('by-both');
    await api(under.server, 'POST', '/events', {
      query: { name: 'of-query', data: 'of the query', channel: 'elsewhere' },
      body: { name: 'of-body', channel: 'by-both', data: 'of the body' },
    });
    expect(await eventOn(client, 'by-both')).toMatchObject({ event: 'of-body', data: 'of the body' });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-8',
    'nonsense',
  ])('the body is JSON also when it is called %s', async (type) => {
    const response = await trigger(under.server, 'a', 'e', 'x', {}, { headers: { 'content-type': type } });
    expect(response.status).toBe(200);
  });
});

describe('name', () => {
  test.each([
    'x'.repeat(200),
    'é'.repeat(200),
    'App\\Events\\Order.Shipped',
    'with "quotes", spaces\tand\nlines',
    'client-from-the-api',
    'pusher',
    'pusher-x',
    '__proto__',
    '☃',
  ])('%j is delivered as it is', async (name) => {
    const client = await under.subscriber('names');
    expect((await trigger(under.server, 'names', name, 'x')).status).toBe(200);
    expect((await client.next((frame) => frame.data === 'x')).event).toBe(name);
  });

  test.each(['', 'x'.repeat(201), 'pusher:x', 'pusher_internal:member_added', ...otherTypes('string')])(
    '%j is refused',
    async (name) => {
      expectTextError(await post({ name, channels: ['a'], data: 'x' }), 400);
    },
  );

  test('missing is refused', async () => {
    expectTextError(await post({ channels: ['a'], data: 'x' }), 400);
  });
});

describe('data', () => {
  test.each([
    ['', ''],
    ['plain text', 'plain text'],
    ['"quoted"', '"quoted"'],
    ['back\\slash', 'back\\slash'],
    ['\u0000\u0001\u001f\u007f', '\u0000\u0001\u001f\u007f'],
    ['\u2028\u2029', '\u2028\u2029'],
    ['Zoë ✓ 😀', 'Zoë ✓ 😀'],
    ['</script>', '</script>'],
  ])('the string %j arrives as it is', async (data, expected) => {
    const client = await under.subscriber('data');
    expect((await post({ name: 'e', channels: ['data'], data })).status).toBe(200);
    expect((await eventOn(client, 'data')).data).toBe(expected);
  });

  test.each([
    [{ a: { b: [1, 'é', null] } }, '{"a":{"b":[1,"é",null]}}'],
    [[1, 2], '[1,2]'],
    [12.5, '12.5'],
    [0, '0'],
    [true, 'true'],
    [false, 'false'],
    [{}, '{}'],
  ])('%j, which is no string, arrives as JSON text', async (data, expected) => {
    const client = await under.subscriber('data-json');
    expect((await post({ name: 'e', channels: ['data-json'], data })).status).toBe(200);
    expect((await eventOn(client, 'data-json')).data).toBe(expected);
  });

  test('a lone surrogate does not cost the subscriber its connection', async () => {
    const client = await under.subscriber('surrogate');
    await post('{"name":"e","channels":["surrogate"],"data":"\\ud800"}');
    await trigger(under.server, 'surrogate', 'after', 'x');
    expect((await eventOn(client, 'surrogate')).event).toBe('e');
    expect((await eventOn(client, 'surrogate')).event).toBe('after');
  });

  test('missing is refused', async () => {
    expectTextError(await post({ name: 'e', channels: ['a'] }), 400);
  });

  test('exactly 10,240 bytes are accepted, of one or more bytes a character', async () => {
    for (const data of ['x'.repeat(10_240), 'é'.repeat(5_120), '😀'.repeat(2_560), '"'.repeat(10_240)]) {
      const client = await under.subscriber('exact-size');
      expect((await post({ name: 'e', channels: ['exact-size'], data })).status).toBe(200);
      expect((await eventOn(client, 'exact-size')).data).toBe(data);
    }
  });

  test.each([
    ['x', 10_241],
    ['é', 5_121],
    ['😀', 2_561],
  ])('of %s, %d characters are too large', async (character, length) => {
    const response = await post({ name: 'e', channels: ['a'], data: character.repeat(length) });
    expectTextError(response, 413);
    expect(response.text).toMatch(
      /^The data content of this event exceeds the allowed maximum \(10240 bytes\)/,
    );
  });

  test('the size of an object is that of its text', async () => {
    const padding = 10_240 - '{"a":""}'.length;
    expect((await post({ name: 'e', channels: ['a'], data: { a: 'x'.repeat(padding) } })).status).toBe(200);
    expectTextError(await post({ name: 'e', channels: ['a'], data: { a: 'x'.repeat(padding + 1) } }), 413);
  });

  test('the limit is the app’s', async () => {
    expect((await trigger(under.server, 'a', 'e', 'x'.repeat(8), {}, { app: SMALL })).status).toBe(200);
    const response = await trigger(under.server, 'a', 'e', 'x'.repeat(9), {}, { app: SMALL });
    expectTextError(response, 413);
    expect(response.text).toContain('(8 bytes)');
  });
});

describe('channels', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `c-${index}`);

  test('a hundred are accepted', async () => {
    expect((await trigger(under.server, names(100), 'e', 'x')).status).toBe(200);
  });

  test('a hundred and one are refused', async () => {
    expectTextError(await trigger(under.server, names(101), 'e', 'x'), 400);
  });

  test('duplicates count once', async () => {
    expect((await trigger(under.server, [...names(100), 'c-0', 'c-1'], 'e', 'x')).status).toBe(200);
  });

  test('none is refused', async () => {
    expectTextError(await trigger(under.server, [], 'e', 'x'), 400);
    expectTextError(await post({ name: 'e', data: 'x' }), 400);
  });

  test.each([
    'a'.repeat(200),
    'AZaz09_-=@,.;',
    'private',
    'privateer',
    'presence',
    'private-encrypted',
    '__proto__',
    'constructor',
  ])('%j is a name', async (channel) => {
    expect((await trigger(under.server, channel, 'e', 'x')).status).toBe(200);
  });

  test.each([
    '',
    'a'.repeat(201),
    'a b',
    'a/b',
    'a:b',
    'é',
    'a\n',
    '#',
    '#x',
    '#server-to-user-',
    '#server-to-userx',
    'a#b',
    'a*',
  ])('%j is no name', async (channel) => {
    expectTextError(await trigger(under.server, channel, 'e', 'x'), 400);
    expectTextError(await post({ name: 'e', channel, data: 'x' }), 400);
  });

  test('values of other types are refused', async () => {
    for (const channels of otherTypes('array', 'null'))
      expectTextError(await post({ name: 'e', channels, data: 'x' }), 400);
    for (const channel of otherTypes('string', 'null'))
      expectTextError(await post({ name: 'e', channel, data: 'x' }), 400);
    for (const item of otherTypes('string'))
      expectTextError(await post({ name: 'e', channels: [item], data: 'x' }), 400);
  });

  test('if one name is bad, nobody gets anything', async () => {
    const client = await under.subscriber('all-or-nothing');
    expectTextError(await trigger(under.server, ['all-or-nothing', 'bad name'], 'refused', 'x'), 400);
    await trigger(under.server, 'all-or-nothing', 'accepted', 'x');
    expect((await eventOn(client, 'all-or-nothing')).event).toBe('accepted');
  });

  test('several of which one is encrypted are refused, and nobody gets anything', async () => {
    const client = await under.subscriber('beside-encrypted');
    for (const encrypted of ['private-encrypted-a', 'private-encrypted-cache-a']) {
      expectTextError(await trigger(under.server, ['beside-encrypted', encrypted], 'refused', 'x'), 400);
    }
    expectTextError(
      await trigger(under.server, ['private-encrypted-a', 'private-encrypted-b'], 'refused', 'x'),
      400,
    );
    await trigger(under.server, 'beside-encrypted', 'accepted', 'x');
    expect((await eventOn(client, 'beside-encrypted')).event).toBe('accepted');
  });

  test('one encrypted channel is accepted', async () => {
    expect(
      (await trigger(under.server, 'private-encrypted-a', 'e', '{"nonce":"","ciphertext":""}')).status,
    ).toBe(200);
  });
});

describe('socket_id', () => {
  test('that connection does not get the event, others do', async () => {
    const excluded = await under.subscriber('exclusion');
    const other = await under.subscriber('exclusion');
    await trigger(under.server, 'exclusion', 'spared', 'x', { socket_id: excluded.socketId });
    await trigger(under.server, 'exclusion', 'for-all', 'x');
    expect((await eventOn(other, 'exclusion')).event).toBe('spared');
    expect((await eventOn(excluded, 'exclusion')).event).toBe('for-all');
  });

  test('it is spared in every channel of the request', async () => {
    const excluded = await under.connect();
    await excluded.subscribe('exclusion-1');
    await excluded.subscribe('exclusion-2');
    await trigger(under.server, ['exclusion-1', 'exclusion-2'], 'spared', 'x', {
      socket_id: excluded.socketId,
    });
    await trigger(under.server, ['exclusion-2'], 'for-all', 'x');
    expect((await excluded.next((frame) => frame.data === 'x')).event).toBe('for-all');
  });

  test('a connection that is not subscribed, or gone, changes nothing', async () => {
    const client = await under.subscriber('exclusion-none');
    const elsewhere = await under.connect();
    for (const socketId of [elsewhere.socketId, '1.1', '4294967295.4294967295']) {
      expect((await trigger(under.server, 'exclusion-none', 'e', 'x', { socket_id: socketId })).status).toBe(
        200,
      );
      expect((await eventOn(client, 'exclusion-none')).event).toBe('e');
    }
  });

  test('null spares nobody', async () => {
    const client = await under.subscriber('exclusion-null');
    expect((await trigger(under.server, 'exclusion-null', 'e', 'x', { socket_id: null })).status).toBe(200);
    expect((await eventOn(client, 'exclusion-null')).event).toBe('e');
  });

  test.each(['x', '1', '1.', '.1', '1.2.3', '1.2 ', '1.2\n', '-1.2', 'a.b', ...otherTypes('string', 'null')])(
    '%j is refused',
    async (socketId) => {
      expectTextError(await trigger(under.server, 'a', 'e', 'x', { socket_id: socketId }), 400);
    },
  );
});

describe('info', () => {
  test('each channel has the attributes that apply to it', async () => {
    await under.member('presence-info', '7');
    await under.member('presence-info', '7');
    await under.member('presence-info', '8');
    await under.subscriber('info');
    const response = await trigger(under.server, ['presence-info', 'info', 'info-empty'], 'e', 'x', {
      info: 'user_count,subscription_count',
    });
    expect(response.status).toBe(200);
    expect(response.json()).toEqual({
      channels: {
        'presence-info': { user_count: 2, subscription_count: 3 },
        info: { subscription_count: 1 },
        'info-empty': { subscription_count: 0 },
      },
    });
  });

  test('an attribute that does not apply is left out, not refused', async () => {
    const response = await trigger(under.server, 'info-private', 'e', 'x', { info: 'user_count' });
    expect([response.status, response.text]).toEqual([200, '{"channels":{"info-private":{}}}']);
  });

  test('subscription_count is left out where the app does not count', async () => {
    await under.subscriber('info-quiet', QUIET);
    const response = await trigger(
      under.server,
      'info-quiet',
      'e',
      'x',
      { info: 'subscription_count' },
      { app: QUIET },
    );
    expect([response.status, response.text]).toEqual([200, '{"channels":{"info-quiet":{}}}']);
  });

  test('channels named as parts of an object are channels like others', async () => {
    const response = await trigger(under.server, ['__proto__', 'constructor'], 'e', 'x', {
      info: 'user_count',
    });
    expect(response.text).toBe('{"channels":{"__proto__":{},"constructor":{}}}');
  });

  test('null asks for nothing', async () => {
    const response = await trigger(under.server, 'a', 'e', 'x', { info: null });
    expect([response.status, response.text]).toEqual([200, '{}']);
  });

  test('other types are refused', async () => {
    for (const info of otherTypes('string', 'null')) {
      expectTextError(await trigger(under.server, 'a', 'e', 'x', { info }), 400);
    }
  });
});

describe('users as targets', () => {
  test('every subscribed connection of the user gets the event, and nobody else', async () => {
    const tabs = [await under.user('42'), await under.user('42')];
    const other = await under.user('43');
    for (const tab of tabs) await tab.subscribe('#server-to-user-42');
    await other.subscribe('#server-to-user-43');
    expect((await trigger(under.server, '#server-to-user-42', 'for-42', 'x')).status).toBe(200);
    expect((await trigger(under.server, '#server-to-user-43', 'for-43', 'x')).status).toBe(200);
    for (const tab of tabs) {
      expect(await eventOn(tab, '#server-to-user-42')).toMatchObject({ event: 'for-42', data: 'x' });
    }
    expect((await eventOn(other, '#server-to-user-43')).event).toBe('for-43');
  });

  test.each(['a|b', 'a:b', 'zoë@example.com', '1 2', '{}'])('the id %j can be a target', async (id) => {
    const client = await under.user(id);
    await client.subscribe(`#server-to-user-${id}`);
    expect((await trigger(under.server, `#server-to-user-${id}`, 'e', 'x')).status).toBe(200);
    expect((await eventOn(client, `#server-to-user-${id}`)).data).toBe('x');
  });

  test('a user who is not there is no error', async () => {
    const response = await trigger(under.server, '#server-to-user-nobody', 'e', 'x', { info: 'user_count' });
    expect([response.status, response.text]).toEqual([200, '{"channels":{"#server-to-user-nobody":{}}}']);
  });
});

describe('hostile bodies', () => {
  test('fields under __proto__ are not fields', async () => {
    expectTextError(await post('{"__proto__":{"name":"e","channels":["a"],"data":"x"}}'), 400);
    expectTextError(
      await post('{"constructor":{"prototype":{"name":"e"}},"channels":["a"],"data":"x"}'),
      400,
    );
    expect(({} as Record<string, unknown>)['name']).toBeUndefined();
  });

  test('a __proto__ field beside good ones is ignored', async () => {
    const response = await post('{"__proto__":{"socket_id":"x"},"name":"e","channels":["a"],"data":"x"}');
    expect(response.status).toBe(200);
  });

  test('__proto__ in the query is no field', async () => {
    const params: [string, string][] = [
      ...authParams(DEFAULT_APP),
      ['__proto__', 'x'],
      ['__proto__[name]', 'e'],
    ];
    const path = `/apps/${DEFAULT_APP.id}/events`;
    expectTextError(await sendExactly(under.server, { method: 'POST', path, params }), 400);
  });

  test('a repeated field counts once', async () => {
    const response = await post('{"name":"pusher:x","name":"e","channels":["a"],"data":"x"}');
    expect(response.status).toBe(200);
  });

  test('a request that is not signed publishes nothing', async () => {
    const client = await under.subscriber('unsigned');
    const refused = await sendHttp(under.server, {
      method: 'POST',
      path: `/apps/${DEFAULT_APP.id}/events`,
      params: [],
      body: Buffer.from('{"name":"refused","channels":["unsigned"],"data":"x"}'),
      headers: {},
    });
    expectTextError(refused, 401);
    await trigger(under.server, 'unsigned', 'accepted', 'x');
    expect((await eventOn(client, 'unsigned')).event).toBe('accepted');
  });
});
