/** Many requests on one connection: kept alive, and pipelined. */
import { expect, test } from 'vitest';
import { startLocalNode } from '../support/local-node.ts';
import { RawHttp } from '../support/raw-http.ts';
import { requestBytes, useServer } from './support.ts';

const under = useServer();
/** Over Redis and workers, where answers take a moment, uWebSockets.js ends a connection that doesn't wait for them. */
const alone = useServer({}, startLocalNode);

const channel = (name: string) => requestBytes(under.server, 'GET', `/channels/${name}`);
const event = (name: string, data = 'x') =>
  requestBytes(alone.server, 'POST', '/events', { body: { name, channels: ['pipe'], data } });

test('a connection is kept for the next request', async () => {
  const http = await RawHttp.connect(under.server);
  for (let count = 0; count < 5; count++) {
    await http.write(channel('a'));
    expect((await http.response()).text).toBe('{"occupied":false}');
  }
  await http.destroy();
});

test('pipelined requests to a node that is alone are answered in order', async () => {
  await alone.subscriber('pipe-yes');
  const http = await RawHttp.connect(alone.server);
  await http.write(
    Buffer.concat([
      channel('pipe-yes'),
      event('pusher:refused'),
      channel('pipe-no'),
      event('fine'),
      channel('bad%20name'),
    ]),
  );
  const answers: [number, string][] = [];
  for (let count = 0; count < 5; count++) {
    const { status, text } = await http.response();
    answers.push([status, status === 200 ? text : '']);
  }
  expect(answers).toEqual([
    [200, '{"occupied":true}'],
    [400, ''],
    [200, '{"occupied":false}'],
    [200, '{}'],
    [400, ''],
  ]);
  await http.destroy();
});

test('pipelined events of a node that is alone are delivered in order', async () => {
  const client = await alone.subscriber('pipe');
  const numbers = Array.from({ length: 30 }, (_, index) => String(index));
  const http = await RawHttp.connect(alone.server);
  await http.write(Buffer.concat(numbers.map((number) => event('n', number))));
  const received: unknown[] = [];
  for (const _ of numbers) received.push((await client.next('n')).data);
  expect(received).toEqual(numbers);
  await http.destroy();
});

test('an answer leaves no stray byte behind', async () => {
  const http = await RawHttp.connect(under.server);
  await http.write(requestBytes(under.server, 'GET', '/nothing'));
  expect((await http.response()).status).toBe(404);
  await http.write(channel('a'));
  expect((await http.response()).text).toBe('{"occupied":false}');
  expect(http.unread.length).toBe(0);
  await http.destroy();
});

test('Connection: close is honoured', async () => {
  const http = await RawHttp.connect(under.server);
  const request = channel('a').toString('latin1').replace('Host: test', 'Host: test\r\nConnection: close');
  await http.write(request);
  expect((await http.response()).status).toBe(200);
  await http.closed;
});
