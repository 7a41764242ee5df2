/**
 * Bytes a well-behaved client never sends. Whatever comes, the sender gets an error frame or a close with a code,
 * and nobody else notices.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { channelAuth } from '../support/auth.ts';
import { errorWithCode, softError, succeeded, whole, wholeAll } from '../support/frames.ts';
import { joinPresence, joinPrivate } from '../support/joining.ts';
import { dataOf, RawClient } from '../support/raw-client.ts';
import { OPCODE, RawWebSocket } from '../support/raw-websocket.ts';
import { useServer, withServer } from '../support/use-server.ts';

const KIB = 1024;
const PONG = '{"event":"pusher:pong","data":"{}"}';
const apps = [quietApp({ features: { clientEvents: true } })];
const server = useServer({ apps });

/** Somebody else on the same node, in the channel the bad frames are about. */
let bystander: RawClient;
let client: RawClient;

beforeAll(async () => {
  bystander = await RawClient.connect(server());
  await bystander.subscribe('shared');
});
beforeEach(async () => {
  client = await RawClient.connect(server());
  await client.subscribe('shared');
});
afterEach(async () => {
  expect(await bystander.barrier()).toEqual([]);
  client.socket.terminate();
});

/** The connection still does its work: subscribes, and answers pings. */
async function expectAlive(alive: RawClient = client): Promise<void> {
  expect(whole(await alive.subscribe('still-alive'))).toEqual(succeeded('still-alive'));
  alive.send({ event: 'pusher:unsubscribe', data: { channel: 'still-alive' } });
  expect(await alive.barrier()).toEqual([]);
}

describe('text that is no JSON', () => {
  it.each([
    '',
    ' ',
    'hello',
    '{',
    '}',
    '{"event":"pusher:ping"',
    '{"event":"pusher:ping","data":{}',
    '{"event":"pusher:ping"}}',
    '{"event":"pusher:ping"}{"event":"pusher:ping"}',
    "{'event':'pusher:ping'}",
    '{event:"pusher:ping"}',
    '{"event":"pusher:ping",}',
    '{"event":"pusher:ping","data":undefined}',
    '{"event":"pusher:ping","data":NaN}',
    '{"event":"pusher:ping","data":01}',
    '{"event":"pusher:ping","data":"\u0001"}',
    '{"event":"pusher:ping","data":"\\x41"}',
    '{"event":"pusher:ping","data":"\\u12"}',
    '\uFEFF{"event":"pusher:ping"}',
    '\u0000',
    '// {"event":"pusher:ping"}',
    '[1,',
    'nul',
    '"pusher:ping',
  ])('gets "Invalid JSON" and keeps the connection: %j', async (text) => {
    client.sendText(text);
    expect(wholeAll(await client.barrier())).toEqual([softError('Invalid JSON')]);
    await expectAlive();
  });

  it('is told every time', async () => {
    for (let i = 0; i < 3; i++) client.sendText('{');
    expect(wholeAll(await client.barrier())).toEqual(Array(3).fill(softError('Invalid JSON')));
  });
});

describe('JSON that is no message', () => {
  it.each([
    'null',
    'true',
    '1',
    '-0',
    '1e400',
    '""',
    '"pusher:ping"',
    '[]',
    '[{"event":"pusher:ping"}]',
    '{}',
    '{"data":{}}',
    '{"Event":"pusher:ping"}',
    '{"event":null}',
    '{"event":1}',
    '{"event":true}',
    '{"event":["pusher:ping"]}',
    '{"event":{"event":"pusher:ping"}}',
    '{"event":""}',
    '{"__proto__":{"event":"pusher:ping"}}',
    '{"constructor":{"event":"pusher:ping"}}',
  ])('gets one error frame and keeps the connection: %s', async (text) => {
    client.sendText(text);
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    await expectAlive();
  });
});

