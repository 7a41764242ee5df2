/** The `push` field of an event: the notification for those who are not connected. docs/offline-push.md. Pure. */
import { createHash } from 'node:crypto';
import type { Trigger } from '../../../protocol/index.ts';
import type { App } from '../../apps/app.ts';
import { canSend } from '../../apps/push-settings.ts';
import { isNestedDeeper, MOST_LEVELS } from '../../lib/nesting.ts';
import { type BeamsBlocks, payloadsOf } from '../../push/beams-payloads.ts';
import type { Payloads } from '../../push/payloads.ts';
import type { NewPublish } from '../../push/publish.ts';
import { UserChannels } from '../../push/user-channels.ts';
import { integer, list, object, says, text } from '../beams/body-rules.ts';
import { apns, fcm, seconds, web } from '../beams/payload-rules.ts';

type Given = Readonly<Record<string, unknown>>;

/** Seconds a notification may wait for a user: a day. */
const LONGEST_WAIT = 86_400;
const MAX_USERS = 1000;
const LONGEST_ID = 128;

const BLOCKS = ['fcm', 'apns', 'web', 'hms'];
const FIELDS = [...BLOCKS, 'within', 'expire_at', 'users', 'id'];

/** What is left unknown until the rules have been asked. */
interface Field extends BeamsBlocks {
  readonly hms?: Given;
  readonly within?: number;
  readonly expire_at?: number;
  readonly users?: readonly string[];
  readonly id?: string;
}

/**
 * The publish that an event's `push` asks for, or the sentence for the 400.
 * @param given the field itself
 * @param now milliseconds since the epoch
 */
export function publishOf(app: App, { channels }: Trigger, given: Given, now: number): NewPublish | string {
  const problem = fieldProblem(app, given);
  if (problem !== undefined) return `Invalid parameter: ${problem}`;
  const { within = 0, expire_at: expireAt, users: named = [], id, ...blocks } = given as Field;
  const users = usersOf(app, channels, named);
  if (typeof users === 'string') return users;
  const payloads: Payloads = { ...payloadsOf(blocks), hms: blocks.hms };
  const nobody = providerProblem(app, payloads);
  if (nobody !== undefined) return nobody;
  const expiresAt = expireAt === undefined ? undefined : expireAt * 1000;
  const withinMs = within * 1000;
  if (expiresAt !== undefined && expiresAt <= now + withinMs) {
    return `Invalid parameter: ${says('push.expire_at', 'Must be later than the time of sending, which is now and push.within seconds')}`;
  }
  const target = { kind: 'users' as const, users };
  const fingerprint = (): string =>
    createHash('sha256')
      .update(JSON.stringify([target, payloads, withinMs, expiresAt]))
      .digest('hex');
  return {
    appId: app.id,
    door: 'channels',
    publicId: id,
    target,
    payloads,
    sendAt: undefined,
    expiresAt,
    offlineOnly: { withinMs },
    variables: undefined,
    idempotency: id === undefined ? undefined : { key: `event ${id}`, fingerprint: fingerprint() },
    publishWebhook: undefined,
  };
}

function fieldProblem({ limits }: App, given: Given): string | undefined {
  const unknown = Object.keys(given).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    return says(`push.${unknown.slice(0, 100)}`, `There is no such field; push has ${FIELDS.join(', ')}`);
  }
  if (isNestedDeeper(given, MOST_LEVELS))
    return says('push', `Must not be nested deeper than ${MOST_LEVELS} levels`);
  if (!BLOCKS.some((name) => Object.hasOwn(given, name))) {
    return says('push', `Must have a block for a provider, at least one of ${BLOCKS.join(', ')}`);
  }
  const user = text({ min: 1, max: limits.userIdLength });
  return object({
    fields: {
      fcm,
      apns,
      web,
      hms: object(),
      within: integer(0, LONGEST_WAIT),
      expire_at: seconds,
      users: list(user, { min: 1, max: MAX_USERS, unique: true }),
      id: text({ min: 1, max: LONGEST_ID }),
    },
  })(given, 'push');
}

/** Those that the channels' names name, and those that the field does; each once. */
function usersOf(app: App, channels: readonly string[], named: readonly string[]): string[] | string {
  const userChannels = new UserChannels(app.push.userChannels);
  const users = new Set(named);
  for (const channel of channels) {
    const found = userChannels.usersOf(channel);
    if (found.length === 0 && named.length === 0) {
      return (
        `Missing parameter: push.users, since the channel '${channel}' names no user; ` +
        `give push.users, or a pattern such as private-user-{user} in the app's push.userChannels`
      );
    }
    for (const user of found) users.add(user);
  }
  return [...users];
}

/** A notification that no provider of the app could take would be accepted and never sent. */
function providerProblem({ push }: App, payloads: Payloads): string | undefined {
  if (!canSend(push)) {
    return 'Invalid parameter: push needs a provider; set up fcm, apns, webPush or hms in the push of the app';
  }
  const blocks = [
    ['fcm', push.fcm, payloads.fcm],
    ['apns', push.apns, payloads.apns],
    ['web', push.webPush, payloads.webpush],
    ['hms', push.hms, payloads.hms],
  ] as const;
  if (blocks.some(([, provider, payload]) => provider !== undefined && payload !== undefined))
    return undefined;
  const wanted = blocks.flatMap(([name, provider]) => (provider === undefined ? [] : [name]));
  return `Invalid parameter: push has no block for a provider of the app; it can send ${wanted.join(', ')}`;
}
