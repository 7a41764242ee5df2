/** Where a request carries its token. Pure. */
import type { TokenSettings } from '../apps/auth-settings.ts';
import type { Asked } from './identity.ts';

type Places = Pick<TokenSettings, 'header' | 'field' | 'cookie'>;

/** The token: from the header, else the field, else the cookie; undefined where none of them has one. */
export function tokenOf(asked: Asked, { header, field, cookie }: Places): string | undefined {
  return (
    fromHeader(asked.headers.get(header.toLowerCase())) ??
    (field === undefined ? undefined : asked.fields.get(field)) ??
    (cookie === undefined || !asked.cookies ? undefined : cookieOf(asked.headers.get('cookie') ?? '', cookie))
  );
}

/** Other schemes than Bearer are somebody else's: Basic, say, of a proxy in front. */
function fromHeader(value: string | undefined): string | undefined {
  const [first = '', second] = (value ?? '').trim().split(/\s+/, 2);
  if (second === undefined) return first === '' ? undefined : first;
  return first.toLowerCase() === 'bearer' ? second : undefined;
}

/** The first cookie of a name, without quotes around it. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
  }
  return undefined;
}
