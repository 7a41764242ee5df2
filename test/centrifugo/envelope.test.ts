/** The forms of the API: streams, single methods, batches; keys; what is refused as a whole. Without a database. */
import { describe, expect, it } from 'vitest';
import { api } from '../support/api.ts';
import { ask } from '../support/push/push-node.ts';
import { DEFAULT_APP, OTHER_APP } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';
import { API_KEY, call, expectBad, expectError, NEWER, OLDER } from './support.ts';

const NO_DATABASE =
  'the registry of devices needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL';
const NOT_AVAILABLE = { error: { code: 108, message: 'not available', detail: NO_DATABASE } };

const node = useServer({
  apps: [
    { ...DEFAULT_APP, push: { centrifugo: { apiKey: API_KEY } } },
    { ...OTHER_APP, push: { centrifugo: { apiKey: 'other-api-key' } } },
  ],
});
const stream = (body: string | Buffer, headers: Record<string, string> = OLDER) =>
  ask(node(), 'POST', '/api', { body, headers });

describe('the key', () => {
  const command = '{"method":"device_list","params":{}}';

  it.each([
    ['in X-API-Key', { 'x-api-key': API_KEY }],
    ['in Authorization', { authorization: `apikey ${API_KEY}` }],
    ['in Authorization, with the scheme in other letters', { authorization: `ApiKey ${API_KEY}` }],
  ])('is taken %s', async (_, headers) => {
    expect((await stream(command, headers)).status).toBe(200);
  });

  it('is taken in the query, also beside an Authorization of another kind', async () => {
    const query = { api_key: API_KEY };
    const others: Record<string, string>[] = [{}, { authorization: 'Basic eDp5' }];
    for (const headers of others) {
      expect((await ask(node(), 'POST', '/api', { body: command, headers, query })).status).toBe(200);
    }
  });

  it('in X-API-Key decides alone', async () => {
    const headers = { ...OLDER, 'x-api-key': 'wrong' };
    const answer = await ask(node(), 'POST', '/api', { body: command, headers, query: { api_key: API_KEY } });
    expect([answer.status, answer.text]).toEqual([401, '']);
  });

  it.each([
    ['none', {}],
    ['a wrong one', { authorization: 'apikey wrong' }],
    ['an empty one', { 'x-api-key': '' }],
    ['one with something behind it', { authorization: `apikey ${API_KEY} more` }],
    ['one of another scheme', { authorization: `Bearer ${API_KEY}` }],
  ])('%s is answered with 401 and an empty body', async (_, headers) => {
    for (const path of ['/api', '/api/batch', '/api/device_list']) {
      const answer = await ask(node(), 'POST', path, { body: command, headers });
      expect([answer.status, answer.text]).toEqual([401, '']);
    }
  });

  it('of any app is taken', async () => {
    expect((await stream(command, { 'x-api-key': 'other-api-key' })).status).toBe(200);
  });
});