describe('an event nobody knows', () => {
  it.each(['pusher:unknown', 'pusher:', 'pusher:subscribed', 'pusher:PING', 'pusher:ping '])(
    'is ignored under the name %j',
    async (event) => {
      client.send({ event, data: {}, channel: 'shared' });
      expect(await client.barrier()).toEqual([]);
      await expectAlive();
    },
  );

  it.each([
    'unknown',
    'ping',
    'subscribe',
    'client',
    'client_typing',
    'Client-typing',
    ' client-typing',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
  ])('gets an error frame under the name %j', async (event) => {
    client.send({ event, data: {}, channel: 'shared' });
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    await expectAlive();
  });

  it.each([
    'pusher:connection_established',
    'pusher:error',
    'pusher:signin_success',
    'pusher:cache_miss',
    'pusher_internal:subscription_succeeded',
    'pusher_internal:member_added',
    'pusher_internal:anything',
  ])("is not passed on when it has the server's own name %s", async (event) => {
    client.send({ event, data: '{}', channel: 'shared' });
    const frames = await client.barrier();
    for (const frame of frames) expect(whole(frame)).toEqual(softError());
    await expectAlive();
  });
});

describe('fields of the wrong type', () => {
  const wrong: [string, string | undefined][] = [
    ['missing', undefined],
    ['null', 'null'],
    ['a number', '7'],
    ['a boolean', 'true'],
    ['a list', '["shared"]'],
    ['an object', '{"channel":"shared"}'],
  ];
  /** Text of an object with one field written as raw JSON, or left out. */
  const withField = (fields: object, name: string, json: string | undefined): string => {
    const rest = JSON.stringify(fields).slice(1, -1);
    return `{${[rest, json === undefined ? '' : `"${name}":${json}`].filter((part) => part !== '').join(',')}}`;
  };
  const message = (event: string, data: string): string => `{"event":"${event}","data":${data}}`;
  /** The last frame is the soft error; a refusal on a channel may stand before it, nothing else. */
  const expectOneSoftError = async (): Promise<void> => {
    const frames = await client.barrier();
    expect(whole(frames.at(-1) ?? { event: '', raw: 'null' })).toEqual(softError());
    expect(frames.slice(0, -1).map((frame) => frame.event)).toEqual(
      frames.length > 1 ? ['pusher:subscription_error'] : [],
    );
    await expectAlive();
  };

  const events = ['pusher:subscribe', 'pusher:unsubscribe', 'pusher:signin'];
  const dataShapes = [
    ...wrong.filter(([what]) => what !== 'an object'),
    ['a string', '"shared"'],
    ['an empty string', '""'],
    ['an empty object', '{}'],
  ];
  it.each(events.flatMap((event) => dataShapes.map(([what, json]) => [event, what, json] as const)))(
    'are refused: %s with data %s',
    async (event, _what, json) => {
      client.sendText(withField({ event }, 'data', json));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: subscribe with channel %s',
    async (_what, json) => {
      client.sendText(message('pusher:subscribe', withField({ auth: '' }, 'channel', json)));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: unsubscribe with channel %s',
    async (_what, json) => {
      client.sendText(message('pusher:unsubscribe', withField({}, 'channel', json)));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: private channel with auth %s',
    async (_what, json) => {
      client.sendText(message('pusher:subscribe', withField({ channel: 'private-x' }, 'auth', json)));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: presence with channel_data %s',
    async (_what, json) => {
      const auth = channelAuth(server().app, client.socketId, 'presence-x');
      client.sendText(
        message('pusher:subscribe', withField({ channel: 'presence-x', auth }, 'channel_data', json)),
      );
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])('are refused: sign-in with auth %s', async (_what, json) => {
    client.sendText(message('pusher:signin', withField({ user_data: '{"id":"7"}' }, 'auth', json)));
    await expectOneSoftError();
  });

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: sign-in with user_data %s',
    async (_what, json) => {
      const auth = channelAuth(server().app, client.socketId, ':user::');
      client.sendText(message('pusher:signin', withField({ auth }, 'user_data', json)));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['an empty string', '""']])(
    'are refused: client event with channel %s',
    async (_what, json) => {
      client.sendText(withField({ event: 'client-x', data: {} }, 'channel', json));
      await expectOneSoftError();
    },
  );

  it.each([...wrong, ['a string', '"x"']])(
    'do not matter where auth is not needed: auth %s',
    async (_what, json) => {
      client.sendText(message('pusher:subscribe', withField({ channel: 'open' }, 'auth', json)));
      expect(wholeAll(await client.barrier())).toEqual([succeeded('open')]);
    },
  );

  it('do not matter in keys nobody reads', async () => {
    client.sendText(
      '{"event":"pusher:subscribe","channel":[1],"user_id":{},"x":null,"data":{"channel":"open","y":[]}}',
    );
    expect(wholeAll(await client.barrier())).toEqual([succeeded('open')]);
  });
});

describe('names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf', 'length'];

  it.each(names)('are ordinary channels: %s', async (channel) => {
    expect(whole(await client.subscribe(channel))).toEqual(succeeded(channel));
    client.send({ event: 'pusher:unsubscribe', data: { channel } });
    expect(await client.barrier()).toEqual([]);
    expect(whole(await client.subscribe(channel))).toEqual(succeeded(channel));
    await expectAlive();
  });

  it.each(names)('are ordinary user ids and keys of user_info: %s', async (name) => {
    const channel = `presence-${name}`;
    const channelData = `{"user_id":"${name}","user_info":{"${name}":{"a":1}}}`;
    const success = await joinPresence(client, server().app, channel, channelData);
    expect(success.data).toBe(
      `{"presence":{"count":1,"ids":["${name}"],"hash":{"${name}":{"${name}":{"a":1}}}}}`,
    );
    const other = await RawClient.connect(server());
    await joinPresence(other, server().app, channel, { user_id: 'other' });
    expect(dataOf(await client.next('pusher_internal:member_added'))).toEqual({ user_id: 'other' });
    client.send({ event: 'pusher:unsubscribe', data: { channel } });
    expect(dataOf(await other.next('pusher_internal:member_removed'))).toEqual({ user_id: name });
    await other.close();
  });

  it('are ordinary keys of the data of a client event', async () => {
    const channel = 'private-names';
    const other = await RawClient.connect(server());
    await joinPrivate(client, server().app, channel);
    await joinPrivate(other, server().app, channel);
    const data = '{"__proto__":{"x":1},"constructor":null,"toString":[]}';
    client.sendText(`{"event":"client-x","channel":"${channel}","data":${data}}`);
    expect((await other.expectNext()).data).toBe(data);
    await other.close();
  });

  it('change nothing for the objects of the server', async () => {
    client.sendText(
      '{"event":"pusher:ping","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}',
    );
    expect((await client.expectNext()).raw).toBe(PONG);
    expect('polluted' in {}).toBe(false);
  });
});

describe('odd but legal JSON', () => {
  it.each([
    ['a huge number', '{"event":"pusher:ping","data":123456789012345678901234567890e300}'],
    ['a long fraction', `{"event":"pusher:ping","data":0.${'1'.repeat(10_000)}}`],
    ['an unpaired surrogate', '{"event":"pusher:ping","data":"\\ud800"}'],
    ['an escaped NUL', '{"event":"pusher:ping","data":"\\u0000"}'],
    ['ten thousand keys', `{"event":"pusher:ping","data":{${keys(5000)}}}`],
    ['the data twice', '{"event":"pusher:ping","data":1,"data":{}}'],
  ])('is a ping like any other: %s', async (_what, text) => {
    client.sendText(text);
    expect((await client.expectNext()).raw).toBe(PONG);
    await expectAlive();
  });

  it('with the event twice does not hurt', async () => {
    client.sendText('{"event":"pusher:ping","event":"nobody-knows","data":{}}');
    const frames = await client.barrier();
    expect(frames.length).toBeLessThanOrEqual(1);
    await expectAlive();
  });

  it('with an unpaired surrogate in a channel name is a bad name', async () => {
    client.sendText('{"event":"pusher:subscribe","data":{"channel":"x\\ud800"}}');
    expect((await client.barrier()).at(-1)).toMatchObject({ event: 'pusher:error' });
    await expectAlive();
  });
});

function keys(count: number): string {
  return Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',');
}

