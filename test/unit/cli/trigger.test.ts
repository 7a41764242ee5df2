import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { trigger } from '../../../server/cli/trigger.ts';
import { ConfigError } from '../../../server/config/config-error.ts';
import { ONE_APP } from '../config/support.ts';
import { FakeClock, FakeTerminal } from './support.ts';

interface Sent {
  readonly url: URL;
  readonly method: string | undefined;
  readonly body: string;
}

async function run(
  args: string[],
  answer: () => Response = () => new Response('{}'),
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const terminal = new FakeTerminal(env, files);
  const sent: Sent[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    sent.push({ url: new URL(String(url)), method: init?.method, body: String(init?.body) });
    return answer();
  };
  const code = await trigger(args, { terminal, clock: new FakeClock(), fetch });
  return { code, sent: sent[0], out: terminal.out, err: terminal.err };
}

describe('cli: trigger', () => {
  it('reaches a node that was started with nothing configured', async () => {
    const { code, sent, out } = await run(['my-channel', 'my-event', '{"hello":"world"}']);
    expect(code).toBe(0);
    expect(sent?.url.origin).toBe('http://127.0.0.1:6001');
    expect(sent?.url.pathname).toBe('/apps/1/events');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      name: 'my-event',
      channels: ['my-channel'],
      data: '{"hello":"world"}',
    });
    expect(out).toBe('Sent my-event to my-channel by http://127.0.0.1:6001, app 1, data as JSON.');
  });

  it('signs the request as the HTTP API wants it', async () => {
    const { sent } = await run(['c', 'e'], undefined, ONE_APP);
    const md5 = createHash('md5')
      .update(sent?.body ?? '')
      .digest('hex');
    const query = `auth_key=seven&auth_timestamp=1700000000&auth_version=1.0&body_md5=${md5}`;
    const signature = createHmac('sha256', 'seven-secret')
      .update(`POST\n/apps/7/events\n${query}`)
      .digest('hex');
    expect(sent?.method).toBe('POST');
    expect(sent?.url.search).toBe(`?${query}&auth_signature=${signature}`);
  });

  it('sends data that is not JSON as text, and {} when there is none', async () => {
    const text = await run(['c', 'e', 'hello there']);
    expect(JSON.parse(text.sent?.body ?? '').data).toBe('hello there');
    expect(text.out).toContain('data as text');
    expect(JSON.parse((await run(['c', 'e'])).sent?.body ?? '').data).toBe('{}');
    expect(JSON.parse((await run(['c', 'e', '--', '-5'])).sent?.body ?? '').data).toBe('-5');
  });

  it('sends to a user, and leaves a connection out', async () => {
    const { sent } = await run(['--user', '42', 'notice', '{}', '--socket-id=1.2']);
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({
      channels: ['#server-to-user-42'],
      socket_id: '1.2',
    });
  });

  it('goes where the configuration says', async () => {
    const files = { 'c.json': '{"host":"::","port":7000,"apps":[{"id":"f","key":"fk","secret":"fs"}]}' };
    const { sent } = await run(['c', 'e', '--config', 'c.json'], undefined, {}, files);
    expect(sent?.url.href).toContain('http://127.0.0.1:7000/apps/f/events?auth_key=fk&');
  });

  it('goes where the options say, without asking the configuration when they say everything', async () => {
    const remote = [
      '--host',
      'push.example.com',
      '--port',
      '443',
      '--tls',
      '--app-id=9',
      '--key=k',
      '--secret=s',
    ];
    const { sent } = await run(['c', 'e', ...remote], undefined, {
      NODE_ENV: 'production',
      CARILLON_PORT: 'x',
    });
    expect(sent?.url.href).toContain('https://push.example.com/apps/9/events?auth_key=k&');
    expect((await run(['c', 'e', '--host', '::1'])).sent?.url.host).toBe('[::1]:6001');
  });

  it('picks the app by id or key', async () => {
    const apps = '[{"id":"a","key":"ak","secret":"s"},{"id":"b","key":"bk","secret":"s"}]';
    const env = { CARILLON_APPS: apps };
    expect((await run(['c', 'e', '--app-id', 'b'], undefined, env)).sent?.url.pathname).toBe(
      '/apps/b/events',
    );
    expect((await run(['c', 'e', '--key', 'bk'], undefined, env)).sent?.url.pathname).toBe('/apps/b/events');
    await expect(run(['c', 'e', '--app-id', 'z'], undefined, env)).rejects.toThrow(
      'no configured app has the id z; give --app-id, --key and --secret',
    );
  });

  it('says what is missing or too much', async () => {
    await expect(run([])).rejects.toThrow('a channel and an event are needed');
    await expect(run(['c'])).rejects.toThrow('an event is needed');
    await expect(run(['c', 'e', 'hello', 'there'])).rejects.toThrow('put data with spaces in quotes');
    await expect(run(['c', 'e', '--prot', '1'])).rejects.toThrow(
      '--prot is not an option; did you mean --port?',
    );
    await expect(run(['c', 'e', '--port', 'x'])).rejects.toThrow('--port must be a whole number');
    await expect(run(['c', 'e', '--secret', 'x'])).rejects.toThrow('--secret goes with --app-id and --key');
    await expect(run(['c', 'e'], undefined, { NODE_ENV: 'production' })).rejects.toThrow(ConfigError);
    await expect(run(['c', 'e'], undefined, { CARILLON_PORT: '0' })).rejects.toThrow('--port is needed');
  });

  it('passes on why the node refused', async () => {
    const { code, err, out } = await run(['c', 'e'], () => new Response('Unknown app\n', { status: 404 }));
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      'The node at http://127.0.0.1:6001 refused with 404: Unknown app',
      'This used the development app; give --app-id, --key and --secret, or --config.',
    ]);
  });

  it('says how to start a node when none answers', async () => {
    const { code, err } = await run(['c', 'e'], () => {
      const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6001'), { code: 'ECONNREFUSED' });
      throw new TypeError('fetch failed', { cause });
    });
    expect(code).toBe(1);
    expect(err).toContain('No node answers at http://127.0.0.1:6001 (connect ECONNREFUSED 127.0.0.1:6001).');
    expect(err).toContain('npx --no carillon start');
  });

  it('does not offer to start a host that is unknown', async () => {
    const { err } = await run(['c', 'e', '--host', 'nope.invalid'], () => {
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('getaddrinfo ENOTFOUND nope.invalid'), { code: 'ENOTFOUND' }),
      });
    });
    expect(err).toBe(
      'The host of http://nope.invalid:6001 is unknown (getaddrinfo ENOTFOUND nope.invalid). Check --host.',
    );
  });

  it('says first that the secret is wrong', async () => {
    const answer = () => new Response('Invalid signature: you should have sent …', { status: 401 });
    const { err } = await run(['c', 'e'], answer, ONE_APP);
    expect(err.split('\n')[0]).toBe('The secret is wrong for key seven.');
    expect(err).toContain('refused with 401: Invalid signature: you should have sent');
    expect(err).not.toContain('development app');
  });

  it('warns of what the shell left of JSON', async () => {
    const { code, err, sent } = await run(['c', 'e', '{hello:world}']);
    expect([code, JSON.parse(sent?.body ?? '').data]).toEqual([0, '{hello:world}']);
    expect(err).toContain("begins like JSON but isn't, so it is sent as text");
    expect((await run(['c', 'e', '[1]'])).err).toBe('');
  });
});
