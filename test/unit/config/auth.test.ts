/** The `auth` block: where it may stand, what is wrong with it, what is shown of it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { maskedConfig } from '../../../server/cli/masked-config.ts';
import { parseFile } from '../../../server/config/file-format.ts';
import { ONE_APP, parse, problems } from './support.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const MASTER_KEY = Buffer.alloc(32, 'a').toString('base64');
const token = { secret: SECRET };

const fileOf = (auth: object, app: object = {}) => ({
  env: { CARILLON_CONFIG: 'c.json' },
  files: { 'c.json': JSON.stringify({ apps: [{ id: 'a', key: 'k', secret: 'a-secret', auth, ...app }] }) },
});

describe('an auth block', () => {
  it('is not there unless somebody writes it', () => {
    expect(parse({}).config.apps[0]?.auth).toBeUndefined();
  });

  it('needs nothing but the way callers are known', () => {
    const [app] = parse(fileOf({ token })).config.apps;
    expect(app?.auth).toMatchObject({ enabled: true, userId: '{sub}', rules: [], atExpiry: 'keep' });
    expect(app?.auth?.token).toMatchObject({ clockSkewSeconds: 30, header: 'Authorization' });
  });

  it('may be given as JSON by environment or flag, for the app of three variables and for the made-up one', () => {
    const env = { CARILLON_APP_AUTH: JSON.stringify({ token }) };
    expect(parse({ env: { ...ONE_APP, ...env } }).config.apps[0]?.auth?.token?.secret).toBe(SECRET);
    expect(parse({ env }).config.apps[0]?.auth?.token?.secret).toBe(SECRET);
    expect(parse({ flags: ['--app-auth', env.CARILLON_APP_AUTH] }).config.developmentApp?.auth).toBeDefined();
  });

  it('is for an app: one that is not there is named', () => {
    const given = fileOf({ token });
    const env = { ...given.env, CARILLON_APP_AUTH: JSON.stringify({ token }) };
    expect(problems({ ...given, env })).toEqual([
      'CARILLON_APP_AUTH is for the app of CARILLON_APP_ID, which is not set; give auth to an app of the list instead',
    ]);
  });

  it('has its secrets masked', () => {
    const shown = maskedConfig(
      parse(
        fileOf({
          token,
          encryptionMasterKey: MASTER_KEY,
          beams: { instanceId: 'i', secretKey: 'beams-key' },
        }),
      ).config,
    );
    for (const secret of [SECRET, MASTER_KEY, 'beams-key']) expect(shown).not.toContain(secret);
  });

  it('has the queries of its addresses masked', () => {
    for (const auth of [
      { token: { jwksUrl: 'https://keys.example/set?key=hush' } },
      { forward: { url: 'https://app.example/whoami?key=hush' } },
    ]) {
      const shown = maskedConfig(parse(fileOf(auth)).config);
      expect(shown).not.toContain('hush');
      expect(shown).toMatch(/https:\/\/(keys|app)\.example\/\w+\?\*/);
    }
  });

  it('warns of a token secret that can be guessed', () => {
    const { warnings } = parse({
      ...fileOf({ token: { secret: 'short' } }),
      env: { NODE_ENV: 'production', CARILLON_CONFIG: 'c.json' },
    });
    expect(warnings).toContainEqual(expect.stringContaining('auth.token.secret shorter than 32 characters'));
  });
});

describe('what is wrong with it is named, with what to do', () => {
  it.each<[string, object, string]>([
    ['nobody known', {}, 'auth has neither token nor forward; give one'],
    ['two ways', { token, forward: { url: 'http://a/' } }, 'auth has both token and forward; give the one'],
    ['no key', { token: {} }, 'auth.token needs one of secret, publicKey, jwksFile, jwksUrl, but has none'],
    ['two keys', { token: { ...token, jwksUrl: 'http://a/' } }, 'but has secret and jwksUrl'],
    ['a key that is none', { token: { publicKey: 'x' } }, 'auth.token.publicKey is not the PEM text'],
    [
      'an algorithm for another key',
      { token: { ...token, algorithms: ['RS256'] } },
      'has RS256, for which secret is no key',
    ],
    ['a file that is not there', { token: { jwksFile: 'no.json' } }, "names no.json, which doesn't exist"],
    [
      'a pattern of a public channel',
      { token, rules: [{ channels: ['news'] }] },
      'auth.rules[0].channels has "news", which must start with',
    ],
    [
      'no master key',
      { token, rules: [{ channels: ['private-encrypted-a'] }] },
      'needs auth.encryptionMasterKey; make one by: openssl rand -base64 32',
    ],
    [
      'a brace too many',
      { token, userInfo: { a: ['{b'] } },
      'auth.userInfo has "{b", with braces that don\'t pair',
    ],
  ])('%s', (_, auth, problem) => {
    expect(problems(fileOf(auth))).toEqual([expect.stringContaining(problem)]);
    expect(problems(fileOf(auth))[0]).toContain('app a: auth');
  });

  it('by its place in the file, where a single value is wrong', () => {
    expect(problems(fileOf({ token: { ...token, clockSkewSeconds: 'x' }, ruls: [] }))).toEqual([
      'c.json: apps[0].auth.token.clockSkewSeconds must be a whole number from 0 to 600, but is "x"',
      'c.json: apps[0].auth.ruls is not a setting; did you mean rules?',
    ]);
    expect(problems(fileOf({ token, encryptionMasterKey: 'abc' }))[0]).toMatch(
      /apps\[0\]\.auth\.encryptionMasterKey must be the base64 of 32 bytes.*but is a text of 3 characters/,
    );
  });

  it('a block that is switched off may be incomplete', () => {
    expect(parse(fileOf({ enabled: false })).config.apps[0]?.auth?.enabled).toBe(false);
  });
});

describe('docs/auth.md', () => {
  const document = readFileSync(new URL('../../../docs/auth.md', import.meta.url), 'utf8');

  it('starts with a file that works', () => {
    const [, yaml = ''] = /```yaml\n(apps:.*?)```/s.exec(document) ?? [];
    const { config } = parse({ env: { CARILLON_CONFIG: 'c.yaml' }, files: { 'c.yaml': yaml } });
    expect(config.apps[0]?.auth?.rules).toHaveLength(1);
  });

  it('has a variable that works', () => {
    const [, value = ''] = /^CARILLON_APP_AUTH='(.*)'$/m.exec(document) ?? [];
    expect(parse({ env: { CARILLON_APP_AUTH: value } }).config.apps[0]?.auth?.rules).toHaveLength(1);
  });

  it.each([...document.matchAll(/```yaml\n((?:auth|rules|userId):.*?)```/gs)].map(([, yaml = '']) => yaml))(
    'has parts that work: %s',
    (yaml) => {
      const part = parseFile('x.yaml', yaml);
      if (!part.ok) throw new Error(part.message);
      const value = part.value as { auth?: object };
      const auth = { ...(value.auth ?? { token, ...value }), encryptionMasterKey: MASTER_KEY };
      expect(parse(fileOf(auth)).config.apps[0]?.auth).toBeDefined();
    },
  );
});
