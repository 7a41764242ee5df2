/** Decoding: every frame comes back as a message or as a sentence, whatever it holds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../../protocol/index.ts';

describe('decode', () => {
  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof decode(text).type === 'string'));
  });

  it('never throws, whatever the JSON', () => {
    const events = fc.constantFrom(
      'pusher:subscribe',
      'pusher:unsubscribe',
      'pusher:signin',
      'client-x',
      'x',
      1,
    );
    const frame = fc.record(
      { event: events, channel: fc.jsonValue(), data: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(frame, (value) => typeof decode(JSON.stringify(value)).type === 'string'));
  });

  it.each([
    ['{', 'Invalid JSON'],
    ['', 'Invalid JSON'],
    ['null', 'Invalid frame: expected a JSON object'],
    ['[]', 'Invalid frame: expected a JSON object'],
    ['"x"', 'Invalid frame: expected a JSON object'],
    ['{}', 'Invalid frame: event must be a string'],
    ['{"event":1}', 'Invalid frame: event must be a string'],
  ])('%s is malformed', (text, message) => {
    expect(decode(text)).toEqual({ type: 'invalid', message, malformed: true });
  });

  it('an event that is neither pusher: nor client- is refused, but is a frame', () => {
    expect(decode('{"event":"x"}')).toMatchObject({ type: 'invalid', malformed: false });
  });

  it('an unknown pusher: event is ignored', () => {
    expect(decode('{"event":"pusher:future"}')).toEqual({ type: 'ignored' });
  });

  it.each([
    '{"event":"pusher:ping"}',
    '{"event":"pusher:ping","data":""}',
    '{"event":"pusher:ping","data":[1]}',
  ])('%s is a ping', (text) => expect(decode(text)).toEqual({ type: 'ping' }));

  it('data of a pusher: event may be JSON inside a string', () => {
    expect(decode('{"event":"pusher:unsubscribe","data":"{\\"channel\\":\\"a\\"}"}')).toEqual({
      type: 'unsubscribe',
      channel: 'a',
    });
  });

  it.each([
    ['"text"', 'text'],
    ['{"a": 1.0}', '{"a": 1.0}'],
    ['[1, 2]', '[1, 2]'],
    ['null', 'null'],
    ['false', 'false'],
    ['90071992547409931', '90071992547409931'],
  ])('client event data %s is relayed as the text %s', (data, relayed) => {
    expect(decode(`{"event":"client-x","channel":"private-a","data":${data}}`)).toEqual({
      type: 'client-event',
      event: 'client-x',
      channel: 'private-a',
      data: relayed,
    });
  });

  it('client event data that is missing is relayed as nothing', () => {
    expect(decode('{"event":"client-x","channel":"private-a"}')).toMatchObject({ data: '' });
  });
});
