/** PROTOCOL.md, "HTTP API", Signing: which requests are let in, and the sentence for each that is not. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { api, sendHttp, signedRequest, stringToSign } from '../support/api.ts';
import { hmac, md5 } from '../support/auth.ts';
import { DEFAULT_APP, OTHER_APP, startOneNode } from '../support/server.ts';
import { authParams, expectTextError, sendExactly, useServer, withBodyMd5 } from './support.ts';

const DOCUMENTED = { id: '3', key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' };
const SDK_FIXTURE = { id: '102015', key: 'key', secret: 'secret' };
const apps = [DEFAULT_APP, OTHER_APP, DOCUMENTED, SDK_FIXTURE];
const under = useServer({ apps });
/** Reads the clock of this process, which tests can stop. */
const here = useServer({ apps }, startOneNode);

const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const EVENT = JSON.stringify({ name: 'e', channels: ['signing'], data: 'x' });

/** Stops the clock that this process, and so the server, reads. */
function freezeClock(unixSeconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: unixSeconds * 1000 });
}
afterEach(() => {
  vi.useRealTimers();
});

describe('vectors', () => {
  interface Vector {
    readonly title: string;
    readonly request: string;
    readonly body?: string;
    readonly timestamp: number;
    readonly signature: string;
    readonly answer: unknown;
  }
  const documentedAuth = 'auth_key=278d425bdf160c739803&auth_timestamp=1700000000&auth_version=1.0';
  const vectors: Vector[] = [
    {
      title: 'a trigger, from the documentation',
      request:
        'POST /apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f',
      body: '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
      timestamp: 1353088179,
      signature: 'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
      answer: {},
    },
    {
      title: 'channels by prefix, from an SDK',
      request:
        'GET /apps/102015/channels?auth_key=key&auth_timestamp=1427034994&auth_version=1.0&filter_by_prefix=presence-&info=user_count',
      timestamp: 1427034994,
      signature: '0ba82990cff5311f09d88d8c9317d1ceb1b2e085c01deb65618f4eaea1624d89',
      answer: { channels: {} },
    },
    {
      title: 'channels, from an SDK',
      request: 'GET /apps/102015/channels?auth_key=key&auth_timestamp=1427036787&auth_version=1.0',
      timestamp: 1427036787,
      signature: '805473a9346a00c6ddca6059286f7f6b4e4c45dea1ead355f115decba06bfa4d',
      answer: { channels: {} },
    },
    ...[',', '%2C'].map((comma) => ({
      title: `a channel with a comma sent as ${comma}`,
      request: `GET /apps/102015/channels/presence-session-d41a439c438a100756f5-4bf35003e819bb138249-ROpCFmgFhXY?auth_key=key&auth_timestamp=1427053326&auth_version=1.0&info=user_count${comma}subscription_count`,
      timestamp: 1427053326,
      signature: 'c39bf2e1ef8a4cbfc8e283daa610862cf01fd250437476e1ff4100677ebd3dab',
      answer: { occupied: false, user_count: 0, subscription_count: 0 },
    })),
    ...['presence-a%2Cb%40c', 'presence-a,b@c'].map((prefix) => ({
      title: `a prefix sent as ${prefix}`,
      request: `GET /apps/3/channels?${documentedAuth}&filter_by_prefix=${prefix}&info=user_count`,
      timestamp: 1700000000,
      signature: '8183cf54259136edba3b7e65302668ac1f0aaf9b43c6e6a7f7eb07cf98ebb142',
      answer: { channels: {} },
    })),
    {
      title: 'a GET that signs the MD5 of nothing',
      request: `GET /apps/3/channels?${documentedAuth}&body_md5=${EMPTY_MD5}`,
      timestamp: 1700000000,
      signature: '3eb4c48c77d10169b68e017bac77f4257862305d645b1e6b475f8da730c6f6de',
      answer: { channels: {} },
    },
    {
      title: 'users of a channel',
      request: `GET /apps/3/channels/presence-room/users?${documentedAuth}`,
      timestamp: 1700000000,
      signature: '57993b520f77018d5c04e3873f82d31f7a8cf5dacd07389686fdeee97e96875c',
      answer: { users: [] },
    },
    {
      title: 'a batch',
      request: `POST /apps/3/batch_events?${documentedAuth}&body_md5=806e5b5693eb5d920083de0fcaffae14`,
      body: '{"batch":[{"channel":"a","name":"e1","data":"1"},{"channel":"b","name":"e2","data":"{\\"x\\":1}"}]}',
      timestamp: 1700000000,
      signature: '5bfaf86da6b8598959422eafd04d120aa445194e511791aea8b4c84a4d007dea',
      answer: {},
    },
    {
      title: 'a termination',
      request: `POST /apps/3/users/42/terminate_connections?${documentedAuth}&body_md5=99914b932bd37a50b983c5e7c90ae93b`,
      body: '{}',
      timestamp: 1700000000,
      signature: '1aaa870f66697b14779b4f5d36bbea0e4d9f2190a17bd7b16fc46b6bd373690e',
      answer: {},
    },
    ...['channels[]=a&channels[]=b', 'channels%5B%5D=a&channels%5B%5D=b'].map((channels) => ({
      title: `repeated array parameters, ${channels}`,
      request: `POST /apps/3/events?${documentedAuth}&${channels}&data=x&name=e`,
      timestamp: 1700000000,
      signature: '763d462e8da75275423fc3fda2827416fd9fe374cfdcbfb1c8030584c8443803',
      answer: {},
    })),
  ];

  test.each(vectors)('$title', async ({ request, body, timestamp, signature, answer }) => {
    freezeClock(timestamp);
    const [method = '', url = ''] = request.split(' ');
    const [path = '', query = ''] = url.split('?');
    const response = await sendHttp(here.server, {
      method,
      path,
      params: [],
      rawQuery: `${query}&auth_signature=${signature}`,
      body: body === undefined ? undefined : Buffer.from(body),
      headers: {},
    });
    expect(response.text).toBe(JSON.stringify(answer));
    expect(response.status).toBe(200);
  });

  test('the requests of these tests are signed as the vectors are', () => {
    const params: [string, string][] = [
      ['name', 'e'],
      ['data', 'x'],
      ['channels[]', 'a'],
      ['channels[]', 'b'],
      ...authParams(DOCUMENTED, 1700000000),
    ];
    const signature = hmac(DOCUMENTED.secret, stringToSign('post', '/apps/3/events', params));
    expect(signature).toBe('763d462e8da75275423fc3fda2827416fd9fe374cfdcbfb1c8030584c8443803');
  });
});

