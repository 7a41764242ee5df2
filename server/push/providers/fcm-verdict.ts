/** What FCM's answers mean. Pure. */
import type { Verdict } from '../push-provider.ts';
import type { Answer } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';

/** What FCM advises where it asks us to slow down and names no time. */
const QUOTA_PAUSE_MS = 60_000;
/** What it asks to be given at least where it failed and names no time. */
const FAILURE_PAUSE_MS = 10_000;
const MAX_REASON = 300;

/** The access token was not accepted: a new one may be. */
export const UNAUTHORIZED = 'unauthorized';

/** @param now milliseconds since the epoch */
export function fcmVerdict(answer: Answer, now: number): Verdict | typeof UNAUTHORIZED {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'sent', messageId: nameIn(body) };
  const error = readError(body);
  const code = error.errorCode ?? error.status ?? `HTTP_${status}`;
  const reason = error.message ?? `FCM answered with status ${status}`;
  const retry = (fallbackMs: number | undefined): Verdict => ({
    kind: 'retry',
    afterMs: retryAfterMs(headers['retry-after'], now) ?? fallbackMs,
    code,
    reason,
  });
  switch (error.errorCode) {
    case 'UNREGISTERED':
      return { kind: 'dead', code, reason };
    case 'THIRD_PARTY_AUTH_ERROR':
      return { kind: 'misconfigured', code, reason };
    case 'INVALID_ARGUMENT':
      return { kind: error.blamesToken ? 'dead' : 'refused', code, reason };
    case 'SENDER_ID_MISMATCH':
      return { kind: 'refused', code, reason };
    case 'QUOTA_EXCEEDED':
      return retry(QUOTA_PAUSE_MS);
    case 'UNAVAILABLE':
    case 'INTERNAL':
      return retry(FAILURE_PAUSE_MS);
  }
  if (status === 401) return UNAUTHORIZED;
  if (status === 429) return retry(QUOTA_PAUSE_MS);
  if (status >= 500 || status === 408) return retry(FAILURE_PAUSE_MS);
  // A wrong project, a missing role, an API that is switched off, an address that leads elsewhere.
  if (status === 403 || status === 404 || status < 400) return { kind: 'misconfigured', code, reason };
  return { kind: error.blamesToken ? 'dead' : 'refused', code, reason };
}

interface FcmError {
  /** FCM's own code. */
  readonly errorCode: string | undefined;
  /** Google's general code. */
  readonly status: string | undefined;
  readonly message: string | undefined;
  /** A field violation names the token, so it is not the message that is wrong. */
  readonly blamesToken: boolean;
}

function readError(body: string): FcmError {
  const error = objectOf(objectOf(parse(body))['error']);
  const details = listOf(error['details']).map(objectOf);
  const fcm = details.find((detail) => typeOf(detail).endsWith('google.firebase.fcm.v1.FcmError'));
  const violations = details
    .filter((detail) => typeOf(detail).endsWith('google.rpc.BadRequest'))
    .flatMap((detail) => listOf(detail['fieldViolations']).map(objectOf));
  return {
    errorCode: textOf(fcm?.['errorCode']),
    status: textOf(error['status']),
    message: textOf(error['message']),
    blamesToken:
      violations.length > 0 &&
      violations.every(({ field }) => field === 'message.token' || field === 'token'),
  };
}

/** The message's name. */
function nameIn(body: string): string | undefined {
  return textOf(objectOf(parse(body))['name']);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function typeOf(detail: Readonly<Record<string, unknown>>): string {
  return textOf(detail['@type']) ?? '';
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_REASON) : undefined;
}
