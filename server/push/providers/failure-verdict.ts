/** Verdicts where there is no answer of a service to judge. */
import type { Verdict } from '../push-provider.ts';
import type { ExchangeFailure } from './exchange.ts';
import { NoAccessToken } from './token-endpoint.ts';

/** What a request without an answer means for its notification. */
export function verdictOfFailure({ kind, reason, afterMs }: ExchangeFailure): Verdict {
  switch (kind) {
    case 'unsent':
      return { kind: 'retry', afterMs, code: 'UNREACHABLE', reason };
    case 'lost':
      // Perhaps delivered. A notification twice is better than none.
      return { kind: 'retry', afterMs, code: 'NO_ANSWER', reason };
    case 'forbidden':
      return { kind: 'misconfigured', code: 'FORBIDDEN_ADDRESS', reason };
    case 'untrusted':
      return { kind: 'misconfigured', code: 'UNTRUSTED', reason };
    case 'not http2':
      return { kind: 'misconfigured', code: 'NOT_HTTP2', reason };
    case 'malformed':
      return { kind: 'refused', code: 'MALFORMED', reason };
  }
}

/** What it means that there is no access token. */
export function verdictOfNoToken(error: unknown): Verdict {
  if (!(error instanceof NoAccessToken))
    return { kind: 'retry', afterMs: undefined, code: 'TOKEN', reason: String(error) };
  const { kind, code, message: reason } = error;
  return kind === 'retry'
    ? { kind, afterMs: undefined, code, reason }
    : { kind: 'misconfigured', code, reason };
}