describe('deep nesting', () => {
  it.each([
    ['open lists', '['.repeat(60_000)],
    ['closed lists', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['open objects', '{"a":'.repeat(13_000)],
    ['closed objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ])('is an error frame and no more: %s', async (_what, text) => {
    client.sendText(text);
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    await expectAlive();
  });

  it('in the data of a ping is as good as any data', async () => {
    client.sendText(`{"event":"pusher:ping","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}`);
    expect((await client.expectNext()).raw).toBe(PONG);
    await expectAlive();
  });

  it('in the data of a client event is relayed as sent', async () => {
    const channel = 'private-deep';
    const other = await RawClient.connect(server());
    await joinPrivate(client, server().app, channel);
    await joinPrivate(other, server().app, channel);
    const data = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    client.sendText(`{"event":"client-x","channel":"${channel}","data":${data}}`);
    expect((await other.expectNext()).data).toBe(data);
    await other.close();
  });

  it('in user_info is refused or accepted, and harms nobody', async () => {
    const member = `{"user_id":"1","user_info":{"a":${'['.repeat(400)}${']'.repeat(400)}}}`;
    const success = await joinPresence(client, server().app, 'presence-deep', member);
    expect(success.data).toContain('['.repeat(400));
    await expectAlive();
  });
});

describe('a binary frame', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['of text that would be a good frame', Buffer.from('{"event":"pusher:ping","data":{}}')],
    ['of random bytes', Buffer.from([0, 255, 254, 1, 2, 3])],
  ])('%s gets an error frame and keeps the connection', async (_what, bytes) => {
    client.sendBinary(bytes);
    expect(wholeAll(await client.barrier())).toEqual([softError()]);
    await expectAlive();
  });
});

