/** Request bodies as they come over a network: in pieces, too large, cut off, slow, or not what they should be. */
import { describe, expect, test } from 'vitest';
import { api, signedRequest, trigger } from '../support/api.ts';
import { md5 } from '../support/auth.ts';
import { RawHttp } from '../support/raw-http.ts';
import { DEFAULT_APP } from '../support/server.ts';
import {
  authParams,
  chunkedBytes,
  expectTextError,
  requestBytes,
  sendExactly,
  target,
  useServer,
} from './support.ts';

const BODY_LIMIT = 300_000;
const under = useServer({ limits: { bodyBytes: BODY_LIMIT } });

const eventBody = (channel: string, data: string) =>
  Buffer.from(JSON.stringify({ name: 'e', channels: [channel], data }));

async function sendRaw(parts: readonly (string | Buffer)[]) {
  const http = await RawHttp.connect(under.server);
  for (const part of parts) await http.write(part);
  return http.response().finally(() => http.destroy());
}

describe('in pieces', () => {
  test('a chunked body is put together', async () => {
    const client = await under.subscriber('chunked');
    const body = eventBody('chunked', 'of three chunks');
    const answer = await sendRaw(
      chunkedBytes(under.server, `/apps/${DEFAULT_APP.id}/events`, [
        body.subarray(0, 5),
        body.subarray(5, 20),
        body.subarray(20),
      ]),
    );
    expect([answer.status, answer.text]).toEqual([200, '{}']);
    expect((await client.next('e')).data).toBe('of three chunks');
  });

  test('a character cut at a chunk edge is whole again', async () => {
    const client = await under.subscriber('cut');
    const text = 'é✓😀'.repeat(50);
    const body = eventBody('cut', text);
    const bytes = Array.from(body, (byte) => Buffer.of(byte));
    const answer = await sendRaw([
      Buffer.concat(chunkedBytes(under.server, `/apps/${DEFAULT_APP.id}/events`, bytes)),
    ]);
    expect(answer.status).toBe(200);
    expect((await client.next('e')).data).toBe(text);
  });

  test('a body written byte by byte is put together', async () => {
    const client = await under.subscriber('trickle');
    const bytes = requestBytes(under.server, 'POST', '/events', { body: eventBody('trickle', 'é✓😀') });
    const http = await RawHttp.connect(under.server);
    const bodyAt = bytes.indexOf('\r\n\r\n') + 4;
    await http.write(bytes.subarray(0, bodyAt));
    await http.trickle(bytes.subarray(bodyAt));
    expect((await http.response()).status).toBe(200);
    await http.destroy();
    expect((await client.next('e')).data).toBe('é✓😀');
  });

  test('Expect: 100-continue is answered', async () => {
    const request = signedRequest(under.server.app, 'POST', '/events', { body: eventBody('a', 'x') });
    const body = request.body ?? Buffer.alloc(0);
    const http = await RawHttp.connect(under.server);
    await http.write(
      `POST ${target(request)} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await http.write(body);
    let answer = await http.response();
    if (answer.status === 100) answer = await http.response();
    expect(answer.status).toBe(200);
    await http.destroy();
  });
});

describe('too large', () => {
  test('a body at the limit is read', async () => {
    const frame = JSON.stringify({ name: 'e', channels: ['a'], data: 'x', padding: '' });
    const body = frame.replace('"padding":""', `"padding":"${'p'.repeat(BODY_LIMIT - frame.length)}"`);
    expect(body.length).toBe(BODY_LIMIT);
    expect((await api(under.server, 'POST', '/events', { body })).status).toBe(200);
  });

  test('a declared length above the limit is 413', async () => {
    const answer = await sendRaw([
      requestBytes(under.server, 'POST', '/events', { body: Buffer.alloc(BODY_LIMIT + 1, 0x20) }),
    ]);
    expect(answer.status).toBe(413);
  });

  test('chunks that add up to more than the limit are 413', async () => {
    const chunks = Array.from({ length: 11 }, () => Buffer.alloc(BODY_LIMIT / 10, 0x20));
    const answer = await sendRaw([
      Buffer.concat(chunkedBytes(under.server, `/apps/${DEFAULT_APP.id}/events`, chunks)),
    ]);
    expect(answer.status).toBe(413);
  });
});

describe('cut off and slow', () => {
  test('a client that goes away in the middle harms nobody', async () => {
    for (const size of [0, 10]) {
      const http = await RawHttp.connect(under.server);
      const bytes = requestBytes(under.server, 'POST', '/events', { body: Buffer.alloc(1000, 0x20) });
      await http.write(bytes.subarray(0, bytes.length - 1000 + size));
      await http.destroy();
    }
    expect((await trigger(under.server, 'a', 'e', 'x')).status).toBe(200);
  });

  test('a client that goes away without reading its answer harms nobody', async () => {
    const http = await RawHttp.connect(under.server);
    const request = requestBytes(under.server, 'GET', '/channels');
    await http.write(Buffer.concat(Array.from({ length: 20 }, () => request)));
    await http.destroy();
    expect((await trigger(under.server, 'a', 'e', 'x')).status).toBe(200);
  });

  test('while one body is on its way others are answered', async () => {
    const client = await under.subscriber('slow');
    const bytes = requestBytes(under.server, 'POST', '/events', { body: eventBody('slow', 'at last') });
    const http = await RawHttp.connect(under.server);
    await http.write(bytes.subarray(0, bytes.length - 5));
    expect((await trigger(under.server, 'slow', 'fast', 'x')).status).toBe(200);
    expect(
      (await client.next((frame) => frame.channel === 'slow' && !frame.event.startsWith('pusher'))).event,
    ).toBe('fast');
    await http.write(bytes.subarray(bytes.length - 5));
    expect((await http.response()).status).toBe(200);
    await http.destroy();
    expect((await client.next('e')).data).toBe('at last');
  });
});

describe('not what it should be', () => {
  const paths = ['/events', '/batch_events'];
  const bodies: [string, string | Buffer][] = [
    ['an open brace', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['a number', '1'],
    ['blank', '   '],
    ['trailing text', '{} x'],
    ['single quotes', "{'name':'e'}"],
    ['deep nesting', '['.repeat(100_000)],
    ['deep, balanced nesting', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['NUL bytes', Buffer.alloc(10)],
    ['a form', 'name=e&channel=a&data=x'],
  ];

  test.each(bodies)('%s is 400', async (_, body) => {
    for (const path of paths) expectTextError(await api(under.server, 'POST', path, { body }), 400);
  });

  test('bytes that are no UTF-8 are 400', async () => {
    const body = Buffer.concat([
      Buffer.from('{"name":"e","channels":["a"],"data":"'),
      Buffer.of(0xff, 0xfe, 0xc3),
      Buffer.from('"}'),
    ]);
    expectTextError(await api(under.server, 'POST', '/events', { body }), 400);
  });

  test('no body and no parameters is 400', async () => {
    for (const path of paths) expectTextError(await api(under.server, 'POST', path), 400);
  });

  test('the body of a GET is not the next request', async () => {
    const hidden = requestBytes(under.server, 'GET', '/nothing');
    const request = requestBytes(under.server, 'GET', '/channels/a').toString('latin1');
    const http = await RawHttp.connect(under.server);
    await http.write(request.replace('Content-Length: 0', `Content-Length: ${hidden.length}`));
    await http.write(hidden);
    await http.write(requestBytes(under.server, 'GET', '/channels/b'));
    expect((await http.response()).status).not.toBe(404);
    expect((await http.response()).text).toBe('{"occupied":false}');
    await http.destroy();
  });

  test('a GET with a body is checked like any other', async () => {
    const path = `/apps/${DEFAULT_APP.id}/channels`;
    const params: [string, string][] = [...authParams(DEFAULT_APP), ['body_md5', md5('{}')]];
    expect((await sendExactly(under.server, { method: 'GET', path, params, body: '{}' })).status).toBe(200);
  });
});