describe('what is signed', () => {
  test('parameters may come in any order', async () => {
    const { app } = under.server;
    const params = authParams(app).reverse();
    params.unshift(['info', 'subscription_count']);
    expect(
      (await sendExactly(under.server, { method: 'GET', path: `/apps/${app.id}/channels`, params })).status,
    ).toBe(200);
  });

  test('the signature may come first', async () => {
    const response = await api(under.server, 'GET', '/channels', {
      tamper: (request) => request.params.unshift(...request.params.splice(-1)),
    });
    expect(response.status).toBe(200);
  });

  test('parameters the server does not know are signed too', async () => {
    const ok = await api(under.server, 'GET', '/channels', { query: { unknown: 'Value' } });
    expect(ok.status).toBe(200);
    const added = await api(under.server, 'GET', '/channels', {
      tamper: (request) => request.params.push(['unknown', 'value']),
    });
    expectTextError(added, 401);
  });

  test('keys are signed in lower case, values as they are', async () => {
    const { app } = under.server;
    const path = `/apps/${app.id}/channels`;
    const params = authParams(app).map(([key, value]): [string, string] => [key, value]);
    params.push(['InFo', 'subscription_count'], ['Other', 'MiXed']);
    expect((await sendExactly(under.server, { method: 'GET', path, params })).status).toBe(200);
    const signature = hmac(
      app.secret,
      `GET\n${path}\n${params.map((pair) => pair.join('=')).join('&')}`.toLowerCase(),
    );
    const lowered = await sendHttp(under.server, {
      method: 'GET',
      path,
      params: [...params, ['auth_signature', signature]],
      body: undefined,
      headers: {},
    });
    expectTextError(lowered, 401);
  });

  test('a plus sign in the query is a space', async () => {
    const { app } = under.server;
    const params: [string, string][] = [...authParams(app), ['note', 'a b']];
    const path = `/apps/${app.id}/channels`;
    const signature = hmac(app.secret, stringToSign('GET', path, params));
    const query = [...params, ['auth_signature', signature]]
      .map(([key, value]) => `${key}=${value}`)
      .join('&');
    const rawQuery = query.replace('a b', 'a+b');
    const response = await sendHttp(under.server, {
      method: 'GET',
      path,
      params,
      rawQuery,
      body: undefined,
      headers: {},
    });
    expect(response.status).toBe(200);
  });

  test('repeated parameters are signed in the order given', async () => {
    const { app } = under.server;
    const path = `/apps/${app.id}/events`;
    const params: [string, string][] = [
      ...authParams(app),
      ['channels[]', 'z'],
      ['channels[]', 'a'],
      ['data', 'x'],
      ['name', 'e'],
    ];
    expect((await sendExactly(under.server, { method: 'POST', path, params })).status).toBe(200);
  });

  test('the path may be signed as sent or decoded', async () => {
    const { app } = under.server;
    const sent = `/apps/${app.id}/channels/a%3Db%40c`;
    const decoded = `/apps/${app.id}/channels/a=b@c`;
    for (const signedPath of [sent, decoded]) {
      const response = await sendExactly(under.server, {
        method: 'GET',
        path: sent,
        signedPath,
        params: authParams(app),
      });
      expect([response.status, response.text]).toEqual([200, '{"occupied":false}']);
    }
  });

  test('a path with broken percent-encoding is refused, not fatal', async () => {
    const { app } = under.server;
    const path = `/apps/${app.id}/channels/%E0%A4%A`;
    const response = await sendExactly(under.server, { method: 'GET', path, params: authParams(app) });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });

  test('a query with broken percent-encoding is refused, not fatal', async () => {
    const request = signedRequest(under.server.app, 'GET', '/channels', {});
    const query = request.params.map((pair) => pair.join('=')).join('&');
    const response = await sendHttp(under.server, { ...request, rawQuery: `${query}&x=%ZZ&y=%` });
    expectTextError(response, 401);
  });

  test.each(['/prefix', '/a/b/c', '/apps-proxy'])('a path prefix, %s, is not signed', async (prefix) => {
    const { app } = under.server;
    const signedPath = `/apps/${app.id}/channels`;
    const response = await sendExactly(under.server, {
      method: 'GET',
      path: prefix + signedPath,
      signedPath,
      params: authParams(app),
    });
    expect([response.status, response.text]).toEqual([200, '{"channels":{}}']);
  });

  test('the signature may be in upper case', async () => {
    const response = await api(under.server, 'GET', '/channels', {
      tamper: (request) => {
        const signature = request.params.at(-1);
        if (signature !== undefined) signature[1] = signature[1].toUpperCase();
      },
    });
    expect([200, 401]).toContain(response.status);
  });
});

