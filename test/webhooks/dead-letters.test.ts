/** Dead letters of a real node, by its admin API and by the command. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadLetters } from '../../server/cli/dead-letters-command.ts';
import { quietApp } from '../support/apps.ts';
import { RawClient } from '../support/raw-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { accept, fail, WebhookReceiver } from '../support/webhook-receiver.ts';
import { FakeTerminal } from '../unit/cli/support.ts';

const TOKEN = 'an-admin-token-of-tests';
const PATH = '/admin/webhooks/dead-letters';

interface Letter {
  readonly id: string;
  readonly endpoint: string;
  readonly event: { readonly id: string; readonly channel: string };
}

let receiver: WebhookReceiver;
let server: TestServer;
let client: RawClient;

async function ask(method: string, path: string, body?: object, token: string | undefined = TOKEN) {
  const response = await fetch(server.httpUrl(path), {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
}

async function letters(query = ''): Promise<Letter[]> {
  return (await ask('GET', `${PATH}${query}`)).json['letters'] as Letter[];
}

async function command(...args: string[]) {
  const terminal = new FakeTerminal();
  const where = ['--host', server.host, '--port', String(server.port), '--token', TOKEN];
  const code = await deadLetters([...args, ...where], { terminal, fetch });
  return { code, out: terminal.out, err: terminal.err };
}

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  receiver.answer = fail;
  server = await startServer({
    apps: [{ ...quietApp(), webhooks: [{ url: receiver.url, events: ['channel_occupied'] }] }],
    webhooks: { batchMs: 0, retrySeconds: 0, graceMs: 0 },
    admin: { token: TOKEN },
  });
  client = await RawClient.connect(server);
  for (const channel of ['a', 'b', 'c']) {
    await client.subscribe(channel);
    await expect.poll(async () => (await letters()).at(-1)?.event.channel).toBe(channel);
  }
});

afterEach(async () => {
  await server.stop();
  await receiver.close();
  expect(server.errors).toEqual([]);
});

describe('the admin API', () => {
  it('lists letters whole, in pages, by app and endpoint', async () => {
    const all = await letters();
    expect(all[0]).toEqual({
      id: expect.any(String),
      app: '1001',
      endpoint: receiver.url,
      event: { name: 'channel_occupied', channel: 'a', id: expect.any(String) },
      attempts: 1,
      reason: 'the answer has status 500',
      failed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(all.map(({ event }) => event.channel)).toEqual(['a', 'b', 'c']);
    expect(await letters('?app=1001')).toHaveLength(3);
    expect(await letters(`?app=1001&endpoint=${encodeURIComponent(receiver.url)}`)).toHaveLength(3);
    expect(await letters('?app=1002')).toEqual([]);
    const page = (await ask('GET', `${PATH}?limit=2`)).json;
    expect(page['letters']).toHaveLength(2);
    expect((await letters(`?limit=2&cursor=${page['cursor']}`)).map(({ event }) => event.channel)).toEqual([
      'c',
    ]);
  });

  it('replays letters under the ids they had, and those that fail again are letters again', async () => {
    const [a, b] = await letters();
    expect((await ask('POST', `${PATH}/replay`, { ids: [a?.id] })).json).toEqual({
      replayed: 1,
      without_endpoint: 0,
    });
    await expect
      .poll(async () => (await letters()).map(({ event }) => event.channel))
      .toEqual(['b', 'c', 'a']);
    receiver.answer = accept;
    expect(
      (await ask('POST', `${PATH}/replay`, { app: '1001', endpoint: receiver.url })).json['replayed'],
    ).toBe(3);
    await receiver.until(3);
    expect(await letters()).toEqual([]);
    const ids = new Map(receiver.events.map(({ channel, id }) => [channel, id]));
    expect([ids.get('a'), ids.get('b')]).toEqual([a?.event.id, b?.event.id]);
  });

  it('drops letters, by body or by query', async () => {
    const [a, b] = await letters();
    expect((await ask('DELETE', PATH, { ids: [a?.id, 'unknown'] })).json).toEqual({ dropped: 1 });
    expect((await ask('DELETE', `${PATH}?id=${b?.id}`)).json).toEqual({ dropped: 1 });
    expect((await letters()).map(({ event }) => event.channel)).toEqual(['c']);
    expect((await ask('DELETE', `${PATH}?app=1001`)).json).toEqual({ dropped: 1 });
  });

  it('refuses requests that say too little or too much', async () => {
    for (const body of [
      {},
      { ids: 'x' },
      { ids: [], app: '1001' },
      { endpoint: receiver.url },
      { app: 1001 },
    ]) {
      expect((await ask('POST', `${PATH}/replay`, body)).status).toBe(400);
      expect((await ask('DELETE', PATH, body)).status).toBe(400);
    }
    for (const query of ['?limit=0', '?limit=x', '?limit=1001', '?cursor=%20']) {
      expect((await ask('GET', `${PATH}${query}`)).status).toBe(400);
    }
    expect(await letters()).toHaveLength(3);
  });

  it('asks for the token, whatever the path, and has no other paths and methods', async () => {
    for (const token of ['', 'an-admin-token-of-test', `${TOKEN}s`]) {
      const { status, headers } = await ask('GET', `${PATH}/none`, undefined, token);
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
    expect((await fetch(server.httpUrl(PATH), { headers: { authorization: TOKEN } })).status).toBe(401);
    expect((await ask('GET', '/admin/')).status).toBe(404);
    expect((await ask('POST', PATH)).status).toBe(405);
  });
});

describe('carillon dead-letters', () => {
  it('lists, replays and drops', async () => {
    const { code, out } = await command('list', '--limit', '2');
    const [a] = await letters();
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(5);
    expect(out).toContain(`${a?.id}  app 1001  ${receiver.url}  {"name":"channel_occupied","channel":"a"`);
    expect(out).toContain('There are more: --cursor ');
    receiver.answer = accept;
    expect((await command('replay', a?.id ?? '')).out).toBe('Queued 1 for another try.');
    await receiver.until(1);
    expect((await command('drop', '--app', '1001')).out).toBe('Dropped 2.');
    expect((await command('list')).out).toBe('There are no dead letters.');
    expect(JSON.parse((await command('list', '--json')).out)).toEqual({ letters: [], cursor: null });
  });

  it.each(['<h1>It works!</h1>', '[]', ''])('does not take %j for an answer', async (body) => {
    const terminal = new FakeTerminal();
    const args = ['list', '--host', '127.0.0.1', '--port', '80', '--token', TOKEN];
    const other = async (): Promise<Response> => new Response(body);
    expect(await deadLetters(args, { terminal, fetch: other })).toBe(1);
    expect(terminal.err).toBe('What answers at http://127.0.0.1:80 is no Carillon admin API.');
  });

  it('says why it could not', async () => {
    const terminal = new FakeTerminal();
    const args = [
      'list',
      '--host',
      server.host,
      '--port',
      String(server.port),
      '--token',
      'not-the-right-one',
    ];
    expect(await deadLetters(args, { terminal, fetch })).toBe(1);
    expect(terminal.err).toContain('refused with 401');
    await expect(command('replay')).rejects.toThrow('ids are needed, or --app');
    await expect(command('drop', 'x', '--app', '1')).rejects.toThrow('ids go without --app');
    await expect(command()).rejects.toThrow('list, replay or drop is needed');
    await expect(deadLetters(['list'], { terminal, fetch })).rejects.toThrow('no admin token is configured');
  });
});

it('there is no admin API without a token', async () => {
  const other = await startServer();
  const response = await fetch(other.httpUrl(PATH), { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(404);
  await other.stop();
});
