/** Client events: who may send what where, what the others get, and how fast. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quietApp } from '../support/apps.ts';
import { errorWithCode, softError, whole, wholeAll } from '../support/frames.ts';
import { joinPresence, joinPrivate, signIn } from '../support/joining.ts';
import { RawClient } from '../support/raw-client.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { useServer, withServer } from '../support/use-server.ts';

const talking = quietApp({ features: { clientEvents: true } });
const unlimited = quietApp({ features: { clientEvents: true }, limits: { clientEventsPerSecond: 0 } });
const server = useServer({ apps: [unlimited] });
const channel = 'private-talk';
let sender: RawClient;
let receiver: RawClient;

beforeEach(async () => {
  sender = await RawClient.connect(server());
  receiver = await RawClient.connect(server());
  await joinPrivate(sender, DEFAULT_APP, channel);
  await joinPrivate(receiver, DEFAULT_APP, channel);
});
afterEach(async () => {
  await Promise.all([sender.close(), receiver.close()]);
});

/** The sender gets this one frame, and the receiver nothing. */
async function expectRejected(error: object = softError()): Promise<void> {
  expect(wholeAll(await sender.barrier())).toEqual([error]);
  expect(await receiver.barrier()).toEqual([]);
}

describe('a client event', () => {
  it('reaches the others in exactly these bytes, and not the sender', async () => {
    sender.sendText(`{"event":"client-typing","data":{"on":true},"channel":"${channel}"}`);
    expect(await sender.barrier()).toEqual([]);
    expect((await receiver.expectNext()).raw).toBe(
      `{"event":"client-typing","channel":"${channel}","data":"{\\"on\\":true}"}`,
    );
    expect(await receiver.barrier()).toEqual([]);
  });

  it('reaches every other subscriber once', async () => {
    const more = await Promise.all([1, 2, 3].map(() => RawClient.connect(server())));
    for (const client of more) await joinPrivate(client, DEFAULT_APP, channel);
    for (const event of ['client-x', 'client-last']) sender.send({ event, channel, data: 1 });
    for (const client of [receiver, ...more]) {
      expect(wholeAll(await client.expectSome(2))).toEqual([
        { event: 'client-x', channel, data: '1' },
        { event: 'client-last', channel, data: '1' },
      ]);
      if (client !== receiver) await client.close();
    }
  });

  it('reaches other sockets of the same user', async () => {
    const mine = await RawClient.connect(server());
    const also = await RawClient.connect(server());
    for (const client of [mine, also]) {
      await signIn(client, DEFAULT_APP, { id: '7' });
      await joinPresence(client, DEFAULT_APP, 'presence-talk', { user_id: '7' });
    }
    mine.send({ event: 'client-x', channel: 'presence-talk', data: 'x' });
    expect(whole(await also.expectNext())).toEqual({
      event: 'client-x',
      channel: 'presence-talk',
      data: 'x',
      user_id: '7',
    });
    expect(await mine.barrier()).toEqual([]);
    await Promise.all([mine.close(), also.close()]);
  });

  it('keeps the order of one sender', async () => {
    for (let i = 0; i < 100; i++) sender.send({ event: 'client-n', channel, data: i });
    const data = (await receiver.expectSome(100)).map((frame) => frame.data);
    expect(data).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  });

  it.each(['private-cache-talk', 'private-x,y;z'])('may go to %s', async (name) => {
    await joinPrivate(sender, DEFAULT_APP, name);
    await joinPrivate(receiver, DEFAULT_APP, name);
    await Promise.all([sender.barrier(), receiver.barrier()]);
    sender.send({ event: 'client-x', channel: name, data: 'x' });
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel: name, data: 'x' });
  });

  it.each(['client-App\\Events\\X', 'client-a.b:c/d', 'client-é 🔔 "q"', `client-${'n'.repeat(193)}`])(
    'may be called %s',
    async (event) => {
      sender.send({ event, channel, data: 'x' });
      expect(whole(await receiver.expectNext())).toEqual({ event, channel, data: 'x' });
    },
  );
});