describe('body_md5', () => {
  const path = `/apps/${DEFAULT_APP.id}/events`;

  test('is required with a body', async () => {
    const response = await sendExactly(under.server, {
      method: 'POST',
      path,
      params: authParams(DEFAULT_APP),
      body: EVENT,
    });
    expectTextError(response, 401);
    expect(response.text).toBe('body_md5 parameter is missing');
  });

  test.each(['1', md5('something else'), EMPTY_MD5, ''])('of other bytes, %j, is refused', async (value) => {
    const params: [string, string][] = [...authParams(DEFAULT_APP), ['body_md5', value]];
    const response = await sendExactly(under.server, { method: 'POST', path, params, body: EVENT });
    expectTextError(response, 401);
    if (value !== '') expect(response.text).toBe('body_md5 parameter does not match the body');
  });

  test('is compared with the bytes, not with the JSON', async () => {
    const params = withBodyMd5(authParams(DEFAULT_APP), EVENT);
    const response = await sendExactly(under.server, { method: 'POST', path, params, body: ` ${EVENT}` });
    expect([response.status, response.text]).toEqual([401, 'body_md5 parameter does not match the body']);
  });

  test('is not needed without a body', async () => {
    expect((await api(under.server, 'GET', '/channels')).status).toBe(200);
  });

  test('of nothing is right without a body, any other is wrong', async () => {
    const list = `/apps/${DEFAULT_APP.id}/channels`;
    const right: [string, string][] = [...authParams(DEFAULT_APP), ['body_md5', EMPTY_MD5]];
    expect((await sendExactly(under.server, { method: 'GET', path: list, params: right })).status).toBe(200);
    const wrong: [string, string][] = [...authParams(DEFAULT_APP), ['body_md5', md5('x')]];
    const response = await sendExactly(under.server, { method: 'GET', path: list, params: wrong });
    expect([response.status, response.text]).toEqual([401, 'body_md5 parameter does not match the body']);
  });
});