describe('a frame against RFC 6455', () => {
  const bytes = (...values: number[]): Buffer => Buffer.from(values);

  it.each([
    ['a lone byte', bytes(0xff)],
    ['a cut two-byte sequence', bytes(0x22, 0xc3, 0x22)],
    ['an overlong slash', bytes(0xc0, 0xaf)],
    ['a surrogate', bytes(0xed, 0xa0, 0x80)],
    ['beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80)],
  ])('with invalid UTF-8 ends that connection: %s', async (_what, payload) => {
    const raw = await RawWebSocket.connect(server());
    raw.sendFrame(OPCODE.text, Buffer.concat([Buffer.from('{"event":"'), payload, Buffer.from('"}')]));
    await raw.closed;
    await expectAlive();
  });

  it.each([
    ['a reserved opcode', bytes(0x83, 0x80, 1, 2, 3, 4)],
    ['a reserved control opcode', bytes(0x8b, 0x80, 1, 2, 3, 4)],
    ['a reserved bit', bytes(0xf1, 0x80, 1, 2, 3, 4)],
    ['a fragmented control frame', bytes(0x09, 0x80, 1, 2, 3, 4)],
    ['a control frame that is too long', bytes(0x89, 0xfe, 0, 126, 1, 2, 3, 4, ...Array(126).fill(0))],
    ['a continuation of nothing', bytes(0x80, 0x80, 1, 2, 3, 4)],
  ])('ends that connection: %s', async (_what, frame) => {
    const raw = await RawWebSocket.connect(server());
    raw.sendBytes(frame);
    await raw.closed;
    await expectAlive();
  });

  it('cut off in the middle leaves nothing behind', async () => {
    const raw = await RawWebSocket.connect(server());
    raw.sendBytes(bytes(0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5, 6, 7));
    await raw.destroy();
    await expectAlive();
  });

  it('that promises gigabytes ends that connection', async () => {
    const raw = await RawWebSocket.connect(server());
    raw.sendBytes(bytes(0x81, 0xff, 0, 0, 0, 4, 0, 0, 0, 0, 1, 2, 3, 4));
    await raw.closed;
    await expectAlive();
  });
});

describe('the size of a frame', () => {
  const ping = (size: number, fill = 'x'): string => {
    const frame = (data: string): string => `{"event":"pusher:ping","data":"${data}"}`;
    const room = size - Buffer.byteLength(frame(''));
    const width = Buffer.byteLength(fill);
    return frame(fill.repeat(Math.floor(room / width)) + 'x'.repeat(room % width));
  };

  it('may be 64 KiB', async () => {
    client.sendText(ping(64 * KIB));
    expect((await client.expectNext()).raw).toBe(PONG);
    await expectAlive();
  });

  it('is measured in bytes, not characters', async () => {
    client.sendText(ping(64 * KIB, 'é'));
    expect((await client.expectNext()).raw).toBe(PONG);
    client.sendText(ping(64 * KIB + 1, 'é'));
    expect((await client.closed).code).toBe(1009);
  });

  it.each([64 * KIB + 1, 100 * KIB, 200 * KIB])('of %i bytes is closed with 1009', async (size) => {
    client.sendText(ping(size));
    expect((await client.closed).code).toBe(1009);
    for (const frame of client.takeAll()) expect(whole(frame)).toEqual(softError());
  });

  it.each([300 * KIB, 4 * KIB * KIB])('of %i bytes ends the connection', async (size) => {
    client.sendText(ping(size));
    await client.closed;
  });

  it('holds for the sum of the fragments', async () => {
    const raw = await RawWebSocket.connect(server());
    const part = Buffer.from(ping(64 * KIB));
    raw.sendFrame(OPCODE.text, part, { fin: false });
    for (let i = 0; i < 8; i++) raw.sendFrame(OPCODE.continuation, part, { fin: i === 7 });
    await raw.closed;
  });

  it('is a setting', async () => {
    await withServer({ apps, limits: { frameBytes: 2000 } }, async (node) => {
      const small = await RawClient.connect(node);
      small.sendText(ping(2000));
      expect((await small.expectNext()).raw).toBe(PONG);
      small.sendText(ping(2001));
      expect((await small.closed).code).toBe(1009);
    });
  });
});

describe('bad frames in a row', () => {
  it('are closed with 4100 when they are too many', async () => {
    await withServer({ apps, limits: { badFrames: 5 } }, async (node) => {
      const sender = await RawClient.connect(node);
      const neighbour = await RawClient.connect(node);
      for (let i = 0; i < 20; i++) sender.sendText('{');
      expect((await sender.closed).code).toBe(4100);
      const frames = sender.takeAll();
      expect(frames.length).toBeGreaterThanOrEqual(4);
      expect(frames.length).toBeLessThanOrEqual(5);
      for (const frame of frames) expect(whole(frame)).toEqual(softError('Invalid JSON'));
      expect(await neighbour.barrier()).toEqual([]);
    });
  });

  it('are told to a client of protocol 5 before the close', async () => {
    await withServer({ apps, limits: { badFrames: 5 } }, async (node) => {
      const sender = await RawClient.connect(node, { query: 'protocol=5&client=java-client&version=2.4.0' });
      for (let i = 0; i < 20; i++) sender.sendText('{');
      expect((await sender.closed).code).toBe(4100);
      expect(wholeAll(sender.takeAll()).at(-1)).toEqual(errorWithCode(4100));
    });
  });

  it('are counted anew after a good one', async () => {
    await withServer({ apps, limits: { badFrames: 5 } }, async (node) => {
      const sender = await RawClient.connect(node);
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 4; i++) sender.sendText('{');
        expect(await sender.barrier()).toHaveLength(4);
      }
    });
  });

  it('count when binary too', async () => {
    await withServer({ apps, limits: { badFrames: 5 } }, async (node) => {
      const sender = await RawClient.connect(node);
      for (let i = 0; i < 20; i++) sender.sendBinary(Buffer.of(1));
      expect((await sender.closed).code).toBe(4100);
    });
  });
});
