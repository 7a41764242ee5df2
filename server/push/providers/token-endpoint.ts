/**
 * Where access tokens are fetched (RFC 6749): a form goes out, a token with its lifetime comes back. Over HTTP/2 or
 * HTTP/1.1, whichever the service speaks.
 */
import type { Clock } from '../../lib/clock.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { checkedLookup, ForbiddenAddress } from '../../outgoing/checked-lookup.ts';
import { neverAllowed } from '../../outgoing/forbidden.ts';
import { type FormAnswer, postForm } from '../../outgoing/form-poster.ts';
import type { NameLookup } from '../../outgoing/name-lookup.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import type { Http2Pool } from './http2-pool.ts';

const TIMEOUT_MS = 10_000;
const NEVER = new AbortController().signal;
/** What Node's HTTP/1.1 says of a peer that begins with HTTP/2 frames, or closes on a request it can't read. */
const NOT_HTTP1 = /^(HPE_|ECONNRESET$)/;

export interface TokenEndpointPorts {
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly clock: Clock;
  readonly pool: Http2Pool;
  readonly ca?: string | undefined;
}

/** Why there is no token. `misconfigured`: the service refuses us, or may not be asked. */
export class NoAccessToken extends Error {
  readonly kind: 'retry' | 'misconfigured';
  readonly code: string;

  /** @param message for people; without credentials */
  constructor(kind: NoAccessToken['kind'], code: string, message: string) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export interface GrantedToken {
  readonly token: string;
  readonly lifetimeMs: number;
}

/** Fetches a token. Rejects with `NoAccessToken`. */
export async function fetchToken(
  url: URL,
  form: Readonly<Record<string, string>>,
  ports: TokenEndpointPorts,
): Promise<GrantedToken> {
  const reason = neverAllowed(url, ports.policy);
  if (reason !== undefined) throw new NoAccessToken('misconfigured', 'FORBIDDEN_ADDRESS', reason);
  let answer: FormAnswer;
  try {
    answer = await post(url, form, ports);
  } catch (error) {
    if (error instanceof NoAccessToken) throw error;
    if (error instanceof ForbiddenAddress)
      throw new NoAccessToken('misconfigured', 'FORBIDDEN_ADDRESS', error.message);
    const words = error instanceof Error ? error.message || error.name : String(error);
    throw new NoAccessToken('retry', 'TOKEN_UNREACHABLE', `no access token from ${url.host}: ${words}`);
  }
  return tokenIn(answer, url.host);
}

/** With TLS the two sides agree on a protocol; without, HTTP/1.1 is the likelier one. */
async function post(
  url: URL,
  form: Readonly<Record<string, string>>,
  ports: TokenEndpointPorts,
): Promise<FormAnswer> {
  const overHttp1 = (): Promise<FormAnswer> => {
    const { clock, ca } = ports;
    return postForm(url, form, TIMEOUT_MS, { lookup: checkedLookup(ports), clock, ca });
  };
  const overHttp2 = (): Promise<FormAnswer> => postOverHttp2(url, form, ports.pool);
  const [first, second] = url.protocol === 'https:' ? [overHttp2, overHttp1] : [overHttp1, overHttp2];
  try {
    return await first();
  } catch (error) {
    if (speaksSomethingElse(error)) return second();
    throw error;
  }
}

class NotHttp2 extends Error {}

function postOverHttp2(
  url: URL,
  form: Readonly<Record<string, string>>,
  pool: Http2Pool,
): Promise<FormAnswer> {
  return new Promise((resolve, reject) => {
    const exchange: Exchange = {
      refusals: 0,
      signal: NEVER,
      headers: () => ({
        ':method': 'POST',
        ':path': url.pathname + url.search,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      }),
      body: () => Buffer.from(new URLSearchParams(form).toString()),
      answered: resolve,
      failed: (failure) => reject(errorFor(failure)),
    };
    pool.submit(url.origin, exchange);
  });
}

function errorFor({ kind, reason }: ExchangeFailure): Error {
  if (kind === 'not http2') return new NotHttp2(reason);
  if (kind === 'forbidden') return new NoAccessToken('misconfigured', 'FORBIDDEN_ADDRESS', reason);
  if (kind === 'untrusted') return new NoAccessToken('misconfigured', 'UNTRUSTED', reason);
  return new Error(reason);
}

function speaksSomethingElse(error: unknown): boolean {
  if (error instanceof NotHttp2) return true;
  return error instanceof Error && 'code' in error && NOT_HTTP1.test(String(error.code));
}

function tokenIn({ status, body }: FormAnswer, host: string): GrantedToken {
  const fields = objectIn(body);
  if (status >= 200 && status < 300) {
    const { access_token: token, expires_in: seconds } = fields;
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      throw new NoAccessToken('misconfigured', 'TOKEN_ANSWER', `the answer of ${host} has no access token`);
    const lifetime = Number(seconds);
    return { token, lifetimeMs: lifetime > 0 ? lifetime * 1000 : 3_600_000 };
  }
  const error = wordsIn(fields['error']);
  const description = wordsIn(fields['error_description']) ?? wordsIn(fields['sub_error']);
  const words = [error ?? `status ${status}`, description].filter((part) => part !== undefined).join(': ');
  const kind = status >= 500 || status === 429 || status === 408 ? 'retry' : 'misconfigured';
  throw new NoAccessToken(kind, error ?? `TOKEN_HTTP_${status}`, `${host} gave no access token: ${words}`);
}

function objectIn(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Short texts and numbers as text. */
function wordsIn(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, 300) : undefined;
}
