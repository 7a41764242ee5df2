/**
 * Where access tokens are fetched (RFC 6749): a form goes out, a token with its lifetime comes back. Spoken to in
 * HTTP/1.1, or in HTTP/2 where the service knows nothing else.
 */
import type { Clock } from '../../lib/clock.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { checkedLookup } from '../../outgoing/checked-lookup.ts';
import { neverAllowed } from '../../outgoing/forbidden.ts';
import { type FormAnswer, postForm } from '../../outgoing/form-poster.ts';
import type { NameLookup } from '../../outgoing/name-lookup.ts';
import type { Exchange } from './exchange.ts';
import type { Http2Pool } from './http2-pool.ts';

const TIMEOUT_MS = 10_000;
const NEVER = new AbortController().signal;
/** What Node's HTTP/1.1 says of a peer that begins with HTTP/2 frames, or closes on a request it can't read. */
const NOT_HTTP1 = /^(HPE_|ECONNRESET$|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL$)/;

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
    const words = error instanceof Error ? error.message || error.name : String(error);
    throw new NoAccessToken('retry', 'TOKEN_UNREACHABLE', `no access token from ${url.host}: ${words}`);
  }
  return tokenIn(answer, url.host);
}

async function post(
  url: URL,
  form: Readonly<Record<string, string>>,
  ports: TokenEndpointPorts,
): Promise<FormAnswer> {
  try {
    return await postForm(url, form, TIMEOUT_MS, {
      lookup: checkedLookup(ports),
      clock: ports.clock,
      ca: ports.ca,
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!NOT_HTTP1.test(code)) throw error;
    return postOverHttp2(url, form, ports.pool);
  }
}

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
      failed: ({ reason }) => reject(new Error(reason)),
    };
    pool.submit(url.origin, exchange);
  });
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
