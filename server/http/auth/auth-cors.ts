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

/** What a preflight is told beside that. @param tokenHeader a header of the app's own that carries the token */
export function preflightHeaders(tokenHeader: string): Headers {
  const names = [
    'Authorization',
    'Content-Type',
    'X-CSRF-TOKEN',
    'X-XSRF-TOKEN',
    'X-Requested-With',
    'X-Socket-ID',
  ];
  const known = names.some((name) => name.toLowerCase() === tokenHeader.toLowerCase());
  return [
    ['Access-Control-Allow-Methods', 'GET, POST, OPTIONS'],
    ['Access-Control-Allow-Headers', (known ? names : [...names, tokenHeader]).join(', ')],
    ['Access-Control-Max-Age', '600'],
  ];
}
