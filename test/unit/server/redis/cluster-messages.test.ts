import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeMessage, decodeTerminate } from '../../../../server/redis/cluster-messages.ts';
import { RedisKeys } from '../../../../server/redis/keys.ts';

/** Bytes that have something of a message, or nothing. */
const messages = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom('+', '-', '1', 'x', '\n', '"a"', '"', '{}', 'terminate', '\n\n', '\u{1f600}'))
    .map((pieces) => Buffer.from(pieces.join(''))),
);

it('whatever comes is decoded, or not understood, and nothing fails over it', () => {
  fc.assert(
    fc.property(messages, (message) => {
      const decoded = decodeMessage('1', 'presence-a', message);
      if (decoded?.kind === 'roster') {
        expect(Number.isSafeInteger(decoded.change.version)).toBe(true);
        expect(typeof decoded.change.userId).toBe('string');
      }
      const user = decodeTerminate(message);
      expect(user === undefined || typeof user.userId === 'string').toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it('a channel that is no topic of ours is none, whatever it is called', () => {
  const keys = new RedisKeys('carillon:');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}:t\na1c') }), (name) => {
      const topic = keys.parseTopic(name);
      expect(topic === undefined || name.startsWith('carillon:{')).toBe(true);
    }),
  );
  expect(keys.parseTopic(keys.topic('1', '#server-to-user-{}:t:\n'))).toEqual({
    appId: '1',
    topic: '#server-to-user-{}:t:\n',
  });
});
