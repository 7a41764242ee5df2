/** What a device says of itself when it registers, in the words of each platform. Pure. */
import type { Platform, ProviderName } from '../../push/device.ts';
import {
  readEncodedSubscription,
  type SubscriptionRules,
  tokenOf,
} from '../../push/web-push-subscription.ts';
import type { BeamsPlatform } from './beams-paths.ts';
import { badRequest, problem, type Reply } from './beams-reply.ts';
import { isObject } from './body-rules.ts';

type Body = Readonly<Record<string, unknown>>;

export interface Registered {
  readonly provider: ProviderName;
  readonly platform: Platform;
  readonly token: string;
  readonly details: Readonly<Record<string, string>>;
}

export const NO_FCM_TOKEN = badRequest('Missing token field with the FCM Registration Id.');

/** The SDKs look for these words, and give up. */
const INVALID_APNS_TOKEN = unusable('The device token could not be validated against any known credentials');
const INVALID_FCM_TOKEN = unusable(
  'The device token provided could not be validated against any known credentials',
);

function unusable(description: string): Reply {
  return problem(401, 'Unauthorized', description);
}

/** No provider says more of its tokens; nobody is asked whether it knows one. */
const FCM_TOKEN = /^[\x21-\x7e]{1,4096}$/;
const APNS_TOKEN = /^(?:[0-9a-f]{2}){1,100}$/i;

export function registrationOf(
  platform: BeamsPlatform,
  body: Body,
  subscriptions: SubscriptionRules,
): Registered | Reply {
  switch (platform) {
    case 'fcm':
      return fcmRegistration(body);
    case 'apns':
      return apnsRegistration(body);
    case 'web':
      return webRegistration(body, subscriptions);
  }
}

/** The token of a body, or the refusal. */
export function fcmTokenOf({ token }: Body, missing: Reply): string | Reply {
  if (typeof token !== 'string' || token === '') return missing;
  return FCM_TOKEN.test(token) ? token : INVALID_FCM_TOKEN;
}

function fcmRegistration(body: Body): Registered | Reply {
  // `knownPreviousClientIds` needs nothing: who had this token is forgotten, and the tokens of others may still live.
  const token = fcmTokenOf(body, badRequest('Missing FCM token.'));
  return typeof token === 'string'
    ? { provider: 'fcm', platform: 'android', token, details: bundleOf(body) }
    : token;
}

function apnsRegistration(body: Body): Registered | Reply {
  const { token, bundleIdentifier, metadata } = body;
  if (typeof token !== 'string' || token === '') return badRequest('Missing APNs token.');
  if (typeof bundleIdentifier !== 'string' || bundleIdentifier === '') {
    return badRequest('Missing App Bundle Identifier.');
  }
  if (!APNS_TOKEN.test(token)) return INVALID_APNS_TOKEN;
  const mac = isObject(metadata) && metadata['macosVersion'] !== undefined;
  return {
    provider: 'apns',
    platform: mac ? 'macos' : 'ios',
    token: token.toLowerCase(),
    details: bundleOf(body),
  };
}

function webRegistration({ token }: Body, subscriptions: SubscriptionRules): Registered | Reply {
  if (typeof token !== 'string' || token === '') return badRequest('Missing web push token.');
  const read = readEncodedSubscription(token, subscriptions);
  if (read.ok)
    return { provider: 'webpush', platform: 'web', token: tokenOf(read.subscription), details: {} };
  return badRequest(
    read.fault === 'service' ? `Push service endpoint not supported. ${read.problem}` : read.problem,
  );
}

const LONGEST_TEXT = 255;
const MAX_METADATA = 20;

function bundleOf({ bundleIdentifier }: Body): Readonly<Record<string, string>> {
  return isShortText(bundleIdentifier) && bundleIdentifier !== '' ? { bundleIdentifier } : {};
}

export const INVALID_METADATA = badRequest(
  `Invalid metadata. It is expected to be an object of at most ${MAX_METADATA} texts of at most ${LONGEST_TEXT} characters.`,
);

/** Names and versions of SDK and system; undefined if it is something else. */
export function metadataOf(metadata: unknown): Readonly<Record<string, string>> | undefined {
  if (metadata === undefined || metadata === null) return {};
  if (!isObject(metadata)) return undefined;
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA) return undefined;
  const texts: Array<[string, string]> = [];
  for (const [name, value] of entries) {
    if (!isShortText(name) || !isShortText(value)) return undefined;
    texts.push([name, value]);
  }
  return Object.fromEntries(texts);
}

const isShortText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LONGEST_TEXT && !value.includes('\0');
