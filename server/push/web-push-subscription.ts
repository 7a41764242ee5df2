/**
 * Subscriptions of browsers (`PushSubscription`). They come from untrusted clients, and their endpoints are where we
 * will send requests: only services that are known or configured may be named, and keys have to be keys.
 */
import { ECDH } from 'node:crypto';
import { isIP } from 'node:net';
import { AddressPolicy } from '../outgoing/address-policy.ts';
import { forbidden } from '../outgoing/forbidden.ts';
import type { SubscriptionKeys } from './providers/web-push-encryption.ts';

/** Where the browsers' own push services are. */
const KNOWN_ORIGINS = [
  'https://*.googleapis.com',
  'https://*.push.apple.com',
  'https://*.notify.windows.com',
  'https://*.push.services.mozilla.com',
];

const MAX_TEXT = 8192;
const MAX_ENDPOINT = 2048;
const POINT_BYTES = 65;
const UNCOMPRESSED = 4;
const AUTH_BYTES = 16;
const NO_POINT = 'has a p256dh that is not a point on P-256 of 65 bytes';

export interface SubscriptionRules {
  /** Beside the known ones: `https://push.example.com`, `https://*.example.com`. */
  readonly allowedOrigins: readonly string[];
  /**
   * Where it allows everything, endpoints may also be private addresses and this machine, with TLS or without,
   * whatever the origins.
   */
  readonly policy: AddressPolicy;
}

/** A subscription that may be sent to. */
export interface Subscription extends SubscriptionKeys {
  readonly endpoint: URL;
}

export type ReadSubscription =
  | { readonly ok: true; readonly subscription: Subscription }
  /**
   * `malformed`: no subscription. `service`: an endpoint where we don't send.
   * `problem` is a sentence for whoever sent it, and repeats nothing of it.
   */
  | { readonly ok: false; readonly fault: 'malformed' | 'service'; readonly problem: string };

/** Reads `{"endpoint":…,"keys":{"p256dh":…,"auth":…}}`; other members are of no interest. */
export function readSubscription(text: string, rules: SubscriptionRules): ReadSubscription {
  const read = parseSubscription(text, rules);
  return !read.ok || isPoint(read.subscription.p256dh) ? read : malformed(NO_POINT);
}

/** The same without asking whether `p256dh` is on the curve, for who is about to calculate with it anyway. */
export function parseSubscription(text: string, rules: SubscriptionRules): ReadSubscription {
  if (text.length > MAX_TEXT) return malformed(`is longer than ${MAX_TEXT} characters`);
  const value = parsed(text);
  if (!isObject(value)) return malformed('is not a JSON object');
  const { endpoint, keys } = value;
  if (typeof endpoint !== 'string' || endpoint === '') return malformed('has no endpoint');
  if (!isObject(keys)) return malformed('has no keys');
  const p256dh = bytesIn(keys['p256dh']);
  if (p256dh?.length !== POINT_BYTES || p256dh[0] !== UNCOMPRESSED) return malformed(NO_POINT);
  const auth = bytesIn(keys['auth']);
  if (auth?.length !== AUTH_BYTES) return malformed('has an auth that is not 16 bytes');
  if (endpoint.length > MAX_ENDPOINT)
    return malformed(`has an endpoint longer than ${MAX_ENDPOINT} characters`);
  if (!URL.canParse(endpoint)) return malformed('has an endpoint that is not an address');
  const url = new URL(endpoint);
  const problem = endpointProblem(url, rules);
  if (problem !== undefined) return { ok: false, fault: 'service', problem };
  return { ok: true, subscription: { endpoint: url, p256dh, auth } };
}

/** The same from the base64 of the JSON, of either alphabet, as the Beams SDK sends it. */
export function readEncodedSubscription(base64: string, rules: SubscriptionRules): ReadSubscription {
  const bytes = bytesIn(base64);
  return bytes === undefined ? malformed('is not base64') : readSubscription(bytes.toString('utf8'), rules);
}

/** The form in which devices have it: see `Address`. Two subscriptions with this text are the same. */
export function tokenOf({ endpoint, p256dh, auth }: Subscription): string {
  const keys = { p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url') };
  return JSON.stringify({ endpoint: endpoint.href, keys });
}

/** Why nothing is sent to an endpoint, whatever its name resolves to. */
function endpointProblem(url: URL, { allowedOrigins, policy }: SubscriptionRules): string | undefined {
  const { protocol, hostname, username, password, hash } = url;
  if (username !== '' || password !== '') return 'The endpoint has a user name or a password.';
  if (hash !== '') return 'The endpoint has a fragment.';
  const literal = isIP(hostname) !== 0 || hostname.startsWith('[');
  if (protocol === 'https:' && !literal && isListed(url.origin, allowedOrigins)) return undefined;
  const inner = forbidden(url, OUTSIDE) !== undefined;
  if (inner && policy.allowsAll && (protocol === 'https:' || protocol === 'http:')) return undefined;
  if (protocol !== 'https:') return 'The endpoint is not https.';
  if (inner || literal) return 'The endpoint is an address instead of a name.';
  return 'The endpoint is none of a push service that is known or configured (push.webPush.allowedOrigins).';
}

const OUTSIDE = new AddressPolicy({ allowPrivate: false, allowLoopback: false });

function isListed(origin: string, allowedOrigins: readonly string[]): boolean {
  return (
    KNOWN_ORIGINS.some((pattern) => fits(origin, pattern)) ||
    allowedOrigins.some((pattern) => fits(origin, pattern))
  );
}

/** `https://*.example.com` fits all below `example.com`, at any depth, and not `example.com` itself. */
function fits(origin: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  const star = wanted.indexOf('*.');
  if (star === -1) return origin === new URL(wanted).origin;
  const [scheme, end] = [wanted.slice(0, star), wanted.slice(star + 1).replace(/:443$/, '')];
  return origin.startsWith(scheme) && origin.endsWith(end) && origin.length > scheme.length + end.length;
}

function isPoint(bytes: Buffer): boolean {
  try {
    ECDH.convertKey(bytes, 'prime256v1');
    return true;
  } catch {
    return false;
  }
}

/** Of base64 in either alphabet, padded or not. */
function bytesIn(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) return undefined;
  return Buffer.from(value, 'base64');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string): ReadSubscription {
  return { ok: false, fault: 'malformed', problem: `The subscription ${what}.` };
}