describe('the data of a client event', () => {
  it.each([
    ['an object', '{"on":true}', '{"on":true}'],
    ['an empty object', '{}', '{}'],
    ['a list', '[1,"a",null]', '[1,"a",null]'],
    ['a number', '42', '42'],
    ['a number with a zero fraction', '1.0', '1.0'],
    ['a number no double can hold', '12345678901234567890', '12345678901234567890'],
    ['a number with an exponent', '1E400', '1E400'],
    ['a minus zero', '-0', '-0'],
    ['true', 'true', 'true'],
    ['false', 'false', 'false'],
    ['null', 'null', 'null'],
    ['numbers inside', '{"f":1.0,"big":12345678901234567890}', '{"f":1.0,"big":12345678901234567890}'],
    ['keys in the order sent', '{"b":1,"a":2,"10":3,"9":4}', '{"b":1,"a":2,"10":3,"9":4}'],
    ['a key called __proto__', '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['strings inside', '{"s":"a\\"b\\\\c\\nd"}', '{"s":"a\\"b\\\\c\\nd"}'],
    ['unicode inside', '{"s":"Zoë ✓ 🔔"}', '{"s":"Zoë ✓ 🔔"}'],
  ])('becomes the text of its JSON: %s', async (_what, json, expected) => {
    sender.sendText(`{"event":"client-x","channel":"${channel}","data":${json}}`);
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: expected });
  });

  it.each([
    ['of JSON, as Java sends', '{"on":true}'],
    ['that is empty', ''],
    ['of words', 'hello'],
    ['of a number', '1'],
    ['with quotes', 'a "b" \\ c'],
    ['with line ends', 'a\r\nb\tc\u2028d'],
    ['with unicode', 'Zoë ✓ 🔔'],
    ['with NUL', 'a\u0000b'],
    ['with an unpaired surrogate', 'a\ud800b'],
  ])('passes unchanged when it is a string %s', async (_what, data) => {
    sender.send({ event: 'client-x', channel, data });
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data });
  });

  it('passes as the same string however it was escaped', async () => {
    sender.sendText(`{"event":"client-x","channel":"${channel}","data":"\\u005a\\/\\u00eb"}`);
    expect((await receiver.expectNext()).data).toBe('Z/ë');
  });

  it('is an empty string when there is none', async () => {
    sender.send({ event: 'client-x', channel });
    expect((await receiver.expectNext()).raw).toBe(`{"event":"client-x","channel":"${channel}","data":""}`);
  });

  it.each([
    '{"data":{"a":1},"channel":"CH","event":"client-x"}',
    ' {\n"channel" : "CH" ,"event":"client-x","data":{"a":1}}',
  ])('is found wherever it stands in the frame: %s', async (text) => {
    sender.sendText(text.replace('CH', channel));
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: '{"a":1}' });
  });

  it('is not taken from a key called data further down', async () => {
    sender.sendText(
      `{"x":{"data":"wrong","channel":"wrong"},"event":"client-x","data":{"data":"inner"},"channel":"${channel}"}`,
    );
    expect(whole(await receiver.expectNext())).toEqual({
      event: 'client-x',
      channel,
      data: '{"data":"inner"}',
    });
  });

  it.each([
    ['given twice: the last counts', '"data":1,"data":{"b":2}', '{"b":2}'],
    ['under an escaped key', '"d\\u0061ta":1.0', '1.0'],
    [
      'with braces and quotes in its strings',
      '"data":{"s":"}\\"],{[","t":[1.0]}',
      '{"s":"}\\"],{[","t":[1.0]}',
    ],
    ['after a string that looks like data', '"x":"\\"data\\":5","data":6', '6'],
  ])('is read as JSON is: %s', async (_what, fields, expected) => {
    sender.sendText(`{"event":"client-x","channel":"${channel}",${fields}}`);
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: expected });
  });

  it('goes only where its sender is, also when the channel is given twice', async () => {
    await joinPrivate(receiver, DEFAULT_APP, 'private-other');
    sender.sendText(`{"event":"client-x","channel":"${channel}","channel":"private-other","data":1}`);
    sender.sendText(`{"event":"client-x","channel":"private-other","channel":"${channel}","data":2}`);
    expect(wholeAll(await sender.barrier())).toEqual([softError()]);
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: '2' });
    expect(await receiver.barrier()).toEqual([]);
  });

  it.each([
    ['characters', 'x'.repeat(10_240)],
    ['bytes of UTF-8', 'é'.repeat(5120)],
  ])('may be 10 240 bytes, counted in %s', async (_what, data) => {
    sender.send({ event: 'client-x', channel, data });
    expect((await receiver.expectNext()).data).toBe(data);
  });

  it.each([
    ['a string', 'x'.repeat(10_241)],
    ['a string of wide characters', 'é'.repeat(5121)],
    ['an object', { t: 'x'.repeat(10_240) }],
    ['escapes of an object', { t: '"'.repeat(5200) }],
  ])('is refused beyond that: %s', async (_what, data) => {
    sender.send({ event: 'client-x', channel, data });
    await expectRejected();
  });

  it('that is a string is measured without its escapes', async () => {
    const data = '"'.repeat(10_240);
    sender.send({ event: 'client-x', channel, data });
    expect((await receiver.expectNext()).data).toBe(data);
  });

  it('has a size that is a setting of the app', async () => {
    const small = quietApp({ features: { clientEvents: true }, limits: { eventDataBytes: 10 } });
    await withServer({ apps: [small] }, async (node) => {
      const [from, to] = [await RawClient.connect(node), await RawClient.connect(node)];
      for (const client of [from, to]) await joinPrivate(client, DEFAULT_APP, channel);
      from.send({ event: 'client-x', channel, data: '1234567890' });
      expect((await to.expectNext()).data).toBe('1234567890');
      from.send({ event: 'client-x', channel, data: '12345678901' });
      expect(wholeAll(await from.barrier())).toEqual([softError()]);
      expect(await to.barrier()).toEqual([]);
    });
  });
});

