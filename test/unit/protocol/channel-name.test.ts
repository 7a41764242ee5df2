/** What a channel's name says about it. */
import { describe, expect, it } from 'vitest';
import { channelType, isChannelName } from '../../../protocol/index.ts';

describe('channelType', () => {
  it.each([
    ['news', 'public', false, false],
    ['cache-news', 'public', true, false],
    ['private-a', 'private', false, true],
    ['private-cache-a', 'private', true, true],
    ['private-encrypted-a', 'encrypted', false, true],
    ['private-encrypted-cache-a', 'encrypted', true, true],
    ['presence-a', 'presence', false, true],
    ['presence-cache-a', 'presence', true, true],
    ['#server-to-user-7', 'user', false, false],
    // The dash is part of the prefix, and a prefix stands at the start.
    ['private', 'public', false, false],
    ['privateer', 'public', false, false],
    ['presenceroom', 'public', false, false],
    ['my-private-x', 'public', false, false],
    ['private-encrypted', 'private', false, true],
    ['cachet', 'public', false, false],
    ['constructor', 'public', false, false],
  ])('%s is %s, cache %s, authorized %s', (name, kind, cache, authorized) => {
    expect(channelType(name)).toEqual({ kind, cache, authorized });
  });
});

describe('isChannelName', () => {
  it.each(['a', 'A-z_0=9@,.;', '#server-to-user-7', '#server-to-user-a|b:c', '__proto__'])(
    '%s is one',
    (name) => expect(isChannelName(name)).toBe(true),
  );
  it.each(['', ' ', 'a b', 'a/b', 'ä', '#', '#x', '#server-to-user-', '!watch-7', 'a\n'])(
    '%j is none',
    (name) => expect(isChannelName(name)).toBe(false),
  );
});
