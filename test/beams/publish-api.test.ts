/** The publish API as a backend meets it: bytes, refusals, and the order in which they come. */
import { describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import { BEARER, beamsApp, expectRefusal, PUBLISHES, publish, request, useBeams } from './support.ts';
import { INSTANCE, SECRET } from './vectors.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const node = useBeams();
const apns = { aps: { alert: 'Hi!' } };
const web = { notification: { title: 'Hello', body: 'Hello, world!' } };
const INCORRECT = ['Unauthorized', 'Incorrect Secret Key'] as const;

describe('a publish', () => {
  it('to interests is answered with its id, 59 bytes', async () => {
    const answer = await publish(
      node(),
      'interests',
      '{"apns":{"aps":{"alert":"Hi!"}},"interests":["donuts"]}',
    );
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"publishId":"pubid-[0-9a-f-]{36}"\}\n$/);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '59' });
  });

  it('to users likewise, and each has an id of its own', async () => {
    const body = { web, users: ['user-001', 'user-002'] };
    const answers = await Promise.all([publish(node(), 'users', body), publish(node(), 'users', body)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.text).not.toBe(answers[1]?.text);
  });

  it('may leave out the target in the path', async () => {
    const answer = await request(node(), 'POST', PUBLISHES, {
      body: { apns, interests: ['a'] },
      headers: BEARER,
    });
    expect(answer.status).toBe(200);
  });

  it('may have a charset, and the instance id in capitals', async () => {
    const path = PUBLISHES.replace(INSTANCE, INSTANCE.toUpperCase());
    const headers = { ...BEARER, 'content-type': 'Application/JSON; charset=utf-8' };
    const answer = await request(node(), 'POST', path, { body: { apns, interests: ['a'] }, headers });
    expect(answer.status).toBe(200);
  });

  it('has no CORS headers: a page has no business with the secret key', async () => {
    const answer = await publish(node(), 'interests', { apns, interests: ['a'] });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a refusal of a publish', () => {
  it('without an instance id', async () => {
    const answer = await request(node(), 'POST', '/publish_api/v1/instances//publishes', { headers: BEARER });
    expectRefusal(answer, 400, 'Incomplete Request', '`instance-id` param is missing from path.');
  });

  it('with an instance id that is none', async () => {
    const answer = await request(node(), 'POST', '/publish_api/v1/instances/x/publishes/users', {
      headers: BEARER,
    });
    const description =
      'The instance id given is invalid. It is expected to be in this format: 426abfc7-41fe-492f-bcf1-27586fa9bd3f .';
    expectRefusal(answer, 400, 'Bad request', description);
  });

  it('without authorization', async () => {
    const answer = await request(node(), 'POST', PUBLISHES, { body: {} });
    expectRefusal(answer, 400, 'Incomplete Request', 'Authorization header is missing.');
  });

  it('with another content type, or none', async () => {
    for (const type of ['text/plain', '']) {
      const answer = await publish(node(), 'users', '{}', { 'content-type': type });
      expectRefusal(answer, 400, 'Invalid content type', 'Only `application/json` is supported.');
    }
  });

  it('that is no JSON object', async () => {
    for (const body of ['', '{', '[]', 'null', '"x"', Buffer.of(0x7b, 0xff, 0x7d)]) {
      const answer = await publish(node(), 'users', body);
      expectRefusal(answer, 400, 'Bad request', 'Failed to read body as a JSON object.');
    }
  });

  it('for an instance that nobody knows', async () => {
    const path = PUBLISHES.replace(INSTANCE, OTHER);
    const answer = await request(node(), 'POST', path, { body: {}, headers: BEARER });
    expectRefusal(answer, 404, 'Instance not found', 'Could not find the instance');
  });

  it('with a wrong secret, 62 bytes', async () => {
    for (const authorization of ['Bearer wrong', `Basic ${SECRET}`, SECRET, `Bearer ${SECRET}x`]) {
      const answer = await publish(node(), 'users', {}, { authorization });
      expectRefusal(answer, 401, ...INCORRECT);
      expect(answer.headers['content-length']).toBe('62');
    }
  });

  it.each<['interests' | 'users', object, string]>([
    [
      'interests',
      { apns, interests: ['a:b'] },
      "`interests.0`: Does not match pattern '^[a-zA-Z0-9_\\-=@,.;]+$'",
    ],
    ['interests', { apns }, '`interests`: interests is required'],
    ['users', { apns }, '`users`: users is required'],
    ['users', { web: {}, users: ['u', 'u'] }, '`users`: array items must be unique'],
  ])('to %s of %j', async (to, body, description) => {
    expectRefusal(await publish(node(), to, body), 422, 'Unprocessable Entity', description);
  });

  it.each([
    '/publish_api/v1/instances',
    '/publish_api',
    `${PUBLISHES}/interests/x/y`,
    `${PUBLISHES}/devices`,
    '/publish_api/v2/instances/x/publishes',
  ])('at %s is in the same form: nothing is there', async (path) => {
    expectRefusal(
      await request(node(), 'POST', path, { body: {}, headers: BEARER }),
      404,
      'Not found',
      'Not found',
    );
  });

  it.each(['GET', 'PUT', 'OPTIONS'])('by %s is in the same form', async (method) => {
    expectRefusal(
      await request(node(), method, PUBLISHES, { headers: BEARER }),
      404,
      'Not found',
      'Not found',
    );
  });
});

describe('the size of a publish', () => {
  const padded = (rest: object, bytes: number): string => {
    const empty = JSON.stringify({ ...rest, padding: '' });
    return JSON.stringify({ ...rest, padding: 'x'.repeat(bytes - Buffer.byteLength(empty)) });
  };

  it('may be 10 KiB to interests', async () => {
    const rest = { apns, interests: ['a'] };
    expect((await publish(node(), 'interests', padded(rest, 10_240))).status).toBe(200);
    const answer = await publish(node(), 'interests', padded(rest, 10_241));
    expectRefusal(answer, 400, 'Bad request', 'Request body size is too large (max 10KiB).');
  });

  it('may be 200 KiB to users', async () => {
    const rest = { apns, users: ['a'] };
    expect((await publish(node(), 'users', padded(rest, 204_800))).status).toBe(200);
    const answer = await publish(node(), 'users', padded(rest, 204_801));
    expectRefusal(answer, 400, 'Bad request', 'Request body size is too large (max 200KiB).');
  });

  it('is refused in the same form when it is more than the node reads', async () => {
    const answer = await publish(node(), 'users', padded({ apns, users: ['a'] }, 2 ** 20 + 1));
    expectRefusal(answer, 400, 'Bad request', 'Request body size is too large (max 200KiB).');
  });
});

describe('the order of checks', () => {
  const bodies = { wrongType: { body: 'x', headers: { 'content-type': 'text/plain' } } };

  it('is: instance id, authorization, content type, size, JSON, instance, secret, schema', async () => {
    const unknown = PUBLISHES.replace(INSTANCE, OTHER);
    const long = 'x'.repeat(10_241);
    const status = async (path: string, body: string, headers: Record<string, string>) => {
      const answer = await request(node(), 'POST', path, { body, headers });
      return (answer.json() as { error: string; description: string }).description;
    };
    const wrong = { authorization: 'Bearer wrong' };
    const text = bodies.wrongType.headers;
    expect(await status('/publish_api/v1/instances/x/publishes', 'x', text)).toMatch(
      'instance id given is invalid',
    );
    expect(await status(unknown, 'x', text)).toBe('Authorization header is missing.');
    expect(await status(unknown, long, { ...wrong, ...text })).toBe('Only `application/json` is supported.');
    expect(await status(unknown, long, wrong)).toBe('Request body size is too large (max 10KiB).');
    expect(await status(unknown, 'x', wrong)).toBe('Failed to read body as a JSON object.');
    expect(await status(unknown, '{}', wrong)).toBe('Could not find the instance');
    expect(await status(PUBLISHES, '{}', wrong)).toBe('Incorrect Secret Key');
    expect(await status(PUBLISHES, '{}', BEARER)).toBe('`interests`: interests is required');
  });
});

describe('an idempotency key', () => {
  const body = { apns, interests: ['a'] };

  it('makes one publish of two requests with the same body', async () => {
    const key = { 'idempotency-key': 'order-1' };
    const [first, second] = [
      await publish(node(), 'interests', body, key),
      await publish(node(), 'interests', body, key),
    ];
    expect([first?.status, second?.text]).toEqual([200, first?.text]);
  });

  it('is refused with another body', async () => {
    const key = { 'idempotency-key': 'order-2' };
    await publish(node(), 'interests', body, key);
    const answer = await publish(node(), 'interests', { apns, interests: ['b'] }, key);
    const description = '`Idempotency-Key`: the key was used for a different publish.';
    expectRefusal(answer, 422, 'Unprocessable Entity', description);
  });

  it('has 1 to 255 characters', async () => {
    const answer = await publish(node(), 'interests', body, { 'idempotency-key': 'x'.repeat(256) });
    expectRefusal(answer, 400, 'Bad request', '`Idempotency-Key` must have 1 to 255 characters.');
  });
});

describe('a publish, afterwards', () => {
  async function accepted(body: object): Promise<string> {
    const answer = await publish(node(), 'interests', body);
    return (answer.json() as { publishId: string }).publishId;
  }
  const ask = (method: string, path: string, query = {}) =>
    request(node(), method, `${PUBLISHES}/${path}`, { headers: BEARER, query });

  it('can be asked about', async () => {
    const id = await accepted({ apns, interests: ['nobody-listens'] });
    let report = (await ask('GET', id)).json() as Record<string, unknown>;
    while (report['status'] !== 'finished') report = (await ask('GET', id)).json() as Record<string, unknown>;
    expect(report).toMatchObject({
      publishId: id,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      finishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      counts: { targeted: 0, sent: 0, failed: 0 },
    });
    const outcomes = await ask('GET', `${id}/outcomes`, { limit: '10' });
    expect(outcomes.text).toBe('{"outcomes":[],"responseMetadata":{}}\n');
  });

  it('can be cancelled until it is sent', async () => {
    const id = await accepted({ apns, interests: ['a'], send_at: Math.floor(Date.now() / 1000) + 3600 });
    expect((await ask('GET', id)).json()).toMatchObject({ status: 'scheduled' });
    expect((await ask('DELETE', id)).text).toBe(`{"publishId":"${id}","status":"cancelled"}\n`);
    let status = '';
    while (status !== 'cancelled') status = ((await ask('GET', id)).json() as { status: string }).status;
    expect((await ask('DELETE', id)).status).toBe(409);
  });

  it('is not found if there was none', async () => {
    for (const [method, path] of [
      ['GET', 'pubid-x'],
      ['GET', 'pubid-x/outcomes'],
      ['DELETE', 'pubid-x'],
    ] as const) {
      expectRefusal(await ask(method, path), 404, 'Not found', 'Publish not found');
    }
  });

  it('is told to who has the secret key alone', async () => {
    const answer = await request(node(), 'GET', `${PUBLISHES}/pubid-x`, {
      headers: { authorization: 'Bearer x' },
    });
    expectRefusal(answer, 401, ...INCORRECT);
  });
});

describe('an instance', () => {
  it('takes 100 requests a second, refused ones aside, and says so to the next', async () => {
    const server = await startServer({ apps: [beamsApp()] });
    const one = () => publish(server, 'users', {});
    const answers = await Promise.all(Array.from({ length: 150 }, one));
    const limited = answers.find(({ status }) => status === 429);
    if (limited === undefined) throw new Error('150 requests at once were let through');
    const description = 'Too many requests being made in quick succession (max 100 RPS).';
    expectRefusal(limited, 429, 'Rate Limited', description);
    expect(limited.headers['retry-after']).toBe('1');
    expect(answers.filter(({ status }) => status !== 429).length).toBeGreaterThanOrEqual(100);
    await server.stop();
  });

  it('says without a database what it needs', async () => {
    const server = await startServer({ apps: [beamsApp()] });
    const answer = await publish(server, 'interests', { apns, interests: ['a'] });
    const description =
      'The device registry needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL.';
    expectRefusal(answer, 503, 'Service Unavailable', description);
    await server.stop();
  });
});