describe('the sender of a client event', () => {
  let rooms = 0;
  /** A presence channel nobody has been in before, with both in it, the sender as `member`. */
  const meet = async (member: object | string): Promise<string> => {
    rooms += 1;
    const room = `presence-talk-${rooms}`;
    await joinPresence(receiver, DEFAULT_APP, room, { user_id: 'r' });
    await joinPresence(sender, DEFAULT_APP, room, member);
    await receiver.next('pusher_internal:member_added');
    return room;
  };

  it('is named on presence channels, in exactly these bytes', async () => {
    const room = await meet('{"user_id":7}');
    sender.sendText(`{"event":"client-x","data":{"on":true},"channel":"${room}"}`);
    const raw = (await receiver.expectNext()).raw;
    expect(raw).toBe(`{"event":"client-x","channel":"${room}","data":"{\\"on\\":true}","user_id":"7"}`);
  });

  it('is named by the membership of the sending socket, not by its sign-in', async () => {
    await signIn(sender, DEFAULT_APP, { id: 'signed-in' });
    const room = await meet({ user_id: 'member' });
    sender.send({ event: 'client-x', channel: room, data: '' });
    expect((await receiver.expectNext()).user_id).toBe('member');
  });

  it('is not named on private channels, not even when signed in', async () => {
    await signIn(sender, DEFAULT_APP, { id: '7' });
    sender.send({ event: 'client-x', channel, data: 'x' });
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: 'x' });
  });

  it.each([
    { user_id: 'spoof' },
    { userId: 'spoof' },
    { userId: null },
    { user_id: null },
    { user_id: { a: 1 } },
  ])('is never taken from the frame: %j', async (extra) => {
    sender.send({ event: 'client-x', channel, data: 'x', ...extra });
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: 'x' });
    const room = await meet({ user_id: '7' });
    sender.send({ event: 'client-x', channel: room, data: 'x', ...extra });
    expect(whole(await receiver.expectNext())).toEqual({
      event: 'client-x',
      channel: room,
      data: 'x',
      user_id: '7',
    });
  });
});