describe('time', () => {
  const NOW = 1_700_000_000;
  const send = (timestamp: number | string) =>
    sendExactly(here.server, {
      method: 'GET',
      path: `/apps/${DEFAULT_APP.id}/channels`,
      params: authParams(DEFAULT_APP).map(([key, value]): [string, string] => [
        key,
        key === 'auth_timestamp' ? String(timestamp) : value,
      ]),
    });

  test.each([-599, -1, 0, 1, 599])('%d seconds from the server is in time', async (offset) => {
    freezeClock(NOW);
    expect((await send(NOW + offset)).status).toBe(200);
  });

  test.each([
    [-601, '2023-11-14T22:03:19Z'],
    [-600, '2023-11-14T22:03:20Z'],
    [600, '2023-11-14T22:23:20Z'],
    [601, '2023-11-14T22:23:21Z'],
  ])('%d seconds from the server is refused, with both times', async (offset, given) => {
    freezeClock(NOW);
    const response = await send(NOW + offset);
    expectTextError(response, 401);
    expect(response.text).toBe(
      `Timestamp expired: Given timestamp (${given}) not within 600s of server time (2023-11-14T22:13:20Z)`,
    );
  });

  test.each(['', 'abc', 'NaN', '1e400', '-1', '99999999999999999999', '1700000000.5x'])(
    'a timestamp of %j is refused',
    async (timestamp) => {
      freezeClock(NOW);
      expectTextError(await send(timestamp), 401);
    },
  );
});

