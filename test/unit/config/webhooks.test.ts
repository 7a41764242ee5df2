import { describe, expect, it } from 'vitest';
import { WEBHOOK_KINDS } from '../../../protocol/index.ts';
import { maskedConfig } from '../../../server/cli/masked-config.ts';
import { isSafePattern } from '../../../server/config/safe-pattern.ts';
import { ONE_APP, parse, problems } from './support.ts';

const apps = (...webhooks: unknown[]) => ({
  CARILLON_APPS: JSON.stringify([{ id: '1', key: 'k', secret: 'a-secret', webhooks }]),
});

describe('config: webhooks', () => {
  it('sends all kinds to the one address of the environment', () => {
    const { config, warnings } = parse({
      env: { ...ONE_APP, CARILLON_HOST: '127.0.0.1', CARILLON_WEBHOOK_URL: 'https://example.com/hooks' },
    });
    expect(warnings).toEqual([]);
    expect(config.apps[0]?.webhooks).toEqual([
      { url: 'https://example.com/hooks', events: [...WEBHOOK_KINDS], filter: {}, headers: {}, batch: true },
    ]);
  });

  it('gives that address to the made-up app too, but to no app of a list', () => {
    const env = { CARILLON_WEBHOOK_URL: 'http://localhost:3000/' };
    expect(parse({ env }).config.developmentApp?.webhooks).toHaveLength(1);
    expect(problems({ env: { ...env, ...apps() } })).toEqual([
      'CARILLON_WEBHOOK_URL goes with CARILLON_APP_ID, key and secret; apps in a list have webhooks of their own',
    ]);
  });

  it('takes everything an endpoint can have', () => {
    const webhook = {
      url: 'https://example.com/hooks?token=t',
      events: ['member_added', 'member_removed'],
      filter: { prefix: 'presence-', suffix: '-eu', pattern: '^presence-[0-9]+-' },
      headers: { Authorization: 'Bearer x' },
      batch: false,
    };
    expect(parse({ env: apps(webhook) }).config.apps[0]?.webhooks).toEqual([webhook]);
  });

  it.each([
    '',
    'x',
    'example.com/hooks',
    'ftp://example.com/',
    'https://user:password@example.com/',
    'https://e.com/#x',
  ])('refuses the address %j without quoting it', (url) => {
    const [problem, ...others] = problems({ env: apps({ url }) });
    expect(problem).toMatch(
      /^CARILLON_APPS\[0\]\.webhooks\[0\]\.url must be an http:\/\/ or https:\/\/ address/,
    );
    expect(others).toEqual([]);
  });

  it.each([
    { 'X-Pusher-Signature': 'x' },
    { 'content-type': 'text/plain' },
    { Host: 'x' },
    { 'User-Agent': 'x' },
    { 'Transfer-Encoding': 'chunked' },
    { 'X-A': 'a\r\nX-B: b' },
    { 'X A': 'a' },
    { 'X-A': 'a', 'x-a': 'b' },
    { 'X-A': '✓' },
  ])('refuses the headers %j', (headers) => {
    expect(problems({ env: apps({ url: 'http://e/', headers }) })[0]).toContain(
      'webhooks[0].headers must be',
    );
  });

  it('names what it does not know', () => {
    const [kind, member] = problems({
      env: apps({ url: 'http://e/', events: ['member_joined'], filters: {} }),
    });
    expect(kind).toContain('webhooks[0].events[0] must be one of channel_occupied,');
    expect(member).toContain('webhooks[0].filters is not a setting; did you mean filter?');
  });

  it('wants an admin token that cannot be guessed, and shows none', () => {
    expect(problems({ env: { CARILLON_ADMIN_TOKEN: 'short' } })).toEqual([
      'CARILLON_ADMIN_TOKEN must be text of 16 to 1024 characters, but is a text of 5 characters',
    ]);
    const webhook = { url: 'http://e/?token=hush', headers: { 'X-Token': 'hush' } };
    const { config } = parse({ env: { ...apps(webhook), CARILLON_ADMIN_TOKEN: 'hush-hush-hush-hush' } });
    expect(config.adminToken).toBe('hush-hush-hush-hush');
    expect(maskedConfig(config)).not.toContain('hush');
  });
});

describe('patterns', () => {
  it.each([
    'order',
    '^order-[0-9]+-(eu|us)$',
    'a*b*',
    '^a*b*c*$',
    '(eu|us)',
    '^(eu|us)-(a|b)-[0-9]+$',
    '^[|]a*\\|b*c*',
    'eu|us|asia',
    '(?:ab){3}',
    '\\*\\+\\?',
    '[*+?]{2}',
    'a{2}b{3}c{4}d{5}',
    '(?<year>[0-9]{4})',
    'x'.repeat(200),
  ])('%j is cheap on any name', (pattern) => {
    expect(isSafePattern(pattern)).toBe(true);
  });

  it.each([
    '(a+)+',
    '(a|a)*',
    '((a)?b)+',
    '(a*){20}',
    '(?:x+x+)+y',
    'a?a?a?a?',
    'a*b*c*',
    '^a*b*c*d*',
    '^a*b*c*|x',
    '(a|b)(c|d)(e|f)',
    '^(a|)(a|)(a|)(a|)-x$',
    `^${'(a|)'.repeat(23)}-x$`,
    '^((a|b)|(c|d))(e|f)',
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(',
    '[',
    'x'.repeat(201),
  ])('%j is refused', (pattern) => {
    expect(isSafePattern(pattern)).toBe(false);
  });

  // A pattern that multiplies its work with each character would never come to the end of this.
  it.each(['a*a*b', '^a*a*a*b', '^.*.*.*$b', `^.*${`(${'|'.repeat(80)})`.repeat(2)}$b`])(
    '%j comes to an end on a long name',
    (pattern) => {
      expect(isSafePattern(pattern)).toBe(true);
      expect(new RegExp(pattern).test('a'.repeat(200))).toBe(false);
    },
  );
});
