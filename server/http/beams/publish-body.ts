/** The body of a publish: what Beams' rules say of it, and what it asks for. Pure. */
import { type BeamsBlocks, LONGEST_TTL, payloadsOf } from '../../push/beams-payloads.ts';
import type { Payloads } from '../../push/payloads.ts';
import type { PublishTarget } from '../../push/publish.ts';
import { boolean, either, integer, list, object, oneOf, type Rule, says, text } from './body-rules.ts';

export interface AskedPublish {
  readonly target: PublishTarget;
  readonly payloads: Payloads;
  readonly webhookUrl: string | undefined;
  /** Milliseconds since the epoch. */
  readonly sendAt: number | undefined;
  readonly expiresAt: number | undefined;
}

export const LONGEST_NAME = 164;
export const INTEREST_NAME = /^[a-zA-Z0-9_\-=@,.;]+$/;
const MAX_INTERESTS = 100;
const MAX_USERS = 1000;
/** The last second that a JavaScript date knows. */
const LAST_SECOND = 8_640_000_000_000;
const LONGEST_COLLAPSE_ID = 64;

const interestRule: Rule = text({ min: 1, max: LONGEST_NAME, pattern: INTEREST_NAME });

const TARGETS: Readonly<Record<'interests' | 'users', Rule>> = {
  interests: list(interestRule, { min: 1, max: MAX_INTERESTS }),
  users: list(text({ min: 1, max: LONGEST_NAME }), { min: 1, max: MAX_USERS, unique: true }),
};

const seconds = integer(0, LAST_SECOND);

const apns: Rule = object({
  fields: {
    aps: object(),
    data: object(),
    collapse_id: text({ min: 1, max: LONGEST_COLLAPSE_ID, pattern: /^[ -~]*$/ }),
    expiration: seconds,
    priority: oneOf(5, 10),
    pusher: object({ fields: { disable_delivery_tracking: boolean } }),
  },
});

/** A list, or one as JSON in a text, as the retired API had it. */
const args = either(list(text()), text());

const fcm: Rule = object({
  fields: {
    notification: object({
      fields: {
        title: text(),
        body: text(),
        image: text(),
        icon: text(),
        sound: text(),
        tag: text(),
        color: text(),
        click_action: text(),
        android_channel_id: text(),
        body_loc_key: text(),
        body_loc_args: args,
        title_loc_key: text(),
        title_loc_args: args,
      },
    }),
    data: fcmData,
    priority: oneOf('normal', 'high'),
    collapse_key: text(),
    time_to_live: integer(0, LONGEST_TTL),
  },
});

const RESERVED = /^(?:from$|message_type$|google\.|gcm\.)/;

/** Firebase keeps some names for itself and refuses the message. */
function fcmData(value: unknown, path: string): string | undefined {
  const violation = object()(value, path);
  if (violation !== undefined) return violation;
  const reserved = Object.keys(value as object).find((name) => RESERVED.test(name));
  return reserved === undefined ? undefined : says(path, `Additional property ${reserved} is not allowed`);
}

const web: Rule = object({
  fields: {
    time_to_live: integer(0, LONGEST_TTL),
    notification: object({
      fields: {
        title: text(),
        body: text(),
        icon: text(),
        deep_link: text(),
        hide_notification_if_site_has_focus: boolean,
      },
    }),
    data: object({ forbidden: ['pusher'] }),
  },
});

const PLATFORMS = ['apns', 'fcm', 'web'];

function bodyRule(to: 'interests' | 'users'): Rule {
  const other = to === 'interests' ? 'users' : 'interests';
  const fields = {
    [to]: TARGETS[to],
    apns,
    fcm,
    web,
    webhookUrl: webhookRule,
    send_at: seconds,
    expire_at: seconds,
  };
  const parts = object({ required: [to], forbidden: [other], fields: { [to]: TARGETS[to] } });
  const rest = object({ fields });
  return (body, path) =>
    parts(body, path) ?? somePlatform(body, path) ?? rest(body, path) ?? timeRule(body, path);
}

const somePlatform: Rule = (body, path) =>
  PLATFORMS.some((name) => Object.hasOwn(body as object, name))
    ? undefined
    : says(path, 'Must validate at least one schema (anyOf)');

function webhookRule(value: unknown, path: string): string | undefined {
  const violation = text({ max: 2048 })(value, path);
  if (violation !== undefined) return violation;
  return /^https?:\/\//i.test(value as string) && URL.canParse(value as string)
    ? undefined
    : says(path, "Does not match format 'uri'");
}

const timeRule: Rule = (body) => {
  const { send_at: sendAt, expire_at: expireAt } = body as Body;
  return expireAt !== undefined && sendAt !== undefined && expireAt <= sendAt
    ? says('expire_at', 'Must be later than send_at')
    : undefined;
};

const RULES = { interests: bodyRule('interests'), users: bodyRule('users') };

/** What is left unknown until the rules have been asked. */
interface Body extends BeamsBlocks {
  readonly interests?: readonly string[];
  readonly users?: readonly string[];
  readonly webhookUrl?: string;
  /** Seconds since the epoch. Ours: Beams has no schedule. */
  readonly send_at?: number;
  readonly expire_at?: number;
}

/** @returns what is asked, or the first violation in words */
export function askedPublishOf(
  body: Readonly<Record<string, unknown>>,
  to: 'interests' | 'users',
): AskedPublish | string {
  const violation = RULES[to](body, '');
  if (violation !== undefined) return violation;
  const {
    interests = [],
    users = [],
    webhookUrl,
    send_at: sendAt,
    expire_at: expireAt,
    ...blocks
  } = body as Body;
  return {
    target:
      to === 'interests'
        ? { kind: 'interests', interests: [...new Set(interests)] }
        : { kind: 'users', users },
    payloads: payloadsOf(blocks),
    webhookUrl,
    sendAt: sendAt === undefined ? undefined : sendAt * 1000,
    expiresAt: expireAt === undefined ? undefined : expireAt * 1000,
  };
}
