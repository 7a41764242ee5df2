/** Whose a channel is, by an app's patterns. */
import { describe, expect, it } from 'vitest';
import { isUserPattern, UserChannels } from '../../../../server/push/user-channels.ts';

const usersOf = (channel: string, ...patterns: string[]): string[] =>
  new UserChannels(patterns).usersOf(channel);

describe('a pattern of user channels', () => {
  it.each(['private-user-{user}', '{user}', 'presence-{user}-desk-*', 'a.b-*-{user}'])(
    '%s is one',
    (pattern) => {
      expect(isUserPattern(pattern)).toBe(true);
    },
  );

  it.each([
    'private-user',
    '',
    '{user}-{user}',
    '*-{user}-*',
    '{user}*',
    '*{user}',
    'a b {user}',
    '{users}',
    '{user',
  ])('“%s” is none', (pattern) => {
    expect(isUserPattern(pattern)).toBe(false);
  });
});

describe('the users of a channel', () => {
  it('are what stands for {user}', () => {
    expect(usersOf('private-user-7', 'private-user-{user}')).toEqual(['7']);
    expect(usersOf('room-ada@x.org-2', 'room-{user}-2')).toEqual(['ada@x.org']);
  });

  it('are none where a name is longer, shorter or another', () => {
    for (const channel of ['private-user-', 'xprivate-user-7', 'private-users-7', 'news']) {
      expect(usersOf(channel, 'private-user-{user}')).toEqual([]);
    }
    expect(usersOf('axb-7', 'a.b-{user}')).toEqual([]);
  });

  it('are never found in a channel of another type', () => {
    expect(usersOf('private-encrypted-7', 'private-{user}')).toEqual([]);
    expect(usersOf('private-cache-7', 'private-{user}')).toEqual([]);
    expect(usersOf('presence-7', '{user}')).toEqual([]);
    expect(usersOf('private-encrypted-7', 'private-encrypted-{user}')).toEqual(['7']);
  });

  it('share a name with * so that {user} is as short as can be', () => {
    expect(usersOf('private-a-b-c', 'private-{user}-*')).toEqual(['a']);
    expect(usersOf('private-a-b-c', 'private-*-{user}')).toEqual(['b-c']);
  });

  it('are those of all patterns that match', () => {
    expect(usersOf('private-a-b', 'private-{user}-*', 'private-*-{user}')).toEqual(['a', 'b']);
  });

  it('need no pattern for a user’s own channel', () => {
    expect(usersOf('#server-to-user-7 of 9')).toEqual(['7 of 9']);
  });

  it('are found in a long name at once', () => {
    expect(usersOf(`private-${'a-'.repeat(90)}x`, 'private-*-{user}-b')).toEqual([]);
  });
});
