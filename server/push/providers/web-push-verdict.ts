/** What the answers of browsers' push services mean. Pure. */
import type { Verdict } from '../push-provider.ts';
import type { Answer, ExchangeFailure } from './exchange.ts';
import { verdictOfFailure } from './failure-verdict.ts';
import { retryAfterMs } from './retry-after.ts';

const MAX_REASON = 200;

/** Reasons by which some services say with 400 what others say with 403: the subscription has another key. */
const KEY_MISMATCH = /VapidPkHashMismatch|UnauthorizedRegistration/;

/**
 * The service takes our key, or this subscription has another one: one answer alone doesn't tell which.
 * See `web-push-suspects.ts`.
 */
export interface Suspect {
  readonly kind: 'suspect';
  readonly code: string;
  readonly reason: string;
}

/** @param now milliseconds since the epoch */
export function webPushVerdict({ status, headers, body }: Answer, now: number): Verdict | Suspect {
  if (status === 200 || status === 201 || status === 202 || status === 204)
    return { kind: 'sent', messageId: headers.location };
  const words = wordsIn(body);
  const code = `HTTP_${status}`;
  const reason = `the push service answered with status ${status}${words === '' ? '' : `: ${words}`}`;
  if (status === 404 || status === 410) return { kind: 'dead', code, reason };
  if (status === 403 || (status === 400 && KEY_MISMATCH.test(body))) return { kind: 'suspect', code, reason };
  if (status === 401) return { kind: 'misconfigured', code, reason };
  if (status === 429 || status === 408 || status >= 500)
    return { kind: 'retry', afterMs: retryAfterMs(headers['retry-after'], now), code, reason };
  return { kind: 'refused', code, reason };
}

/** Where there was no answer. Endpoints are the clients' choice: what is wrong with one says nothing of our settings. */
export function webPushFailure(failure: ExchangeFailure): Verdict {
  if (failure.kind === 'forbidden')
    return { kind: 'refused', code: 'FORBIDDEN_ADDRESS', reason: failure.reason };
  if (failure.kind === 'untrusted')
    return { kind: 'retry', afterMs: undefined, code: 'UNTRUSTED', reason: failure.reason };
  return verdictOfFailure(failure);
}

/** Mozilla's `message`, Apple's `reason`, or a short text; without line ends. */
function wordsIn(body: string): string {
  let words: unknown = body;
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null)
      words = Reflect.get(value, 'message') ?? Reflect.get(value, 'reason') ?? Reflect.get(value, 'error');
  } catch {
    // Then it is a text.
  }
  if (typeof words !== 'string' || words.startsWith('<')) return '';
  return words
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_REASON);
}
