import { describe, expect, it } from 'vitest';
import type { AuthSettings } from '../../../../server/apps/auth-settings.ts';
import { ClaimRules } from '../../../../server/auth/claim-rules.ts';
import { configFrom } from '../../../../server/config/parse.ts';

const app = { id: '1', key: 'k', secret: 's' };

function rules(auth: object): ClaimRules {
  const { apps } = configFrom({ apps: [{ ...app, auth: { token: { secret: 'x'.repeat(32) }, ...auth } }] });
  const [first] = apps;
  if (first?.auth === undefined) throw new Error('the app has auth');
  const settings: AuthSettings = first.auth;
  return new ClaimRules(settings, first.limits);
}

describe('channels', () => {
  it('without a rule there are none', () => {
    expect(rules({}).allows('private-a', {})).toBe(false);
  });

  it('a condition wants its value, or one of its values, in the claim or an element of it', () => {
    const under = rules({
      rules: [{ channels: ['private-admin'], when: { role: ['admin', 'owner'], 'org.active': true } }],
    });
    const org = { active: true };
    expect(under.allows('private-admin', { role: 'owner', org })).toBe(true);
    expect(under.allows('private-admin', { role: ['staff', 'admin'], org })).toBe(true);
    expect(under.allows('private-admin', { role: 'staff', org })).toBe(false);
    expect(under.allows('private-admin', { role: 'admin' })).toBe(false);
    expect(under.allows('private-admin', { role: 'admin', org: { active: 'true' } })).toBe(false);
  });
});

describe('the user', () => {
  it('is the subject, or what the template says', () => {
    expect(rules({}).userId({ sub: '7' })).toBe('7');
    expect(rules({}).userId({ sub: 7 })).toBe('7');
    expect(rules({ userId: '{org}-{sub}' }).userId({ org: 'a', sub: '7' })).toBe('a-7');
  });

  it.each([{}, { sub: '' }, { sub: ['7'] }, { sub: null }, { sub: 'x'.repeat(129) }])(
    '%j is none',
    (claims) => {
      expect(rules({}).userId(claims)).toEqual({ denied: expect.any(String) });
    },
  );

  it('info keeps the type of a claim, and leaves out what is missing', () => {
    const userInfo = {
      name: '{name}',
      tags: '{tags}',
      label: 'Mx. {name}',
      gone: '{gone}',
      fixed: 1,
      deep: { a: '{name}' },
    };
    const claims = { name: 'Zoë', tags: ['a', { b: 1 }] };
    expect(rules({ userInfo }).channelData('7', claims)).toBe(
      '{"user_id":"7","user_info":{"name":"Zoë","tags":["a",{"b":1}],"label":"Mx. Zoë","fixed":1,"deep":{"a":"Zoë"}}}',
    );
    expect(rules({}).channelData('7', claims)).toBe('{"user_id":"7"}');
  });

  it('info that would not be taken at subscribing is refused here', () => {
    const denied = rules({ userInfo: { a: '{a}' } }).channelData('7', { a: 'x'.repeat(1100) });
    expect(denied).toEqual({ denied: expect.stringContaining('1024 bytes') });
  });

  it('watches whom the template says', () => {
    expect(rules({ watchlist: '{friends}' }).userData('7', { friends: ['8', 9, null, ''] })).toBe(
      '{"id":"7","watchlist":["8","9"]}',
    );
    expect(rules({ watchlist: ['boss', '{best}'] }).userData('7', { best: '8' })).toBe(
      '{"id":"7","watchlist":["boss","8"]}',
    );
    expect(rules({ watchlist: '{friends}' }).userData('7', {})).toBe('{"id":"7","watchlist":[]}');
  });
});
