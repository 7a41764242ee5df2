/** `/admin/apps`, over both databases: what it takes, refuses and shows, and that the node follows at once. */
import { describe, expect, it } from 'vitest';
import { api } from '../support/api.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { onEachStore, publishedBy } from './support.ts';

onEachStore((node) => {
  describe('creating an app', () => {
    it('makes up what is left out, tells the secret once, and serves the app at once', async () => {
      const { status, headers, json } = await node.admin('POST', '/apps', {});
      expect(status).toBe(201);
      expect(json.id).toMatch(/^\d{10,12}$/);
      expect(json.key).toMatch(/^[0-9a-f]{20}$/);
      expect(json.secret).toMatch(/^[0-9a-f]{64}$/);
      expect(headers.get('location')).toBe(`/admin/apps/${json.id}`);
      expect(headers.get('etag')).toBe(`"${json.version}"`);
      expect(headers.get('cache-control')).toBe('no-store');

      expect(await publishedBy(json, node.server)).toBe(200);
      const client = await RawClient.connect(node.server, { key: json.key });
      client.socket.close();
      const shown = await node.admin('GET', `/apps/${json.id}`);
      expect(shown.text).not.toContain(json.secret);
      expect((await node.admin('GET', '/apps?limit=1000')).text).not.toContain(json.secret);
      expect(shown.json).toEqual({
        id: json.id,
        source: 'database',
        enabled: true,
        version: json.version,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        updated_at: json.created_at,
        credentials: [{ key: json.key, secret: '********' }],
      });
    });

    it('takes an app in the form of the configuration file, and shows it with its secrets masked', async () => {
      const { status, json } = await node.admin('POST', '/apps', {
        id: 'shop',
        credentials: [
          { key: 'shop-1', secret: 'first-secret' },
          { key: 'shop-2', secret: 'second-secret' },
        ],
        limits: { connections: 7 },
        webhooks: [{ url: 'https://example.com/hooks?token=abc', headers: { 'X-Token': 'xyz' } }],
        auth: { token: { secret: 'jwt-secret', issuer: 'me' }, encryptionMasterKey: `${'A'.repeat(43)}=` },
      });
      expect(status).toBe(201);
      const { text, json: shown } = await node.admin('GET', '/apps/shop');
      for (const secret of ['first-secret', 'second-secret', 'abc', 'xyz', 'jwt-secret', 'AAAA']) {
        expect(text).not.toContain(secret);
      }
      expect(shown).toMatchObject({
        credentials: [{ key: 'shop-1' }, { key: 'shop-2' }],
        limits: { connections: 7 },
        webhooks: [{ url: 'https://example.com/hooks?********', headers: { 'X-Token': '********' } }],
        auth: { token: { secret: '********', issuer: 'me' }, encryptionMasterKey: '********' },
      });
      expect(json.key).toBe('shop-2');
      for (const [key, secret] of [
        ['shop-1', 'first-secret'],
        ['shop-2', 'second-secret'],
      ] as const) {
        expect(await publishedBy({ id: 'shop', key, secret }, node.server)).toBe(200);
      }
    });

    it.each([
      [{ nonsense: 1 }, 'nonsense is not a setting'],
      [{ limits: { conections: 1 } }, 'limits.conections is not a setting; did you mean connections?'],
      [
        { limits: { connections: 'x' } },
        'limits.connections must be a whole number from 0 to 10000000, but is "x"',
      ],
      [{ id: 'a b' }, 'id must be text of 1 to 128 letters, digits or any of - _ . ~, but is "a b"'],
      [
        { id: 7 },
        'id must be text of 1 to 128 letters, digits or any of - _ . ~, but is 7; put it in quotes',
      ],
      [{ key: 'k' }, 'app has no secret; key and secret go together'],
      [{ enabled: 'no' }, 'enabled must be true or false, but is "no"'],
      [{ credentials: [] }, 'credentials must be a list of 1 to 100 pairs of key and secret, but is empty'],
      [
        {
          credentials: [
            { key: 'k', secret: 'one' },
            { key: 'k', secret: 'two' },
          ],
        },
        'app has the key k twice; each key may be used once',
      ],
      [{ auth: { userId: '{' } }, 'auth has neither token nor forward'],
      [
        { limits: { eventsPerBatch: 1000 } },
        "the node's limits.bodyBytes is 1048576, but a full batch of app fit",
      ],
    ])('refuses %j, naming the field and what it must be', async (entry, words) => {
      const { status, json } = await node.admin('POST', '/apps', { id: 'fit', ...entry });
      expect([status, json.error]).toEqual([400, expect.stringContaining(words)]);
      expect((await node.admin('GET', '/apps/fit')).status).toBe(404);
    });

    it('refuses a body that is no JSON object', async () => {
      expect((await node.admin('POST', '/apps', '{')).json.error).toContain('Invalid body: not JSON');
      expect((await node.admin('POST', '/apps', '[]')).json.error).toContain('expected a JSON object');
    });

    it('refuses ids and keys that another app has, of the database or the configuration', async () => {
      const app = await node.created();
      const pair = { key: app.key, secret: 'another-secret' };
      for (const [entry, words] of [
        [{ id: app.id }, `there is an app ${app.id} already`],
        [pair, `the key ${app.key} belongs to another app`],
        [{ id: DEFAULT_APP.id }, 'is listed in the configuration'],
        [{ key: DEFAULT_APP.key, secret: 'x' }, 'belongs to an app of the configuration'],
      ] as const) {
        const { status, json } = await node.admin('POST', '/apps', entry);
        expect([status, json.error]).toEqual([409, expect.stringContaining(words)]);
      }
      expect(await publishedBy(app, node.server)).toBe(200);
    });

    it('refuses names of the push doors that another app has, and shows no API key', async () => {
      const instanceId = 'abcdef00-1111-4111-8111-111111111111';
      const push = {
        beams: { instanceId, secretKey: 's' },
        centrifugo: { apiKey: 'a "hush-hush" key' },
        kinvey: { appKey: 'kid_Mine', appSecret: 'a', masterSecret: 'm' },
      };
      const app = await node.created({ push });
      const taken: ReadonlyArray<readonly [object, string]> = [
        [
          { beams: { ...push.beams, instanceId: instanceId.toUpperCase() } },
          `the push.beams.instanceId ${instanceId} belongs to another app`,
        ],
        [{ centrifugo: push.centrifugo }, 'the push.centrifugo.apiKey belongs to another app'],
        [{ kinvey: push.kinvey }, 'the push.kinvey.appKey kid_Mine belongs to another app'],
      ];
      const other = await node.created({ push: { kinvey: { ...push.kinvey, appKey: 'kid_mine' } } });
      for (const [block, error] of taken) {
        const created = await node.admin('POST', '/apps', { push: block });
        expect([created.status, created.json.error]).toEqual([409, error]);
        expect(created.text).not.toContain('hush-hush');
        const changed = await node.admin('PATCH', `/apps/${other.id}`, { push: block });
        expect([changed.status, changed.json.error]).toEqual([409, error]);
      }
      // Of itself an app may keep what it has, and who comes later may have what is free again.
      expect((await node.admin('PATCH', `/apps/${app.id}`, { forceTls: true })).status).toBe(200);
      await node.admin('DELETE', `/apps/${app.id}`);
      await node.created({ push });
    });
  });

  describe('changing an app', () => {
    it('merges: groups by their parts, lists as a whole, null back to the default', async () => {
      const { id } = await node.created({
        limits: { connections: 7, eventsPerBatch: 3 },
        allowedOrigins: ['https://a.example'],
        forceTls: true,
      });
      const { status, json } = await node.admin('PATCH', `/apps/${id}`, {
        limits: { connections: 8, eventsPerBatch: null },
        allowedOrigins: ['https://b.example', '*.c.example'],
        forceTls: null,
      });
      expect(status).toBe(200);
      const { limits, allowedOrigins, forceTls } = json;
      expect({ limits, allowedOrigins, forceTls }).toEqual({
        limits: { connections: 8 },
        allowedOrigins: ['https://b.example', '*.c.example'],
        forceTls: undefined,
      });
    });

    it('holds at once, also for connections that are open', async () => {
      const app = await node.created();
      const client = await RawClient.connect(node.server, { key: app.key });
      await client.subscribe('a');
      await node.admin('PATCH', `/apps/${app.id}`, {
        limits: { channelsPerConnection: 1, eventDataBytes: 10 },
      });
      client.send({ event: 'pusher:subscribe', data: { channel: 'b' } });
      expect((await client.next('pusher:error')).raw).toContain('a connection may hold 1');
      const body = { name: 'e', channels: ['a'], data: '01234567890' };
      expect((await api(node.server, 'POST', '/events', { app, body })).status).toBe(413);
      client.socket.close();
    });

    it('replaces by PUT: what is left out goes back to its default', async () => {
      const { id } = await node.created({ limits: { connections: 7 }, forceTls: true, enabled: false });
      const { json } = await node.admin('PUT', `/apps/${id}`, { features: { watchlists: false } });
      expect([json.limits, json.forceTls, json.enabled, json.features]).toEqual([
        undefined,
        undefined,
        true,
        { watchlists: false },
      ]);
    });

    it('takes back what it shows, and no other id or key pairs', async () => {
      const app = await node.created({ limits: { connections: 7 } });
      await node.admin('POST', `/apps/${app.id}/rotate`, {});
      const { json: shown } = await node.admin('GET', `/apps/${app.id}`);
      const { status, json } = await node.admin('PUT', `/apps/${app.id}`, { ...shown, forceTls: true });
      expect([status, json.forceTls, json.limits]).toEqual([200, true, { connections: 7 }]);
      expect(await publishedBy(app, node.server)).toBe(200);
      for (const [entry, words] of [
        [{ id: 'other' }, `id must stay ${app.id}`],
        [{ key: 'k', secret: 's' }, 'use /rotate'],
        [{ credentials: [{ key: app.key, secret: 's' }] }, 'use /rotate'],
        [{ enabled: null }, 'enabled must be true or false'],
      ] as const) {
        const answer = await node.admin('PATCH', `/apps/${app.id}`, entry);
        expect([answer.status, answer.json.error]).toEqual([400, expect.stringContaining(words)]);
      }
    });

    it('refuses a masked secret that comes back, since it would become the secret', async () => {
      const { id } = await node.created({ webhooks: [{ url: 'https://example.com/?token=abc' }] });
      const { json: shown } = await node.admin('GET', `/apps/${id}`);
      const { status, json } = await node.admin('PUT', `/apps/${id}`, shown);
      expect([status, json.error]).toEqual([
        400,
        'webhooks.0.url holds ********, as secrets are shown; give the secret itself',
      ]);
    });

    it('leaves the app as it was when the result would be wrong', async () => {
      const app = await node.created({ limits: { connections: 7 } });
      const before = (await node.admin('GET', `/apps/${app.id}`)).json;
      const { status, json } = await node.admin('PATCH', `/apps/${app.id}`, { limits: { connections: -1 } });
      expect([status, json.problems]).toEqual([400, [expect.stringContaining('limits.connections must be')]]);
      expect((await node.admin('GET', `/apps/${app.id}`)).json).toEqual(before);
    });

    it('asks for the version that was seen, if one is named', async () => {
      const { id } = await node.created();
      const { json } = await node.admin('GET', `/apps/${id}`);
      const tag = `"${json.version}"`;
      const first = await node.admin('PATCH', `/apps/${id}`, { forceTls: true }, { 'if-match': tag });
      expect(first.status).toBe(200);
      expect(first.json.version).toBeGreaterThan(json.version);
      const again = [
        await node.admin('PATCH', `/apps/${id}`, { forceTls: false }, { 'if-match': tag }),
        await node.admin('PATCH', `/apps/${id}`, { forceTls: false, version: json.version }),
        await node.admin('DELETE', `/apps/${id}`, undefined, { 'if-match': tag }),
      ];
      expect(again.map(({ status }) => status)).toEqual([412, 412, 412]);
      expect(again[0]?.json.error).toBe(
        `the app has version ${first.json.version} by now, not ${json.version}`,
      );
      expect((await node.admin('DELETE', `/apps/${id}`, undefined, { 'if-match': 'x' })).status).toBe(400);
      expect((await node.admin('DELETE', `/apps/${id}`, undefined, { 'if-match': '*' })).status).toBe(200);
    });
  });

  describe('switching an app off', () => {
    it('closes its sockets with 4003, refuses new ones and the HTTP API, until it is on again', async () => {
      const app = await node.created();
      const client = await RawClient.connect(node.server, { key: app.key });
      const { status, json } = await node.admin('POST', `/apps/${app.id}/disable`);
      expect([status, json.enabled]).toEqual([200, false]);
      expect(await client.closed).toEqual({ code: 4003, reason: 'Application disabled' });
      const late = await RawClient.open(node.server.wsUrl({ key: app.key }));
      expect((await late.closed).code).toBe(4003);
      expect(await publishedBy(app, node.server)).toBe(403);
      expect((await node.admin('POST', `/apps/${app.id}/enable`)).json.enabled).toBe(true);
      expect(await publishedBy(app, node.server)).toBe(200);
      (await RawClient.connect(node.server, { key: app.key })).socket.close();
    });
  });

  describe('deleting an app', () => {
    it('closes its sockets with 4001, and its id and keys are free again', async () => {
      const app = await node.created({ id: 'short-lived' });
      const client = await RawClient.connect(node.server, { key: app.key });
      await client.subscribe('a');
      const { status, json } = await node.admin('DELETE', '/apps/short-lived');
      expect([status, json]).toEqual([200, { deleted: 'short-lived' }]);
      expect((await client.closed).code).toBe(4001);
      const late = await RawClient.open(node.server.wsUrl({ key: app.key }));
      expect((await late.closed).code).toBe(4001);
      expect(await publishedBy(app, node.server)).toBe(404);
      expect((await node.admin('GET', '/apps/short-lived')).status).toBe(404);
      expect((await node.admin('DELETE', '/apps/short-lived')).status).toBe(404);
      await node.created(app);
      expect(await publishedBy(app, node.server)).toBe(200);
    });
  });

  describe('rotating keys', () => {
    it('adds a pair, and leaves the old one valid for the overlap', async () => {
      const old = await node.created();
      const before = Date.now();
      const { status, json } = await node.admin('POST', `/apps/${old.id}/rotate`, { overlapSeconds: 600 });
      expect(status).toBe(200);
      expect(json.credentials).toEqual([
        { key: old.key, secret: '********', retires_at: expect.any(String) },
        { key: json.key, secret: '********' },
      ]);
      const end = Date.parse(json.credentials[0].retires_at);
      expect(end).toBeGreaterThanOrEqual(before + 600_000);
      expect(end).toBeLessThanOrEqual(Date.now() + 600_000);
      expect(await publishedBy(old, node.server)).toBe(200);
      expect(await publishedBy(json, node.server)).toBe(200);
    });

    it('withdraws the old pair by itself when the overlap is over; who is connected stays', async () => {
      const old = await node.created();
      const client = await RawClient.connect(node.server, { key: old.key });
      const { json } = await node.admin('POST', `/apps/${old.id}/rotate`, { overlapSeconds: 1 });
      expect(await publishedBy(json, node.server)).toBe(200);
      await expect.poll(() => publishedBy(old, node.server), { timeout: 10_000 }).toBe(401);
      expect(await publishedBy(json, node.server)).toBe(200);
      const late = await RawClient.open(node.server.wsUrl({ key: old.key }));
      expect((await late.closed).code).toBe(4001);
      await client.subscribe('a');
      client.socket.close();
      const next = await node.admin('PATCH', `/apps/${old.id}`, { forceTls: true });
      expect(next.json.credentials.map(({ key }: { key: string }) => key)).toEqual([json.key]);
    });

    it('withdraws at once without an overlap', async () => {
      const old = await node.created();
      const { json } = await node.admin('POST', `/apps/${old.id}/rotate`, { overlapSeconds: 0 });
      expect(json.credentials).toEqual([{ key: json.key, secret: '********' }]);
      expect(await publishedBy(old, node.server)).toBe(401);
      // A key that is over may be another app's.
      expect((await node.admin('POST', '/apps', { key: old.key, secret: old.secret })).status).toBe(201);
    });

    it('takes a pair of one’s own, and refuses what is no rotation', async () => {
      const { id, key, secret } = await node.created();
      const own = { key: `${key}-b`, secret: 'a-secret-of-ones-own' };
      const { json } = await node.admin('POST', `/apps/${id}/rotate`, own);
      expect(json).toMatchObject(own);
      expect(await publishedBy({ id, ...own }, node.server)).toBe(200);
      for (const [body, status, words] of [
        [{ overlapSeconds: -1 }, 400, 'overlapSeconds must be a whole number from 0 to 2592000'],
        [{ overlapSeconds: 2_592_001 }, 400, 'overlapSeconds must be'],
        [{ overlap: 1 }, 400, 'overlap is no part of a rotation'],
        [{ key: 'k' }, 400, 'key and secret go together'],
        [{ key: 'a b', secret: 's' }, 400, 'credentials[2].key must be text'],
        [{ key, secret }, 409, 'the app has the key'],
        [{ key: DEFAULT_APP.key, secret }, 409, 'belongs to an app of the configuration'],
      ] as const) {
        const answer = await node.admin('POST', `/apps/${id}/rotate`, body);
        expect([answer.status, answer.json.error]).toEqual([status, expect.stringContaining(words)]);
      }
    });

    it('withdraws one key by name, but never the last that stays', async () => {
      const old = await node.created();
      const { json } = await node.admin('POST', `/apps/${old.id}/rotate`, {});
      const last = await node.admin('DELETE', `/apps/${old.id}/credentials/${json.key}`);
      expect([last.status, last.json.error]).toEqual([409, expect.stringContaining('rotate first')]);
      const gone = await node.admin('DELETE', `/apps/${old.id}/credentials/${old.key}`);
      expect([gone.status, gone.json.credentials]).toEqual([200, [{ key: json.key, secret: '********' }]]);
      expect(await publishedBy(old, node.server)).toBe(401);
      expect((await node.admin('DELETE', `/apps/${old.id}/credentials/${old.key}`)).status).toBe(404);
    });
  });

  describe('apps of the configuration', () => {
    it('are shown whole, and can only be read', async () => {
      const path = `/apps/${DEFAULT_APP.id}`;
      const { json, text } = await node.admin('GET', path);
      expect(json).toMatchObject({
        id: DEFAULT_APP.id,
        source: 'config',
        limits: { channelsPerTrigger: 100 },
      });
      expect(text).not.toContain(DEFAULT_APP.secret);
      for (const [method, at] of [
        ['PATCH', path],
        ['PUT', path],
        ['DELETE', path],
        ['POST', `${path}/disable`],
        ['POST', `${path}/rotate`],
        ['DELETE', `${path}/credentials/${DEFAULT_APP.key}`],
      ] as const) {
        const answer = await node.admin(method, at, {});
        expect([method, answer.status, answer.json.error]).toEqual([
          method,
          409,
          `app ${DEFAULT_APP.id} is listed in the configuration, and can be changed there only`,
        ]);
      }
    });
  });

  describe('the list', () => {
    it('has both kinds in the order of their ids, in pages', async () => {
      for (const id of ['zz-1', '0-first', 'zz-2', 'zz_3', 'ZZ']) await node.created({ id });
      const all: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null; pages += 1) {
        if (pages > 100) throw new Error('the pages have no end');
        const { json } = await node.admin('GET', `/apps?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
        expect(json.apps.length).toBeLessThanOrEqual(2);
        all.push(...json.apps.map(({ id }: { id: string }) => id));
        cursor = json.cursor;
      }
      expect(all).toEqual([...all].sort());
      expect(new Set(all).size).toBe(all.length);
      expect(all).toEqual(expect.arrayContaining([DEFAULT_APP.id, '0-first', 'ZZ', 'zz-1', 'zz-2', 'zz_3']));
      for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?cursor=%00']) {
        expect((await node.admin('GET', `/apps${query}`)).status).toBe(400);
      }
    });
  });

  it('answers 404, 405 and 401 like the rest of the admin API', async () => {
    expect((await node.admin('GET', '/apps/nobody')).json).toEqual({
      error: 'there is no app nobody',
      problems: ['there is no app nobody'],
    });
    expect((await node.admin('PATCH', '/apps/a%00b', {})).status).toBe(404);
    expect((await node.admin('POST', '/apps/nobody/rotate', {})).status).toBe(404);
    expect((await node.admin('GET', '/apps/nobody/nothing')).status).toBe(404);
    const wrong = await node.admin('POST', '/apps/nobody', {});
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, PATCH, PUT, DELETE']);
    const headers = { authorization: 'Bearer not-the-token-at-all' };
    expect((await node.admin('POST', '/apps', {}, headers)).status).toBe(401);
  });

  it('keeps the apps over a restart', async () => {
    const app = await node.created({ limits: { connections: 3 } });
    const before = (await node.admin('GET', `/apps/${app.id}`)).json;
    await node.restart();
    expect((await node.admin('GET', `/apps/${app.id}`)).json).toEqual(before);
    expect(await publishedBy(app, node.server)).toBe(200);
  });
});
