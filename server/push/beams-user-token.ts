/** The token with which a device proves whose it is, as Beams' server SDKs make it: a JWT signed with the secret key. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface TokenRules {
  readonly instanceId: string;
  readonly secretKey: string;
  /** Accepted as `iss` beside Beams' own. */
  readonly issuers: readonly string[];
}

export type TokenProblem =
  | 'malformed'
  | 'bad signature'
  | 'no expiry'
  | 'no subject'
  | 'invalid subject'
  | 'no issuer'
  | 'expired'
  | 'not valid yet'
  | 'used before issued'
  | 'wrong issuer';

export type TokenCheck = { readonly user: string } | { readonly problem: TokenProblem };

/** Clocks differ, and some SDKs get theirs from local time. */
const LEEWAY_SECONDS = 300;
const LONGEST_SUBJECT = 164;
/** A token holds four short claims. */
const LONGEST_TOKEN = 8192;

const SEGMENTS = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;

/**
 * Looks at one thing after the other; what is wrong first is what is told.
 * @param now seconds since the epoch
 */
export function userOfToken(token: string, rules: TokenRules, now: number): TokenCheck {
  const [, header = '', payload = '', signature = ''] =
    token.length <= LONGEST_TOKEN ? (SEGMENTS.exec(token) ?? []) : [];
  // Any other algorithm is the sender's choice of how to be checked.
  if (decoded(header)?.['alg'] !== 'HS256') return { problem: 'malformed' };
  const claims = decoded(payload);
  if (claims === undefined) return { problem: 'malformed' };
  if (!isSigned(`${header}.${payload}`, signature, rules.secretKey)) return { problem: 'bad signature' };
  const { exp, sub, iss } = claims;
  if (typeof exp !== 'number') return { problem: 'no expiry' };
  if (sub === undefined || sub === null) return { problem: 'no subject' };
  if (typeof sub !== 'string' || !isUserId(sub)) return { problem: 'invalid subject' };
  if (typeof iss !== 'string' || iss === '') return { problem: 'no issuer' };
  const problem = timeProblem(Math.trunc(exp), claims, now);
  if (problem !== undefined) return { problem };
  return isIssuer(iss, rules) ? { user: sub } : { problem: 'wrong issuer' };
}

/** Whether a text can be a user's id: 1 to 164 characters, and nothing that databases don't keep. */
export function isUserId(id: string): boolean {
  return (
    id !== '' && !id.includes('\0') && [...id.slice(0, LONGEST_SUBJECT * 2 + 1)].length <= LONGEST_SUBJECT
  );
}

function timeProblem(
  expiry: number,
  { iat, nbf }: Readonly<Record<string, unknown>>,
  now: number,
): TokenProblem | undefined {
  if (now > expiry + LEEWAY_SECONDS) return 'expired';
  if (typeof iat === 'number' && Math.trunc(iat) > now + LEEWAY_SECONDS) return 'used before issued';
  return typeof nbf === 'number' && Math.trunc(nbf) > now + LEEWAY_SECONDS ? 'not valid yet' : undefined;
}

/** One SDK leaves out the scheme. Hosts and instance ids have no letter case, and SDKs take the id as it was typed. */
function isIssuer(iss: string, { instanceId, issuers }: TokenRules): boolean {
  const host = `${instanceId.toLowerCase()}.pushnotifications.pusher.com`;
  const given = iss.toLowerCase();
  return given === host || given === `https://${host}` || issuers.includes(iss);
}

function isSigned(text: string, signature: string, secretKey: string): boolean {
  const expected = createHmac('sha256', secretKey).update(text).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function decoded(segment: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