describe('refusals', () => {
  const path = `/apps/${DEFAULT_APP.id}/channels`;
  const without = (name: string) => authParams(DEFAULT_APP).filter(([key]) => key !== name);

  test('no key', async () => {
    const response = await sendExactly(under.server, { method: 'GET', path, params: without('auth_key') });
    expect([response.status, response.text]).toEqual([401, 'Missing parameter: auth_key']);
  });

  test('no query at all', async () => {
    const response = await sendHttp(under.server, {
      method: 'GET',
      path,
      params: [],
      body: undefined,
      headers: {},
    });
    expectTextError(response, 401);
    expect(response.text).toBe('Missing parameter: auth_key');
  });

  test('an unknown key', async () => {
    const stranger = { ...DEFAULT_APP, key: 'nobody' };
    const response = await sendExactly(under.server, { method: 'GET', path, params: authParams(stranger) });
    expect([response.status, response.text]).toEqual([401, 'Unknown auth_key']);
  });

  test('the key of another app, well signed by that app', async () => {
    const response = await sendExactly(under.server, {
      method: 'GET',
      path,
      params: authParams(OTHER_APP),
      app: OTHER_APP,
    });
    expect([response.status, response.text]).toEqual([401, 'Unknown auth_key']);
  });

  test.each(['__proto__', 'constructor', 'toString'])('the key %s', async (key) => {
    const response = await sendExactly(under.server, {
      method: 'GET',
      path,
      params: authParams({ ...DEFAULT_APP, key }),
    });
    expect([response.status, response.text]).toEqual([401, 'Unknown auth_key']);
  });

  test('no version', async () => {
    const response = await sendExactly(under.server, {
      method: 'GET',
      path,
      params: without('auth_version'),
    });
    expect([response.status, response.text]).toEqual([401, 'Version required']);
  });

  test.each(['2.0', '1', '1.00', 'x'])('version %s', async (version) => {
    const params: [string, string][] = [...without('auth_version'), ['auth_version', version]];
    const response = await sendExactly(under.server, { method: 'GET', path, params });
    expect([response.status, response.text]).toEqual([401, 'Version not supported']);
  });

  test('no timestamp', async () => {
    const response = await sendExactly(under.server, {
      method: 'GET',
      path,
      params: without('auth_timestamp'),
    });
    expect([response.status, response.text]).toEqual([401, 'Timestamp required']);
  });

  test('a wrong signature is told what should have been signed', async () => {
    const wrong = hmac('not the secret', 'x');
    const response = await api(under.server, 'POST', '/events', {
      body: EVENT,
      now: Math.floor(Date.now() / 1000),
      tamper: (request) => request.params.splice(-1, 1, ['auth_signature', wrong]),
    });
    expectTextError(response, 401);
    expect(response.text).toMatch(
      new RegExp(
        String.raw`^Invalid signature: you should have sent HmacSHA256Hex\("POST\\n/apps/1001/events\\nauth_key=test-key&auth_timestamp=\d+&auth_version=1\.0&body_md5=${md5(EVENT)}", your_secret_key\), but you sent "${wrong}"$`,
      ),
    );
    expect(response.text).not.toContain(DEFAULT_APP.secret);
  });

  test.each(['', 'x', 'é', '0'.repeat(63), '0'.repeat(65), '0'.repeat(5000)])(
    'a signature of %j',
    async (signature) => {
      const response = await api(under.server, 'GET', '/channels', {
        tamper: (request) => request.params.splice(-1, 1, ['auth_signature', signature]),
      });
      expectTextError(response, 401);
    },
  );

  test('no signature', async () => {
    const response = await api(under.server, 'GET', '/channels', {
      tamper: (request) => request.params.splice(-1, 1),
    });
    expectTextError(response, 401);
  });

  test('one byte of the body changed', async () => {
    const response = await api(under.server, 'POST', '/events', {
      body: EVENT,
      tamper: (request) => {
        if (request.body !== undefined) request.body[request.body.length - 3] = 0x79;
      },
    });
    expect([response.status, response.text]).toEqual([401, 'body_md5 parameter does not match the body']);
  });

  test('another path than was signed', async () => {
    const response = await api(under.server, 'GET', '/channels', {
      tamper: (request) => {
        request.path = `${request.path}/x`;
      },
    });
    expectTextError(response, 401);
  });

  test('another method than was signed', async () => {
    const response = await api(under.server, 'GET', '/channels/presence-x/users', {
      tamper: (request) => {
        request.method = 'POST';
      },
    });
    expect([401, 404, 405]).toContain(response.status);
  });

  test('another parameter than was signed', async () => {
    const response = await api(under.server, 'GET', '/channels', {
      query: { filter_by_prefix: 'a' },
      tamper: (request) => {
        const changed = request.params.find(([key]) => key === 'filter_by_prefix');
        if (changed !== undefined) changed[1] = 'b';
      },
    });
    expectTextError(response, 401);
  });
});
