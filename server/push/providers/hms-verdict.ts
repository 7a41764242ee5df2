/** What the answers of HMS Push Kit mean for the tokens of a request. Pure. A status of 200 says nothing yet: the code does. */
import type { Verdict } from '../push-provider.ts';
import type { Answer } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';
import { isObject } from './shape.ts';

/** Huawei names no pause for its flow control. */
const FLOW_CONTROL_PAUSE_MS = 5000;
const MAX_REASON = 300;

export type HmsOutcome =
  /** The same for all tokens. */
  | { readonly kind: 'all'; readonly verdict: Verdict }
  /** Taken for all but these. */
  | {
      readonly kind: 'partly';
      readonly sent: Verdict;
      readonly dead: Verdict;
      readonly illegal: ReadonlySet<string>;
    }
  /** The access token was not accepted: a new one may be. `verdict` is for when it was one. */
  | { readonly kind: 'unauthorized'; readonly verdict: Verdict }
  /** None of the tokens is known, or it is the wrong application's key: `hms-provider.ts` decides. */
  | { readonly kind: 'all illegal'; readonly code: string; readonly reason: string }
  /** Fewer tokens may do. */
  | { readonly kind: 'too many'; readonly code: string; readonly reason: string };

/** Codes by what they mean; the numbers are Huawei's. */
const REFUSED = new Set(['80100001', '80100003', '80100004', '80100013', '80100016', '80100018', '80300008']);
const MISCONFIGURED = new Set(['80300002', '80300011', '80300013']);
const RETRY = new Set(['80100017', '80600003', '81000001']);
const UNAUTHORIZED = new Set(['80200001', '80200003', '80200005']);

/** @param now milliseconds since the epoch */
export function hmsOutcome(answer: Answer, now: number): HmsOutcome {
  const { status, headers } = answer;
  const fields = fieldsIn(answer.body);
  const code = codeIn(fields) ?? `HTTP_${status}`;
  const reason = wordsIn(fields) ?? `HMS answered with status ${status}`;
  const all = (verdict: Verdict): HmsOutcome => ({ kind: 'all', verdict });
  const retry = (fallbackMs: number | undefined): HmsOutcome => {
    const afterMs = retryAfterMs(headers['retry-after'], now) ?? fallbackMs;
    return all({ kind: 'retry', afterMs, code, reason });
  };
  if (code === '80000000') return all({ kind: 'sent', messageId: requestIn(fields) });
  if (code === '80100000') return partly(fields, code);
  if (code === '80300007') return { kind: 'all illegal', code, reason };
  if (code === '80300010') return { kind: 'too many', code, reason };
  if (REFUSED.has(code)) return all({ kind: 'refused', code, reason });
  if (MISCONFIGURED.has(code)) return all({ kind: 'misconfigured', code, reason });
  if (UNAUTHORIZED.has(code) || status === 401)
    return { kind: 'unauthorized', verdict: { kind: 'misconfigured', code, reason } };
  if (status === 503 || status === 429) return retry(FLOW_CONTROL_PAUSE_MS);
  if (RETRY.has(code) || status >= 500 || status === 408) return retry(undefined);
  // A wrong app id in the path, an address that leads elsewhere, a right that is missing.
  if (status === 403 || status === 404 || (status >= 300 && status < 400))
    return all({ kind: 'misconfigured', code, reason });
  return all({ kind: 'refused', code, reason });
}

/** `msg` is JSON in a text: `{"success":3,"failure":1,"illegal_tokens":["…"]}`. */
function partly(fields: Readonly<Record<string, unknown>>, code: string): HmsOutcome {
  const listed = fieldsIn(fields['msg'])['illegal_tokens'];
  const sent: Verdict = { kind: 'sent', messageId: requestIn(fields) };
  if (!Array.isArray(listed)) {
    const reason = "HMS took some of the tokens, and its answer doesn't say which";
    return { kind: 'all', verdict: { kind: 'refused', code, reason } };
  }
  const illegal = new Set(listed.filter((token) => typeof token === 'string'));
  return {
    kind: 'partly',
    sent,
    dead: { kind: 'dead', code, reason: 'HMS calls the token illegal' },
    illegal,
  };
}

function fieldsIn(body: unknown): Readonly<Record<string, unknown>> {
  if (isObject(body)) return body;
  try {
    const value: unknown = JSON.parse(String(body));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function codeIn({ code }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof code === 'number' || (typeof code === 'string' && /^\d{1,12}$/.test(code))
    ? String(code)
    : undefined;
}

function wordsIn({ msg }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof msg === 'string' && msg !== '' ? msg.slice(0, MAX_REASON) : undefined;
}

function requestIn({ requestId }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof requestId === 'string' ? requestId.slice(0, MAX_REASON) : undefined;
}
