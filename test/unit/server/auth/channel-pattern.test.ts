import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelPattern, patternProblem } from '../../../../server/auth/channel-pattern.ts';

const matches = (pattern: string, channel: string, claims: object = {}): boolean =>
  new ChannelPattern(pattern).matches(channel, { ...claims });

describe('a claim', () => {
  it('stands for itself', () => {
    expect(matches('private-user-{sub}', 'private-user-7', { sub: '7' })).toBe(true);
    expect(matches('private-user-{sub}', 'private-user-7', { sub: 7 })).toBe(true);
    expect(matches('private-user-{sub}', 'private-user-77', { sub: '7' })).toBe(false);
    expect(matches('private-user-{sub}', 'private-user-', { sub: '' })).toBe(false);
    expect(matches('private-{a}.{b}', 'private-x.y', { a: 'x', b: 'y' })).toBe(true);
  });

  it('may be anywhere in the claims', () => {
    expect(matches('private-{org.id}', 'private-a', { org: { id: 'a' } })).toBe(true);
    expect(matches('private-{org.id}', 'private-a', { 'org.id': 'a' })).toBe(true);
    expect(
      matches('private-{https://example.com/team}', 'private-a', { 'https://example.com/team': 'a' }),
    ).toBe(true);
    expect(matches('private-{teams.id}', 'private-b', { teams: [{ id: 'a' }, { id: 'b' }] })).toBe(true);
  });

  it('that is a list stands for any of its elements', () => {
    expect(matches('presence-team-{teams}', 'presence-team-b', { teams: ['a', 'b', { c: 1 }] })).toBe(true);
    expect(matches('presence-team-{teams}', 'presence-team-a,b', { teams: ['a', 'b'] })).toBe(false);
  });

  it.each([
    ['missing', {}],
    ['null', { sub: null }],
    ['an object', { sub: { a: 1 } }],
    ['a truth value', { sub: true }],
    ['a number that is not exact', { sub: 1.5 }],
    ['inherited', Object.create({ sub: '7' }) as object],
  ])('%s matches nothing', (_, claims) => {
    for (const channel of ['private-user-7', 'private-user-null', 'private-user-true', 'private-user-1.5']) {
      expect(
        new ChannelPattern('private-user-{sub}').matches(channel, claims as Record<string, unknown>),
      ).toBe(false);
    }
  });

  it.each(['*', '.*', '{sub}', 'a*', '7|8', '#', 'a b', 'ü', '7\n'])('of %j widens nothing', (sub) => {
    for (const channel of ['private-user-8', 'private-user-admin', `private-user-${sub}`, 'private-user-a']) {
      expect(matches('private-user-{sub}', channel, { sub })).toBe(false);
    }
  });

  it('whatever it holds, matches the channel of exactly that name or none', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[\w=@,.;-]{1,20}$/), (sub, name) => {
        expect(matches('private-user-{sub}', `private-user-${name}`, { sub })).toBe(sub === name);
      }),
    );
  });

  it('makes no other type of channel', () => {
    expect(matches('private-{sub}', 'private-encrypted-a', { sub: 'encrypted-a' })).toBe(false);
    expect(matches('private-{sub}', 'private-cache-a', { sub: 'cache-a' })).toBe(false);
    expect(matches('private-encrypted-{sub}', 'private-encrypted-a', { sub: 'a' })).toBe(true);
  });
});

describe('a star', () => {
  it('stands for one or more characters', () => {
    expect(matches('private-a-*', 'private-a-b-c')).toBe(true);
    expect(matches('private-a-*', 'private-a-')).toBe(false);
    expect(matches('private-*-{sub}', 'private-x-y-7', { sub: '7' })).toBe(true);
    expect(matches('private-*-{sub}', 'private-x-8', { sub: '7' })).toBe(false);
  });

  it('stays within the type that is written', () => {
    expect(matches('private-*', 'private-encrypted-a')).toBe(false);
    expect(matches('private-*', 'private-cache-a')).toBe(false);
    expect(matches('private-cache-*', 'private-cache-a')).toBe(true);
  });
});

it.each([
  ['news', 'must start with private- or presence-'],
  ['{sub}', 'must start with'],
  ['private{sub}', 'must start with'],
  ['private-{sub', 'without its }'],
  ['private-}', 'without its }'],
  ['private-{}', 'without its }'],
  ['private-a b', 'characters that no channel name has'],
  ['private-/.*/', 'characters'],
])('%s is no pattern', (text, problem) => {
  expect(patternProblem(text)).toContain(problem);
});

it.each(['private-user-{sub}', 'presence-*', 'private-encrypted-{a.b}-x', 'presence-cache-{a}{b}'])(
  '%s is one',
  (text) => expect(patternProblem(text)).toBeUndefined(),
);

it('many stars cost no more than a few, whatever name a client makes up for them', () => {
  const pattern = `private-${'*-'.repeat(20)}x`;
  expect(matches(pattern, `private-${'-'.repeat(180)}`)).toBe(false);
  expect(matches(pattern, `private-${'-'.repeat(180)}x`)).toBe(true);
  const claims = { a: ['-', '--', '---'] };
  expect(matches(`private-${'{a}'.repeat(40)}x`, `private-${'-'.repeat(120)}`, claims)).toBe(false);
  expect(matches(`private-${'{a}'.repeat(40)}x`, `private-${'-'.repeat(120)}x`, claims)).toBe(true);
});
