/** What an error of a connection says about the requests that wanted to use it. */
import { ForbiddenAddress } from '../../outgoing/checked-lookup.ts';
import type { ExchangeFailure, FailureKind } from './exchange.ts';

/** Codes of OpenSSL and Node about certificates, the service's and ours. */
const CERTIFICATE = /CERT|SIGNATURE|SELF_SIGNED|UNKNOWN_CA|ALTNAME/;

/**
 * @param error what the connection ended with; undefined if it was just closed
 * @param opened whether HTTP/2 was spoken on it
 */
export function connectionFailure(url: URL, error: Error | undefined, opened: boolean): ExchangeFailure {
  const words = error === undefined ? 'the connection was closed' : wordsFor(error);
  return { kind: kindOf(error, opened), reason: `${url.host}: ${words}`, afterMs: undefined };
}

/** A connection that turned out to speak something else. */
export class NotHttp2 extends Error {}

function kindOf(error: Error | undefined, opened: boolean): FailureKind {
  if (error instanceof ForbiddenAddress) return 'forbidden';
  if (error instanceof NotHttp2) return 'not http2';
  const code = codeOf(error);
  if (code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL') return 'not http2';
  if (code === 'ERR_HTTP2_ERROR' && !opened) return 'not http2';
  return CERTIFICATE.test(code) ? 'untrusted' : 'unsent';
}

function codeOf(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : '';
}

/** Several addresses tried in vain make an error without words of its own. */
function wordsFor(error: Error): string {
  if (error instanceof AggregateError) {
    const words = error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner)));
    return [...new Set(words)].join(', ');
  }
  return error.message || error.name;
}
