/** What the parts of an app's `auth` block demand of each other, and of the keys and patterns in them. */
import type { App } from '../apps/app.ts';
import type { AuthSettings, TokenSettings } from '../apps/auth-settings.ts';
import { ChannelPattern, patternProblem } from '../auth/channel-pattern.ts';
import { keySetOf } from '../auth/jwks-keys.ts';
import { partsOf } from '../auth/placeholders.ts';
import { algorithmsFor } from '../auth/token-keys.ts';
import type { Problem } from './config-error.ts';
import { type ReadFile, unreadable } from './file.ts';

const KEYS = ['secret', 'publicKey', 'jwksFile', 'jwksUrl'] as const;

export function authProblems(apps: readonly App[], readFile: ReadFile): Problem[] {
  return apps.flatMap(({ id, auth }) => {
    if (auth === undefined || !auth.enabled) return [];
    const problems = [
      ...identifierProblems(auth),
      ...(auth.token === undefined ? [] : tokenProblems(auth.token, readFile)),
      ...ruleProblems(auth),
      ...templateProblems(auth),
    ];
    return problems.map(({ key, message }) => ({ key: `app ${id}: auth${key}`, message }));
  });
}

function identifierProblems({ token, forward }: AuthSettings): Problem[] {
  if (token !== undefined && forward !== undefined) {
    return [{ key: '', message: 'has both token and forward; give the one by which callers are known' }];
  }
  if (token !== undefined || forward !== undefined) return [];
  return [{ key: '', message: 'has neither token nor forward; give one, so that callers can be known' }];
}

function tokenProblems(token: TokenSettings, readFile: ReadFile): Problem[] {
  const given = KEYS.filter((name) => token[name] !== undefined);
  if (given.length !== 1) {
    const has = given.length === 0 ? 'none' : given.join(' and ');
    return [{ key: '.token', message: `needs one of ${KEYS.join(', ')}, but has ${has}` }];
  }
  const fitting = algorithmsFor(token);
  if (fitting === undefined) {
    return [{ key: '.token.publicKey', message: 'is not the PEM text of a public key or a certificate' }];
  }
  if (fitting.length === 0) {
    return [
      { key: '.token.publicKey', message: 'serves neither RS256 nor ES256; give an RSA or a P-256 key' },
    ];
  }
  const unfit = (token.algorithms ?? []).filter((algorithm) => !fitting.includes(algorithm));
  const problems = unfit.map((algorithm) => ({
    key: '.token.algorithms',
    message: `has ${algorithm}, for which ${given[0]} is no key; it serves ${fitting.join(' and ')}`,
  }));
  return [...problems, ...jwksFileProblems(token.jwksFile, readFile)];
}

function jwksFileProblems(jwksFile: string | undefined, readFile: ReadFile): Problem[] {
  if (jwksFile === undefined) return [];
  const key = '.token.jwksFile';
  let content: string;
  try {
    content = readFile(jwksFile);
  } catch (error) {
    return [{ key, message: `names ${jwksFile}, which ${unreadable(error)}` }];
  }
  try {
    keySetOf(content);
    return [];
  } catch {
    return [{ key, message: `names ${jwksFile}, which is no JSON Web Key Set: {"keys": […]}` }];
  }
}

function ruleProblems({ rules, encryptionMasterKey }: AuthSettings): Problem[] {
  return rules.flatMap(({ channels }, at) =>
    channels.flatMap((pattern) => {
      const key = `.rules[${at}].channels`;
      const problem = patternProblem(pattern);
      if (problem !== undefined)
        return [{ key, message: `has ${JSON.stringify(pattern)}, which ${problem}` }];
      if (encryptionMasterKey !== undefined || new ChannelPattern(pattern).type.kind !== 'encrypted')
        return [];
      const message = `has ${JSON.stringify(pattern)}, which needs auth.encryptionMasterKey; make one by: openssl rand -base64 32`;
      return [{ key, message }];
    }),
  );
}

function templateProblems({ userId, userInfo, watchlist }: AuthSettings): Problem[] {
  const templates = { userId, userInfo, watchlist };
  return Object.entries(templates).flatMap(([name, template]) =>
    textsIn(template)
      .filter((text) => partsOf(text) === undefined)
      .map((text) => ({
        key: `.${name}`,
        message: `has ${JSON.stringify(text)}, with braces that don't pair; a claim is written {name}`,
      })),
  );
}

function textsIn(template: unknown): string[] {
  if (typeof template === 'string') return [template];
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(textsIn) : [];
}

/** Bytes of a digest: a shorter secret is what an attacker would guess, with one token to test guesses on. */
const HS256_BYTES = 32;

export function authWarnings(apps: readonly App[]): string[] {
  return apps
    .filter(({ auth }) => (auth?.token?.secret ?? ' '.repeat(HS256_BYTES)).length < HS256_BYTES)
    .map(
      ({ id }) =>
        `app ${id} has an auth.token.secret shorter than ${HS256_BYTES} characters, which can be guessed`,
    );
}
