/** What APNs' answers mean. Pure. */
import type { Verdict } from '../push-provider.ts';
import type { Answer } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';

const MAX_REASON = 300;

/** By the reason's name, whatever the status; the rest goes by the status. */
const KINDS: Readonly<Record<string, 'retry' | 'dead' | 'refused' | 'misconfigured'>> = {
  // The device may well have been registered with a build for the other environment, so it is not removed.
  BadDeviceToken: 'refused',
  DeviceTokenNotForTopic: 'refused',
  BadTopic: 'misconfigured',
  MissingTopic: 'misconfigured',
  TopicDisallowed: 'misconfigured',
  IdleTimeout: 'retry',
  ExpiredToken: 'dead',
  Unregistered: 'dead',
};

const WORDS: Readonly<Record<string, string>> = {
  BadDeviceToken: 'the device token is malformed, or of the other environment (production, development)',
  DeviceTokenNotForTopic: 'the device token belongs to another app',
  BadTopic: 'the topic (bundle id) is not valid',
  MissingTopic: 'the certificate is for several topics, and none was named',
  TopicDisallowed: 'notifications for this topic (bundle id) are not allowed',
  Unregistered: 'the app is no longer on the device',
  ExpiredToken: 'the device token has expired',
  ExpiredProviderToken: "the provider token is expired when new: this machine's clock is wrong",
  InvalidProviderToken: 'key, key id and team id do not go together',
  BadCertificate: 'the certificate is not valid',
  BadCertificateEnvironment: 'the certificate is of the other environment (production, development)',
  PayloadTooLarge: 'the payload is too large',
  TooManyRequests: 'too many notifications for this device',
  TooManyProviderTokenUpdates: 'the provider token was renewed too often',
};

/** The provider token is past its hour: a new one may do. */
export function isExpiredToken({ status, body }: Answer): boolean {
  return status === 403 && reasonIn(body) === 'ExpiredProviderToken';
}

/** @param now milliseconds since the epoch */
export function apnsVerdict({ status, headers, body }: Answer, now: number): Verdict {
  if (status === 200) {
    const id = headers['apns-id'];
    return { kind: 'sent', messageId: typeof id === 'string' ? id : undefined };
  }
  const code = reasonIn(body) ?? `HTTP_${status}`;
  const reason = WORDS[code] ?? `APNs answered ${code} (status ${status})`;
  const kind = KINDS[code] ?? kindOf(status);
  return kind === 'retry'
    ? { kind, afterMs: retryAfterMs(headers['retry-after'], now), code, reason }
    : { kind, code, reason };
}

function kindOf(status: number): 'retry' | 'dead' | 'refused' | 'misconfigured' {
  if (status === 410) return 'dead';
  if (status === 429 || status >= 500) return 'retry';
  // Credentials; or an address that is none of APNs.
  if (status === 403 || status === 401 || status < 400) return 'misconfigured';
  return 'refused';
}

function reasonIn(body: string): string | undefined {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' && reason !== '' ? reason.slice(0, MAX_REASON) : undefined;
  } catch {
    return undefined;
  }
}
