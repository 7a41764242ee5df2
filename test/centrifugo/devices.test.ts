/** Devices, and what they and their users listen to. */
import { afterEach, expect, it } from 'vitest';
import { ask, onEachNode } from '../support/push/push-node.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import {
  API_KEY,
  call,
  device,
  expectBad,
  expectError,
  type Listed,
  list,
  OLDER,
  resultOf,
} from './support.ts';

const UNKNOWN = 'fcm-99999999-9999-4999-8999-999999999999';
const settings = () => ({
  apps: [
    { ...DEFAULT_APP, push: { centrifugo: { apiKey: API_KEY } } },
    { ...OTHER_APP, push: { centrifugo: { apiKey: 'other-api-key' } } },
  ],
});

onEachNode(settings, (node) => {
  afterEach(async () => {
    const { items } = await list(node(), { limit: 1000 });
    if (items.length > 0) await resultOf(node(), 'device_remove', { ids: items.map(({ id }) => id) });
    const bindings = await resultOf<{ items: { user: string }[] }>(node(), 'push_user_channel_list', {});
    for (const { user } of bindings.items) {
      await resultOf(node(), 'push_user_channel_update', { user, op: 'set' });
    }
  });
  const one = async (id: string): Promise<Listed | undefined> => (await list(node(), { ids: [id] })).items[0];
  const bind = (user: string, op: string, channels: readonly string[]) =>
    resultOf(node(), 'push_user_channel_update', { user, op, channels });

  it('a registration, a binding and lists have the bytes of Centrifugo', async () => {
    const registered = await call(
      node(),
      'device_register',
      '{"provider":"fcm","token":"fcm-token-1","platform":"android","user":"42","channels":["news"]}',
    );
    const { id } = (registered.json() as { result: { id: string } }).result;
    expect(id).toMatch(/^fcm-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(registered.headers['content-type']).toBe('application/json');
    const shown = `"id":"${id}","platform":"android","provider":"fcm","token":"fcm-token-1","user":"42"`;
    expect(registered.text).toBe(`{"result":{"device":{${shown}},"id":"${id}"}}`);

    const streamed = await ask(node(), 'POST', '/api', {
      headers: OLDER,
      body:
        '{"id":1,"method":"push_user_channel_update","params":{"user":"42","op":"add","channels":["user:42"]}}\n' +
        '{"id":2,"method":"device_list","params":{"users":["42"],"include_channels":true,"limit":10}}',
    });
    expect(streamed.text).toBe(
      `{"id":1,"result":{}}\n{"id":2,"result":{"items":[{${shown},"channels":["news","user:42"]}],"has_more":false}}`,
    );

    const bindings = await call(
      node(),
      'push_user_channel_list',
      '{"users":["42"],"channel_prefix":"user:"}',
    );
    expect(bindings.text).toMatch(
      /^\{"result":\{"items":\[\{"id":"\d+","user":"42","channel":"user:42"\}\],"has_more":false\}\}$/,
    );

    const detached = await call(node(), 'device_update', `{"ids":["${id}"],"user_update":{"user":""}}`);
    expect(detached.text).toBe('{"result":{}}');
    const after = await call(node(), 'device_list', `{"ids":["${id}"],"include_channels":true}`);
    expect(after.text).toBe(
      `{"result":{"items":[{"id":"${id}","platform":"android","provider":"fcm","token":"fcm-token-1","channels":["news"]}],"has_more":false}}`,
    );
    const none = await call(node(), 'device_list', '{"ids":["none"]}');
    expect(none.text).toBe('{"result":{"items":[],"has_more":false}}');
  });

  it('a registration writes the whole state', async () => {
    const full = { user: 'u', meta: { a: '1' }, tags: { b: '2' }, channels: ['c'], locale: 'pt-BR' };
    const id = await device(node(), 't', full);
    const everything = { ids: [id], include_meta: true, include_tags: true };
    expect((await list(node(), everything)).items).toEqual([
      { id, platform: 'android', provider: 'fcm', token: 't', ...full },
    ]);
    expect(await device(node(), 't')).toBe(id);
    expect((await list(node(), everything)).items).toEqual([
      { id, platform: 'android', provider: 'fcm', token: 't' },
    ]);
  });

  it('a registration with an id gives that device a new token, and forgets who had it', async () => {
    const [first, second] = [await device(node(), 'old', { user: 'u' }), await device(node(), 'new')];
    expect(await device(node(), 'new', { id: first })).toBe(first);
    expect((await list(node(), {})).items).toMatchObject([{ id: first, token: 'new' }]);
    expect(await one(second)).toBeUndefined();
  });

  it('a registration with an id that nobody knows is that of its token', async () => {
    const id = await device(node(), 't', { id: UNKNOWN });
    expect(id).not.toBe(UNKNOWN);
    expect(await device(node(), 't', { id: UNKNOWN })).toBe(id);
  });

  it('tokens of Apple have no case', async () => {
    const apple = { provider: 'apns', platform: 'ios' };
    const id = await device(node(), 'AB12', apple);
    expect(await device(node(), 'ab12', apple)).toBe(id);
    const filter = { provider_tokens: [{ provider: 'apns', tokens: ['Ab12'] }] };
    expect((await list(node(), filter)).items).toMatchObject([{ id, token: 'ab12' }]);
  });

  it.each([
    [{ provider: undefined }, 'provider must be one of fcm, hms, apns, webpush'],
    [{ provider: 'gcm' }, 'provider must be one of fcm, hms, apns, webpush'],
    [{ platform: '' }, 'platform must be one of ios, android, web'],
    [{ platform: 'macos' }, 'platform must be one of ios, android, web'],
    [{ token: '' }, 'token is required'],
    [{ token: 'a b' }, 'token must be 1 to 4096 visible ASCII characters'],
    [{ provider: 'apns', token: '../x' }, 'token must be 1 to 255 letters, digits or any of _ : -'],
    [{ provider: 'webpush', token: '{}' }, 'token is no subscription: The subscription has no endpoint.'],
    [{ id: 'fcm-1' }, 'id is no id of a device'],
    [{ channels: [''] }, 'channels[0] must have 1 to 255 bytes'],
    [{ channels: ['é'.repeat(128)] }, 'channels[0] must have 1 to 255 bytes'],
    [{ user: 'u'.repeat(657) }, 'user must have at most 656 bytes'],
    [{ user: 'a\0' }, 'user has a NUL character'],
    [{ meta: { 'a\0': '' } }, 'a key of meta has a NUL character'],
  ])('a registration with %o is refused', async (changes, detail) => {
    const body = { provider: 'fcm', token: 't', platform: 'android', ...changes };
    expectBad(await call(node(), 'device_register', body), detail);
  });

  it('simultaneous first registrations of a token have one id', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => device(node(), 'same')));
    expect(new Set(ids).size).toBe(1);
  });

  it('a browser is registered by its subscription as JSON', async () => {
    const subscription = {
      endpoint: 'https://fcm.googleapis.com/wp/abc',
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
    };
    const web = { provider: 'webpush', platform: 'web' };
    const id = await device(node(), JSON.stringify({ expirationTime: null, ...subscription }), web);
    expect(id).toMatch(/^web-/);
    expect(await one(id)).toMatchObject({ token: JSON.stringify(subscription) });
  });

  it('the user of a device is switched with what the users listen to', async () => {
    await bind('a', 'add', ['of-a', 'both']);
    await bind('b', 'add', ['of-b', 'both']);
    const id = await device(node(), 't', { user: 'a', channels: ['own', 'of-a'] });
    expect((await one(id))?.channels).toEqual(['both', 'of-a', 'own']);
    await resultOf(node(), 'device_update', { users: ['a'], user_update: { user: 'b' } });
    expect(await one(id)).toMatchObject({ user: 'b', channels: ['both', 'of-a', 'of-b', 'own'] });
    await bind('b', 'set', ['new']);
    expect((await one(id))?.channels).toEqual(['new', 'of-a', 'own']);
    await bind('b', 'remove', ['new', 'own']);
    expect((await one(id))?.channels).toEqual(['of-a', 'own']);
  });

  it('channels, tags, meta and the rest are changed each by itself', async () => {
    const id = await device(node(), 't', { meta: { a: '1' }, tags: { x: '1', y: '2' }, channels: ['c'] });
    const update = (changes: object) => resultOf(node(), 'device_update', { ids: [id], ...changes });
    const everything = async () =>
      (await list(node(), { ids: [id], include_meta: true, include_tags: true })).items[0];
    await update({
      channels_update: { op: 'add', channels: ['d'] },
      timezone_update: { timezone: 'Europe/Oslo' },
    });
    await update({
      channels_update: { op: 'remove', channels: ['c'] },
      tags_update: { op: 'add', tags: { z: '3' } },
    });
    await update({ tags_update: { op: 'remove', tags: { y: 'other' } }, meta_update: { meta: { b: '2' } } });
    expect(await everything()).toMatchObject({
      channels: ['d'],
      meta: { b: '2' },
      tags: { x: '1', z: '3' },
      timezone: 'Europe/Oslo',
    });
    await update({ topics_update: { topics: ['e'] }, tags_update: { tags: {} }, timezone_update: {} });
    expect(await everything()).toEqual({
      id,
      platform: 'android',
      provider: 'fcm',
      token: 't',
      meta: { b: '2' },
      channels: ['e'],
    });
  });

  it('changes and removals need a selection, and do nothing where nothing fits', async () => {
    const id = await device(node(), 't', { user: 'u' });
    for (const method of ['device_update', 'device_remove']) {
      for (const body of [{}, { ids: [], users: null }, { platforms: ['android'] }]) {
        expectBad(await call(node(), method, body), 'one of ids, users and provider_tokens is required');
      }
      expect(await resultOf(node(), method, { ids: ['none'] })).toEqual({});
      expect(await resultOf(node(), method, { ids: [id], users: ['other'] })).toEqual({});
    }
    expect(await one(id)).toMatchObject({ user: 'u' });
    await resultOf(node(), 'device_remove', { provider_tokens: [{ provider: 'fcm', tokens: ['t'] }] });
    expect(await one(id)).toBeUndefined();
  });

  it('bindings outlive devices', async () => {
    await bind('u', 'add', ['c']);
    await resultOf(node(), 'device_remove', { ids: [await device(node(), 't', { user: 'u' })] });
    expect((await one(await device(node(), 't', { user: 'u' })))?.channels).toEqual(['c']);
  });

  it('250 devices come in pages of 100, 100 and 50, each once though others come meanwhile', async () => {
    const ids = await Promise.all(Array.from({ length: 250 }, (_, n) => device(node(), `t${n}`)));
    const seen: string[] = [];
    const pages: [number, boolean][] = [];
    let since = '';
    do {
      const page = await list(node(), { since, limit: 100, users: [] });
      pages.push([page.items.length, page.has_more]);
      seen.push(...page.items.map(({ id }) => id));
      since = page.items.at(-1)?.id ?? '';
    } while (pages.at(-1)?.[1]);
    expect(pages).toEqual([
      [100, true],
      [100, true],
      [50, false],
    ]);
    expect(seen).toEqual([...ids].sort());
    expect((await list(node(), {})).items).toHaveLength(100);
    expect((await list(node(), { limit: 5000 })).items).toHaveLength(250);
    expectBad(await call(node(), 'device_list', { limit: -1 }), 'limit must not be negative');
  });

  it('filters: within a field any, all fields together', async () => {
    const a = await device(node(), 'a', { user: 'u', channels: ['x'] });
    const b = await device(node(), 'b', { user: 'v', platform: 'web', channels: ['y'] });
    const c = await device(node(), 'c', { user: 'v', provider: 'hms', channels: ['x', 'y'] });
    const found = async (filter: object) => (await list(node(), filter)).items.map(({ id }) => id);
    expect(await found({ users: ['u', 'v'] })).toEqual([a, b, c].sort());
    expect(await found({ users: ['v'], providers: ['fcm'] })).toEqual([b]);
    expect(await found({ platforms: ['android'], channels: ['y'] })).toEqual([c]);
    expect(await found({ tokens: ['a', 'c'], providers: ['fcm', 'hms'] })).toEqual([a, c].sort());
    expect(await found({ filter: { topics: ['x'], users: ['v'] } })).toEqual([c]);
    expectBad(
      await call(node(), 'device_list', { providers: ['x'] }),
      'providers must be one of fcm, hms, apns, webpush',
    );
  });

  it('in the words of later versions a list has topics, times, a cursor and a total', async () => {
    const ids = await Promise.all(
      ['a', 'b', 'c'].map((token) => device(node(), token, { topics: ['x'], user: 'u' })),
    );
    ids.sort();
    const params = { filter: { topics: ['x'] }, include_topics: true, include_total_count: true, limit: 2 };
    const first = await resultOf<{ next_cursor: string }>(node(), 'device_list', params);
    const time = expect.closeTo(Date.now() / 1000, -2);
    expect(first).toEqual({
      items: ids
        .slice(0, 2)
        .map((id) => expect.objectContaining({ id, topics: ['x'], created_at: time, updated_at: time })),
      has_more: true,
      next_cursor: ids[1],
      total_count: 3,
    });
    expect(
      await resultOf(node(), 'device_list', { ...params, filter: {}, cursor: first.next_cursor }),
    ).toEqual({
      items: [expect.objectContaining({ id: ids[2], topics: ['x'] })],
      has_more: false,
      total_count: 3,
    });
  });

  it('in the words of later versions users have topics', async () => {
    await resultOf(node(), 'user_topic_update', { user: 'u', op: 'add', topics: ['n:1', 'n:2', 'o'] });
    const params = { filter: { users: ['u'], topic_prefix: 'n:' }, include_total_count: true, limit: 1 };
    const page = await resultOf<{ next_cursor: string }>(node(), 'user_topic_list', params);
    expect(page).toEqual({
      items: [{ id: page.next_cursor, user: 'u', topic: 'n:1' }],
      has_more: true,
      next_cursor: expect.stringMatching(/^\d+$/),
      total_count: 2,
    });
    expect(await resultOf(node(), 'user_topic_list', { ...params, cursor: page.next_cursor })).toMatchObject({
      items: [{ user: 'u', topic: 'n:2' }],
      has_more: false,
    });
  });

  it('bindings need a user and an operation', async () => {
    expectBad(await call(node(), 'push_user_channel_update', { op: 'add' }), 'user is required');
    expectBad(
      await call(node(), 'push_user_channel_update', { user: 'u' }),
      'op must be one of add, remove, set',
    );
  });

  it('topics of one device are changed, if it is there and its user the right one', async () => {
    const id = await device(node(), 't', { user: 'u' });
    const update = (changes: object) =>
      call(node(), 'device_topic_update', { device_id: id, op: 'add', topics: ['x'], ...changes });
    expectError(await update({ user: 'v' }), 113, 'conflict', "the device is another user's");
    expectError(
      await update({ device_id: UNKNOWN }),
      104,
      'method not found',
      `there is no device ${UNKNOWN}`,
    );
    expect((await update({ user: 'u' })).text).toBe('{"result":{}}');
    expect((await one(id))?.channels).toEqual(['x']);
  });

  it('topics of devices are listed line by line', async () => {
    const ids = await Promise.all(
      ['a', 'b'].map((token) => device(node(), token, { topics: ['n:1', 'n:2', 'o'] })),
    );
    ids.sort();
    const lines: string[] = [];
    let cursor = '';
    let pages = 0;
    do {
      const params = { filter: { topic_prefix: 'n:' }, limit: 3, cursor };
      const page = await resultOf<{
        items: { device: { id: string }; topic: string }[];
        next_cursor?: string;
      }>(node(), 'device_topic_list', params);
      lines.push(...page.items.map(({ device: { id }, topic }) => `${id} ${topic}`));
      cursor = page.next_cursor ?? '';
      pages += 1;
    } while (cursor !== '');
    expect(pages).toBe(2);
    expect(lines).toEqual(ids.flatMap((id) => [`${id} n:1`, `${id} n:2`]));
    const params = { filter: { device_ids: [ids[0]], topics: ['o'] }, include_device: true };
    expect(await resultOf(node(), 'device_topic_list', params)).toEqual({
      items: [
        { id: `${ids[0]}/o`, topic: 'o', device: expect.objectContaining({ id: ids[0], provider: 'fcm' }) },
      ],
      has_more: false,
    });
  });

  it('an app sees nothing of another', async () => {
    const id = await device(node(), 't', { user: 'u' });
    const other = { 'x-api-key': 'other-api-key' };
    expect((await call(node(), 'device_list', {}, other)).json()).toEqual({
      result: { items: [], has_more: false },
    });
    await call(node(), 'device_remove', { ids: [id], users: ['u'] }, other);
    expect(await one(id)).toBeDefined();
  });
});
