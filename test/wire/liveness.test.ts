/** Pings in both spellings. What needs a minute of silence is left to the tests of the timer, which can turn the clock. */
import { describe, expect, it } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { RawClient } from '../support/raw-client.ts';
import { OPCODE, RawWebSocket } from '../support/raw-websocket.ts';
import { useServer } from '../support/use-server.ts';

const PONG = '{"event":"pusher:pong","data":"{}"}';

describe('pusher:ping', () => {
  const server = useServer({ apps: [quietApp()] });

  it.each([
    ['an object', '{"event":"pusher:ping","data":{}}'],
    ['no data', '{"event":"pusher:ping"}'],
    ['no data, spaced as Java does', '{"event": "pusher:ping"}'],
    ['a list', '{"event":"pusher:ping","data":[]}'],
    ['an empty string', '{"event":"pusher:ping","data":""}'],
    ['a string of JSON', '{"event":"pusher:ping","data":"{}"}'],
    ['a string that is no JSON', '{"event":"pusher:ping","data":"{"}'],
    ['null', '{"event":"pusher:ping","data":null}'],
    ['a number', '{"event":"pusher:ping","data":12}'],
    ['a number beyond any', '{"event":"pusher:ping","data":1e999}'],
    ['a boolean', '{"event":"pusher:ping","data":false}'],
    ['a full object', '{"event":"pusher:ping","data":{"a":{"b":[1,2,{"c":null}]}}}'],
    ['other keys', '{"event":"pusher:ping","data":{},"channel":5,"user_id":{},"x":[]}'],
    ['the event last', '{"data":{},"event":"pusher:ping"}'],
    ['white space around', ' \n\t{ "event" : "pusher:ping" , "data" : { } } \r\n'],
    ['escapes in the event', '{"event":"\\u0070usher:ping"}'],
  ])('with %s is answered by one pong', async (_what, text) => {
    const client = await RawClient.connect(server());
    client.sendText(text);
    expect((await client.expectNext()).raw).toBe(PONG);
    expect(await client.barrier()).toEqual([]);
    await client.close();
  });

  it('is answered as often as it is sent', async () => {
    const client = await RawClient.connect(server());
    for (let i = 0; i < 200; i++) client.send({ event: 'pusher:ping', data: {} });
    for (let i = 0; i < 200; i++) expect((await client.expectNext()).raw).toBe(PONG);
    await client.close();
  });

  it('is answered when it arrives in pieces, with a control ping between them', async () => {
    const client = await RawWebSocket.connect(server());
    client.sendFrame(OPCODE.text, '{"event":"pus', { fin: false });
    client.sendFrame(OPCODE.ping, 'between');
    client.sendFrame(OPCODE.continuation, 'her:ping",', { fin: false });
    client.sendFrame(OPCODE.continuation, '"data":{}}');
    expect(await client.nextFrame()).toEqual({ opcode: OPCODE.pong, payload: Buffer.from('between') });
    expect(await client.nextText()).toBe(PONG);
    await client.destroy();
  });

  it('is answered only to the one who asked', async () => {
    const [asking, other] = await Promise.all([RawClient.connect(server()), RawClient.connect(server())]);
    asking.send({ event: 'pusher:ping', data: {} });
    await asking.expectNext();
    const seen: string[] = [];
    other.socket.on('message', (data) => seen.push(data.toString()));
    await other.barrier();
    expect(seen).toEqual([PONG]);
    await Promise.all([asking.close(), other.close()]);
  });
});

describe('pusher:pong from a client', () => {
  const server = useServer({ apps: [quietApp()] });

  it.each([
    '{"event":"pusher:pong","data":{}}',
    '{"event":"pusher:pong"}',
    '{"event":"pusher:pong","data":[]}',
  ])('is not answered: %s', async (text) => {
    const client = await RawClient.connect(server());
    client.sendText(text);
    expect(await client.barrier()).toEqual([]);
    await client.close();
  });
});

describe('control frames', () => {
  const server = useServer({ apps: [quietApp()] });

  it.each(['', 'x', 'p'.repeat(125)])('answer a ping with its payload "%s"', async (payload) => {
    const client = await RawClient.connect(server());
    expect(await client.controlPing(payload)).toBe(payload);
    expect(await client.barrier()).toEqual([]);
    await client.close();
  });

  it('take a pong nobody asked for', async () => {
    const client = await RawWebSocket.connect(server());
    client.sendFrame(OPCODE.pong, 'unasked');
    client.sendFrame(OPCODE.text, '{"event":"pusher:ping"}');
    expect(await client.nextText()).toBe(PONG);
    await client.destroy();
  });

  it('answer a close with its own code and end the connection', async () => {
    const client = await RawWebSocket.connect(server());
    client.sendFrame(OPCODE.close, Buffer.concat([Buffer.of(0x03, 0xe8), Buffer.from('bye')]));
    const answer = await client.nextFrame();
    expect(answer.opcode).toBe(OPCODE.close);
    expect(answer.payload.readUInt16BE(0)).toBe(1000);
    await client.closed;
  });
});
