/** What a send asks for: to whom, what, when. Pure. */
import type { ProviderName } from '../../push/device.ts';
import { type ReadToken, readToken } from '../../push/device-token.ts';
import type { Payloads } from '../../push/payloads.ts';
import type { PublishTarget } from '../../push/publish.ts';
import type { SubscriptionRules } from '../../push/web-push-subscription.ts';
import { bad } from './centrifugo-replies.ts';
import type { Params } from './command-params.ts';
import { deviceFilterOf } from './list-params.ts';

const TOKENS: ReadonlyArray<readonly [name: string, provider: ProviderName]> = [
  ['fcm_tokens', 'fcm'],
  ['hms_tokens', 'hms'],
  ['apns_tokens', 'apns'],
  ['webpush_tokens', 'webpush'],
];
const GROUPED: readonly ProviderName[] = ['fcm', 'hms'];

/** Exactly one of the kinds of recipients. */
export function targetOf(recipient: Params, rules: SubscriptionRules): PublishTarget {
  const targets = [
    ...registryTargets(recipient),
    ...TOKENS.flatMap(([name, provider]) => tokenTargets(recipient, name, provider, rules)),
    ...GROUPED.flatMap((provider) => groupTargets(recipient, provider)),
  ];
  const [target, ...more] = targets;
  if (target === undefined) throw bad('recipient is required, and must not be empty');
  if (more.length > 0) throw bad('recipient must be of one kind');
  return target;
}

function registryTargets(recipient: Params): PublishTarget[] {
  const ids = recipient.texts('device_ids');
  const channels = recipient.texts('channels') ?? recipient.texts('topics');
  const inner = recipient.inner('filter');
  const targets: PublishTarget[] = [];
  if (ids !== undefined) targets.push({ kind: 'devices', ids });
  if (channels !== undefined) targets.push({ kind: 'channels', channels });
  // An empty one would be everybody: not by mistake.
  if (inner !== undefined && !inner.isEmpty) targets.push({ kind: 'filter', filter: deviceFilterOf(inner) });
  return targets;
}

function tokenTargets(
  recipient: Params,
  name: string,
  provider: ProviderName,
  rules: SubscriptionRules,
): PublishTarget[] {
  const texts = recipient.texts(name);
  if (texts === undefined) return [];
  const tokens = texts.map((text, at) =>
    usable(readToken(provider, text, rules), `${recipient.name(name)}[${at}]`),
  );
  return [{ kind: 'tokens', provider, tokens }];
}

function usable(read: ReadToken, name: string): string {
  if ('problem' in read) throw bad(`${name} ${read.problem}`);
  return read.token;
}

function groupTargets(recipient: Params, provider: ProviderName): PublishTarget[] {
  const topic = recipient.text(`${provider}_topic`);
  const condition = recipient.text(`${provider}_condition`);
  return [
    ...(topic === '' ? [] : [{ kind: 'topic' as const, provider, topic }]),
    ...(condition === '' ? [] : [{ kind: 'condition' as const, provider, condition }]),
  ];
}

/** At least one block; each in its provider's own form. */
export function payloadsOf(notification: Params): Payloads {
  const apns = notification.inner('apns');
  const webpush = notification.inner('webpush');
  const payloads: Payloads = {
    fcm: withoutTarget(notification.inner('fcm')?.requiredObject('message')),
    hms: withoutTarget(notification.inner('hms')?.requiredObject('message')),
    apns: apns && { headers: lowerCase(apns.textMap('headers')), payload: apns.requiredObject('payload') },
    webpush: webpush && webPushOf(webpush),
  };
  if (Object.values(payloads).every((block) => block === undefined)) {
    throw bad(`${notification.name('fcm')}, hms, apns or webpush is required`);
  }
  return payloads;
}

const TARGETS = ['token', 'fid', 'topic', 'condition'];

/** The recipient says whom it is for, whatever the message says. */
function withoutTarget(message: object | undefined): object | undefined {
  return message && Object.fromEntries(Object.entries(message).filter(([name]) => !TARGETS.includes(name)));
}

function webPushOf(block: Params): NonNullable<Payloads['webpush']> {
  const { ttl, urgency, topic } = lowerCase(block.textMap('headers'));
  if (ttl !== undefined && !/^\d{1,10}$/.test(ttl)) throw bad(`${block.name('headers')}.TTL must be seconds`);
  return {
    ttl: ttl === undefined ? undefined : Number(ttl),
    urgency,
    topic,
    payload: block.requiredObject('payload'),
  };
}

/** Names of headers have no case. */
const lowerCase = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The last second that a JavaScript date knows. */
const LAST_SECOND = 8_640_000_000_000;

/** Milliseconds since the epoch of a time in seconds; undefined when absent. */
export function timeOf(params: Params, name: string): number | undefined {
  const seconds = params.integer(name);
  if (seconds < 0 || seconds > LAST_SECOND) throw bad(`${params.name(name)} must be seconds since the epoch`);
  return seconds === 0 ? undefined : seconds * 1000;
}
