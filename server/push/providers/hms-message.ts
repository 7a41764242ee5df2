/** A message of HMS Push Kit without its target, checked as far as Huawei documents it. */
import { isObject, ShapeProblem, text } from './shape.ts';

const MAX_BYTES = 4096;
const MAX_TTL_SECONDS = 1_296_000;
const TTL = /^(\d+)(\.\d+)?s$/;
const TARGETS = ['token', 'topic', 'condition'];
/** Open an activity, a web page, the application. */
const CLICK_ACTIONS: readonly unknown[] = [1, 2, 3, 4];
const MAX_BUTTONS = 3;
const MAX_CONDITION_TOPICS = 5;

export interface HmsMessage {
  readonly message: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** As given in `android.ttl`. */
  readonly ttlSeconds: number | undefined;
}

/** @throws ShapeProblem */
export function readHmsMessage(block: object): HmsMessage {
  const message = block as Readonly<Record<string, unknown>>;
  for (const name of TARGETS) {
    if (message[name] !== undefined)
      throw new ShapeProblem(`the HMS message has a "${name}"; who gets it is said elsewhere`);
  }
  text(message['data'], 'data');
  const { notification, android } = message;
  if (notification !== undefined && !isObject(notification))
    throw new ShapeProblem('"notification" must be an object');
  const ttlSeconds = android === undefined ? undefined : readAndroid(android);
  const bytes = Buffer.byteLength(JSON.stringify(message));
  if (bytes > MAX_BYTES)
    throw new ShapeProblem(`the HMS message has ${bytes} bytes, and the limit is ${MAX_BYTES}`);
  return { message, bytes, ttlSeconds };
}

/**
 * The message as JSON, open at its end for a target.
 * @param left seconds until nobody wants it any more; undefined for ever
 */
export function encodeHmsMessage({ message, ttlSeconds }: HmsMessage, left: number | undefined): string {
  const ttl = left === undefined ? undefined : Math.max(0, Math.ceil(left));
  const shorter = ttl !== undefined && ttl < (ttlSeconds ?? MAX_TTL_SECONDS);
  const android = isObject(message['android']) ? message['android'] : {};
  const timed = shorter ? { ...message, android: { ...android, ttl: `${ttl}s` } } : message;
  const body = JSON.stringify(timed).slice(0, -1);
  return `{"validate_only":false,"message":${body}${body === '{' ? '' : ','}`;
}

/** Why a group can't be sent to. */
export function conditionProblem(condition: string): string | undefined {
  const topics = condition.match(/\bin\s+topics\b/g)?.length ?? 0;
  if (topics <= MAX_CONDITION_TOPICS) return undefined;
  return `the condition names ${topics} topics, and the limit of HMS is ${MAX_CONDITION_TOPICS}`;
}

/** @returns the TTL in seconds, as far as it is given */
function readAndroid(android: unknown): number | undefined {
  if (!isObject(android)) throw new ShapeProblem('"android" must be an object');
  const { collapse_key: collapseKey, ttl, urgency, notification } = android;
  if (collapseKey !== undefined && !isWhole(collapseKey, -1, 100))
    throw new ShapeProblem('"android.collapse_key" must be a whole number from -1 to 100');
  if (urgency !== undefined && urgency !== 'HIGH' && urgency !== 'NORMAL')
    throw new ShapeProblem('"android.urgency" must be HIGH or NORMAL');
  if (notification !== undefined) checkNotification(notification);
  return ttl === undefined ? undefined : readTtl(ttl);
}

function readTtl(ttl: unknown): number {
  const seconds = typeof ttl === 'string' ? Number(TTL.exec(ttl)?.[1] ?? Number.NaN) : Number.NaN;
  if (!(seconds <= MAX_TTL_SECONDS))
    throw new ShapeProblem(`"android.ttl" must be seconds such as "3600s", at most "${MAX_TTL_SECONDS}s"`);
  return seconds;
}

function checkNotification(notification: unknown): void {
  if (!isObject(notification)) throw new ShapeProblem('"android.notification" must be an object');
  const { click_action: action, buttons } = notification;
  if (action !== undefined && !(isObject(action) && CLICK_ACTIONS.includes(action['type'])))
    throw new ShapeProblem('"android.notification.click_action.type" must be one of 1, 2, 3, 4');
  if (buttons !== undefined && !(Array.isArray(buttons) && buttons.length <= MAX_BUTTONS))
    throw new ShapeProblem(`"android.notification.buttons" must be a list of at most ${MAX_BUTTONS}`);
}

function isWhole(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}
