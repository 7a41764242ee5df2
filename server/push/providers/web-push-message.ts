/** A message for browsers: its headers and its plaintext, checked against RFC 8030 and 8291. */
import { isObject, ShapeProblem } from './shape.ts';
import { MAX_PLAINTEXT_BYTES } from './web-push-encryption.ts';

/** Four weeks, in seconds. */
const DEFAULT_TTL = 2_419_200;
const MAX_TTL = 2 ** 31 - 1;
const URGENCIES: readonly unknown[] = ['very-low', 'low', 'normal', 'high'];
const TOPIC = /^[\w-]{1,32}$/;

export interface WebPushMessage {
  readonly plaintext: Buffer;
  /** Seconds. */
  readonly ttl: number;
  /** `urgency` and `topic` as far as they are given. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws ShapeProblem */
export function readWebPushMessage(block: object): WebPushMessage {
  const { ttl = DEFAULT_TTL, urgency, topic, payload } = block as Readonly<Record<string, unknown>>;
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 0 || ttl > MAX_TTL)
    throw new ShapeProblem('the Web Push "ttl" must be a whole number of seconds from 0 on');
  if (urgency !== undefined && !URGENCIES.includes(urgency))
    throw new ShapeProblem(`the Web Push "urgency" must be one of ${URGENCIES.join(', ')}`);
  if (topic !== undefined && (typeof topic !== 'string' || !TOPIC.test(topic)))
    throw new ShapeProblem('the Web Push "topic" must be 1 to 32 letters, digits or any of - _');
  if (!isObject(payload)) throw new ShapeProblem('the Web Push "payload" must be an object');
  const plaintext = Buffer.from(JSON.stringify(payload));
  if (plaintext.length > MAX_PLAINTEXT_BYTES)
    throw new ShapeProblem(
      `the Web Push payload has ${plaintext.length} bytes, and the limit is ${MAX_PLAINTEXT_BYTES}`,
    );
  const headers = {
    ...(urgency === undefined ? {} : { urgency: String(urgency) }),
    ...(topic === undefined ? {} : { topic: String(topic) }),
  };
  return { plaintext, ttl, headers };
}