describe('a client event is refused', () => {
  it('to a channel the sender is not in', async () => {
    const outsider = await RawClient.connect(server());
    outsider.send({ event: 'client-x', channel, data: 'x' });
    expect(wholeAll(await outsider.barrier())).toEqual([
      softError(`Cannot broadcast client event (connection not subscribed to channel ${channel})`),
    ]);
    expect(await receiver.barrier()).toEqual([]);
    await outsider.close();
  });

  it('to a channel the sender has left', async () => {
    sender.send({ event: 'pusher:unsubscribe', data: { channel } });
    sender.send({ event: 'client-x', channel, data: 'x' });
    await expectRejected();
  });

  it.each(['news', 'cache-news', 'privateer'])('to the public channel %s', async (name) => {
    await sender.subscribe(name);
    await receiver.subscribe(name);
    await Promise.all([sender.barrier(), receiver.barrier()]);
    sender.send({ event: 'client-x', channel: name, data: 'x' });
    await expectRejected();
  });

  it.each(['private-encrypted-talk', 'private-encrypted-cache-talk'])(
    'to the encrypted channel %s',
    async (name) => {
      await joinPrivate(sender, DEFAULT_APP, name);
      await joinPrivate(receiver, DEFAULT_APP, name);
      await Promise.all([sender.barrier(), receiver.barrier()]);
      sender.send({ event: 'client-x', channel: name, data: 'x' });
      await expectRejected();
    },
  );

  it('when its name is longer than 200 characters', async () => {
    sender.send({ event: `client-${'n'.repeat(194)}`, channel, data: 'x' });
    await expectRejected();
  });

  it('when it names no channel', async () => {
    sender.send({ event: 'client-x', data: 'x' });
    await expectRejected(softError('Invalid client event (must contain channel and data)'));
  });

  it('when the app has them switched off', async () => {
    await withServer({ apps: [quietApp()] }, async (node) => {
      const [from, to] = [await RawClient.connect(node), await RawClient.connect(node)];
      for (const client of [from, to]) await joinPrivate(client, DEFAULT_APP, channel);
      from.send({ event: 'client-x', channel, data: 'x' });
      expect(wholeAll(await from.barrier())).toEqual([softError()]);
      expect(await to.barrier()).toEqual([]);
    });
  });

  it('without ending the connection or the subscription', async () => {
    for (let i = 0; i < 50; i++) sender.send({ event: 'client-x', channel: 'private-other', data: 'x' });
    expect(await sender.barrier()).toHaveLength(50);
    expect(await receiver.barrier()).toEqual([]);
    sender.send({ event: 'client-x', channel, data: 'x' });
    expect(await sender.barrier()).toEqual([]);
    expect(whole(await receiver.expectNext())).toEqual({ event: 'client-x', channel, data: 'x' });
  });
});

describe('the rate of client events', () => {
  it('is 10 a second and connection; what is beyond is dropped and told with 4301', async () => {
    await withServer({ apps: [talking] }, async (node) => {
      const [from, to, other] = [
        await RawClient.connect(node),
        await RawClient.connect(node),
        await RawClient.connect(node),
      ];
      for (const client of [from, to, other]) await joinPrivate(client, DEFAULT_APP, channel);
      for (let i = 0; i < 60; i++) from.send({ event: 'client-x', channel, data: i });
      const errors = await from.barrier();
      for (const error of errors) expect(whole(error)).toEqual(errorWithCode(4301));
      const delivered = await to.expectSome(60 - errors.length);
      expect(delivered.slice(0, 10).map((frame) => frame.data)).toEqual([...'0123456789']);
      expect(errors.length).toBeGreaterThan(0);
      other.send({ event: 'client-y', channel, data: 'free' });
      expect(whole(await to.expectNext())).toEqual({ event: 'client-y', channel, data: 'free' });
      await vi.waitFor(
        async () => {
          from.send({ event: 'client-z', channel, data: 'again' });
          expect(await from.barrier()).toEqual([]);
        },
        { timeout: 15_000, interval: 100 },
      );
      expect(whole(await to.next('client-z'))).toEqual({ event: 'client-z', channel, data: 'again' });
    });
  }, 20_000);

  it('is a setting of the app', async () => {
    const slow = quietApp({ features: { clientEvents: true }, limits: { clientEventsPerSecond: 1 } });
    await withServer({ apps: [slow] }, async (node) => {
      const from = await RawClient.connect(node);
      await joinPrivate(from, DEFAULT_APP, channel);
      for (let i = 0; i < 20; i++) from.send({ event: 'client-x', channel, data: i });
      expect((await from.barrier()).length).toBeGreaterThan(0);
    });
  });

  it('has no bound when the limit is 0', async () => {
    for (let i = 0; i < 500; i++) sender.send({ event: 'client-x', channel, data: i });
    expect(await sender.barrier()).toEqual([]);
    expect(await receiver.expectSome(500)).toHaveLength(500);
  });
});
