/** The body of a publish: what Beams' rules say of it, and what it asks for. Pure. */
import { type BeamsBlocks, payloadsOf } from '../../push/beams-payloads.ts';
import type { Payloads } from '../../push/payloads.ts';
import type { PublishTarget } from '../../push/publish.ts';
import { list, object, type Rule, says, text } from './body-rules.ts';
import { apns, fcm, seconds, web } from './payload-rules.ts';

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

const interestRule: Rule = text({ min: 1, max: LONGEST_NAME, pattern: INTEREST_NAME });

const TARGETS: Readonly<Record<'interests' | 'users', Rule>> = {
  interests: list(interestRule, { min: 1, max: MAX_INTERESTS }),
  users: list(text({ min: 1, max: LONGEST_NAME }), { min: 1, max: MAX_USERS, unique: true }),
};

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
