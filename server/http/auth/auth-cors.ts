/** Which pages may read the answers of the auth endpoints. Pure. */
import type { App } from '../../apps/app.ts';
import type { AuthSettings } from '../../apps/auth-settings.ts';
import { originAllowed } from '../../lib/origin.ts';
import type { Headers } from '../message.ts';

type Header = Headers[number];

const VARY: Header = ['Vary', 'Origin'];
const ANY: Header = ['Access-Control-Allow-Origin', '*'];
const CREDENTIALS: Header = ['Access-Control-Allow-Credentials', 'true'];
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[\w.:[\]%-]+$/i;

/** Patterns of origins: those of the endpoints, else those that may open sockets. */
export function originsOf(
  { allowedOrigins }: Pick<App, 'allowedOrigins'>,
  auth: AuthSettings,
): readonly string[] {
  return auth.origins ?? allowedOrigins;
}

/**
 * A page whose origin is listed may send its cookies and read the answer. Where every origin is allowed, pages may
 * read answers to what they could have sent without cookies: a token they hold themselves.
 */
export function corsHeaders(origin: string, patterns: readonly string[]): Headers {
  if (origin === '') return [VARY];
  const listed = patterns.filter((pattern) => pattern !== '*');
  if (listed.length > 0 && ORIGIN.test(origin) && originAllowed(origin, listed)) {
    return [['Access-Control-Allow-Origin', origin], CREDENTIALS, VARY];
  }
  return listed.length === patterns.length && patterns.length > 0 ? [VARY] : [ANY, VARY];
}

/** Of several apps that could be meant, what the most generous one says to pages of an origin. */
export function mostGenerous(answers: readonly Headers[]): Headers {
  return answers.find(withCredentials) ?? answers.find((cors) => cors.includes(ANY)) ?? [VARY];
}

/** Whether the page may send its cookies: its origin is listed. */
export const withCredentials = (cors: Headers): boolean => cors.includes(CREDENTIALS);

/** `Access-Control-Request-Headers`: names with commas between them. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;
const LONGEST_HEADER_NAMES = 2000;

/**
 * What a preflight is told beside that.
 * @param tokenHeaders headers of the apps' own that carry the token
 * @param requested the headers the page wants to send, if its origin is listed; else ''
 */
export function preflightHeaders(tokenHeaders: readonly string[], requested: string): Headers {
  const wanted =
    requested.length <= LONGEST_HEADER_NAMES && HEADER_NAMES.test(requested)
      ? requested.split(/\s*,\s*/)
      : [];
  const allowed = [
    'Authorization',
    'Content-Type',
    'X-CSRF-TOKEN',
    'X-XSRF-TOKEN',
    'X-Requested-With',
    'X-Socket-ID',
  ];
  for (const name of [...tokenHeaders, ...wanted]) {
    if (!allowed.some((other) => other.toLowerCase() === name.toLowerCase())) allowed.push(name);
  }
  return [
    ['Access-Control-Allow-Methods', 'GET, POST, OPTIONS'],
    ['Access-Control-Allow-Headers', allowed.join(', ')],
    ['Access-Control-Max-Age', '600'],
  ];
}