describe('a stream of commands', () => {
  it('is answered line by line, in order, with the ids', async () => {
    const answer = await stream(
      '{"id":1,"method":"device_list","params":{}} {"method":"device_list"}\n\n{"id":3,"method":"Device_List","params":null}\n',
    );
    expect(answer.headers['content-type']).toBe('application/json');
    const error = JSON.stringify(NOT_AVAILABLE).slice(1);
    expect(answer.text).toBe(`{"id":1,${error}\n{${error}\n{"id":3,${error}`);
  });

  it('may have braces and quotes in its texts, and nothing between commands', async () => {
    const command = '{"method":"device_list","params":{"users":["}{\\"}\\\\"]}}';
    expect((await stream(command + command)).text.split('\n')).toHaveLength(2);
  });

  it.each([
    ['nothing', ''],
    ['space', ' \n'],
    ['no JSON', 'x'],
    ['a list', '[{"method":"device_list"}]'],
    ['half a command', '{"method":"device_list"'],
    ['something behind the last command', '{"method":"device_list"} x'],
    ['a command without a method', '{"params":{}}'],
    ['a method of the wrong type', '{"method":null}'],
    ['an id of the wrong type', '{"id":"1","method":"device_list"}'],
    ['a method that there is not', '{"method":"nope","params":{}}'],
    ['a name that every object has', '{"method":"constructor","params":{}}'],
    ['a known and an unknown method', '{"method":"device_list"}{"method":"nope"}'],
  ])('with %s is a bad request as a whole', async (_, body) => {
    const answer = await stream(body);
    expect([answer.status, answer.text]).toEqual([400, 'Bad Request\n']);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('that is no UTF-8 is a bad request', async () => {
    expect((await stream(Buffer.from('{"method":"device_list","x":"\xff"}', 'latin1'))).status).toBe(400);
  });

  it('a number of a method is answered for that command alone', async () => {
    const answer = await stream('{"method":9999,"params":{}}');
    expect([answer.status, answer.text]).toEqual([
      200,
      '{"error":{"code":104,"message":"method not found"}}',
    ]);
  });

  it('parameters of the wrong type are answered for that command alone', async () => {
    const answer = await stream(
      '{"id":7,"method":"cancel_push","params":{"uid":1}}\n{"method":"cancel_push","params":[]}',
    );
    expect(answer.text.split('\n').map((line) => JSON.parse(line))).toEqual([
      { id: 7, error: { code: 107, message: 'bad request', detail: 'uid must be a text' } },
      { error: { code: 107, message: 'bad request', detail: 'params must be an object' } },
    ]);
  });
});

describe('a method of its own route', () => {
  it('is answered without an id', async () => {
    const answer = await call(node(), 'cancel_push', { uid: 'unknown', unheardOf: 1 });
    expect([answer.status, answer.text]).toEqual([200, '{"result":{}}']);
  });

  it('with parameters that cannot be decoded is a bad request', async () => {
    for (const body of ['', 'x', '[]', 'null', '{"uid":1}', '{"uid":["a"]}']) {
      const answer = await call(node(), 'cancel_push', body);
      expect([body, answer.status, answer.text]).toEqual([body, 400, 'Bad Request\n']);
    }
  });

  it('with parameters that are wrong is answered with an error', async () => {
    expectBad(await call(node(), 'cancel_push', { uid: null }), 'uid is required');
    expectBad(await call(node(), 'cancel_push', { uid: 'a\0' }), 'uid has a NUL character');
  });

  it('has the error as status if the caller wants it so', async () => {
    const headers = { ...NEWER, 'x-centrifugo-error-mode': 'transport' };
    const answer = await call(node(), 'cancel_push', {}, headers);
    expect([answer.status, answer.text]).toEqual([
      400,
      '{"code":107,"message":"bad request","detail":"uid is required"}',
    ]);
    expect((await call(node(), 'device_list', {}, headers)).status).toBe(400);
  });

  it('whose parameters are nested too deeply is a bad request, alone and in a stream', async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const error = {
      code: 107,
      message: 'bad request',
      detail: 'params are nested deeper than 100 levels',
    };
    expect((await call(node(), 'cancel_push', deep(100))).json()).toMatchObject({
      error: { detail: 'uid is required' },
    });
    for (const levels of [101, 50_000]) {
      expect((await call(node(), 'cancel_push', deep(levels))).json()).toEqual({ error });
      const line = `{"id":1,"method":"send_push_notification","params":${deep(levels)}}`;
      expect((await stream(line)).json()).toEqual({ id: 1, error });
    }
    const batch = await call(node(), 'batch', `{"commands":[{"cancel_push":${deep(200)}}]}`);
    expect(batch.json()).toEqual({ replies: [{ error }] });
  });

  it('that there is not is not found, in text', async () => {
    const answer = await call(node(), 'nope', {});
    expect([answer.status, answer.text]).toEqual([404, '404 page not found\n']);
  });

  it.each(['/api', '/api/batch', '/api/device_list'])('%s takes POST only', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await ask(node(), method, path, { headers: NEWER });
      expect([answer.status, answer.text, answer.headers['allow']]).toEqual([405, '', 'POST']);
    }
  });
});

describe('a batch', () => {
  it('is answered command by command, under the names of the methods', async () => {
    const commands = [{ cancel_push: { uid: 'a' } }, { cancel_push: {} }, { nope: {} }, { device_list: {} }];
    const answer = await call(node(), 'batch', { commands, parallel: true });
    expect(answer.json()).toEqual({
      replies: [
        { cancel_push: {} },
        { error: { code: 107, message: 'bad request', detail: 'uid is required' } },
        { error: { code: 104, message: 'method not found' } },
        NOT_AVAILABLE,
      ],
    });
  });

  it.each([
    '',
    '{}',
    '{"commands":1}',
    '{"commands":[1]}',
    '{"commands":[null]}',
    '{"commands":[{"a":{},"b":{}}]}',
  ])('%s is a bad request', async (body) => {
    const answer = await call(node(), 'batch', body);
    expect([answer.status, answer.text]).toEqual([400, 'Bad Request\n']);
  });
});

describe('without a database', () => {
  it.each([
    'device_register',
    'device_update',
    'device_remove',
    'device_list',
    'push_user_channel_update',
    'push_user_channel_list',
    'user_topic_update',
    'user_topic_list',
    'device_topic_update',
    'device_topic_list',
  ])('%s is not available', async (method) => {
    expectError(await call(node(), method, {}), 108, 'not available', NO_DATABASE);
  });
});

describe('beside the door', () => {
  it('the HTTP API can be reached below /api, where a proxy may put it', async () => {
    const answer = await api(node(), 'GET', '/channels', {
      tamper: (request) => {
        request.path = `/api${request.path}`;
      },
    });
    expect([answer.status, answer.json()]).toEqual([200, { channels: {} }]);
  });
});
