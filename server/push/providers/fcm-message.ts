/** A `Message` of FCM HTTP v1 without its target: whether FCM would take it, and its bytes. Pure. */
import { type Fields, field, isObject, ShapeProblem, stringMap, text } from './shape.ts';

/** Bytes of what a device gets: keys and values. */
const FCM_LIMIT = 4096;
export const FCM_TOPIC_LIMIT = 2048;
/** Four weeks. */
const MAX_TTL_SECONDS = 2_419_200;

const TARGETS = ['token', 'fid', 'topic', 'condition'];
const PARTS = ['name', 'data', 'notification', 'android', 'webpush', 'apns', 'fcm_options', 'fcmOptions'];

export interface FcmMessage {
  readonly message: Fields;
  /** What counts towards the limit. */
  readonly bytes: number;
}

/** Checks what FCM documents. Throws `ShapeProblem` with a sentence that names the field. */
export function readFcmMessage(payload: object): FcmMessage {
  if (!isObject(payload)) throw new ShapeProblem('the FCM message must be an object');
  for (const name of Object.keys(payload)) {
    if (TARGETS.includes(name))
      throw new ShapeProblem(`"${name}" must not be in the FCM message: the target is named apart from it`);
    if (!PARTS.includes(name)) throw new ShapeProblem(`"${name}" is no field of an FCM message`);
  }
  const data = dataOf(payload['data'], 'data');
  const notification = notificationOf(payload['notification'], 'notification');
  const bytes = Math.max(
    sizeOf(data, notification),
    androidBytes(payload['android'], data, notification),
    apnsBytes(payload['apns']),
    webpushBytes(payload['webpush'], data),
  );
  if (bytes > FCM_LIMIT)
    throw new ShapeProblem(`the FCM message has ${bytes} bytes of payload, and the limit is ${FCM_LIMIT}`);
  return { message: payload, bytes };
}

/**
 * The JSON of a message behind its target, from the comma on: `,"data":…}`, or `}` if there is nothing.
 * @param expiresInSeconds told to every platform whose block names no lifetime; undefined: FCM's own four weeks
 */
export function encodeFcmRest(
  { message }: FcmMessage,
  expiresInSeconds: number | undefined,
  now: number,
): string {
  const full = expiresInSeconds === undefined ? message : withExpiry(message, expiresInSeconds, now);
  const json = JSON.stringify(full);
  return json === '{}' ? '}' : `,${json.slice(1)}`;
}

function withExpiry(message: Fields, seconds: number, now: number): Fields {
  const ttl = Math.min(MAX_TTL_SECONDS, Math.max(0, Math.floor(seconds)));
  const part = (name: string): Fields => (isObject(message[name]) ? message[name] : {});
  const android = part('android');
  const apns = part('apns');
  const webpush = part('webpush');
  const headersOf = ({ headers }: Fields): Fields => (isObject(headers) ? headers : {});
  const expiration = String(Math.floor(now / 1000) + ttl);
  return {
    ...message,
    android: { ttl: `${ttl}s`, ...android },
    apns: { ...apns, headers: { 'apns-expiration': expiration, ...headersOf(apns) } },
    webpush: { ...webpush, headers: { TTL: String(ttl), ...headersOf(webpush) } },
  };
}

function dataOf(value: unknown, path: string): Fields {
  const data = stringMap(value, path);
  for (const name of Object.keys(data)) {
    if (name === 'from' || name === 'message_type' || /^(google|gcm\.notification)\./.test(name))
      throw new ShapeProblem(`"${path}.${name}" is a name that FCM keeps for itself`);
  }
  return data;
}

function notificationOf(value: unknown, path: string): Fields {
  const notification = objectAt(value, path);
  for (const name of ['title', 'body', 'image']) text(notification[name], `${path}.${name}`);
  return notification;
}

function androidBytes(value: unknown, data: Fields, notification: Fields): number {
  const android = objectAt(value, 'android');
  text(field(android, 'collapse_key', 'collapseKey'), 'android.collapse_key');
  const { priority, ttl } = android;
  if (priority !== undefined && !/^(normal|high)$/i.test(String(priority)))
    throw new ShapeProblem('"android.priority" must be NORMAL or HIGH');
  if (ttl !== undefined && !isTtl(ttl))
    throw new ShapeProblem(
      `"android.ttl" must be a duration such as "3600s", of at most ${MAX_TTL_SECONDS} seconds`,
    );
  const own = notificationOf(android['notification'], 'android.notification');
  const { color } = own;
  if (color !== undefined && !/^#[0-9a-f]{6}$/i.test(String(color)))
    throw new ShapeProblem('"android.notification.color" must look like #rrggbb');
  const ownData = dataOf(android['data'], 'android.data');
  // What the platform says replaces all the data and single fields of the notification.
  return sizeOf(Object.keys(ownData).length > 0 ? ownData : data, { ...notification, ...own });
}

function apnsBytes(value: unknown): number {
  const apns = objectAt(value, 'apns');
  stringMap(apns['headers'], 'apns.headers');
  const payload = objectAt(apns['payload'], 'apns.payload');
  return Object.keys(payload).length === 0 ? 0 : Buffer.byteLength(JSON.stringify(payload));
}

function webpushBytes(value: unknown, data: Fields): number {
  const webpush = objectAt(value, 'webpush');
  stringMap(webpush['headers'], 'webpush.headers');
  const own = dataOf(webpush['data'], 'webpush.data');
  const options = objectAt(field(webpush, 'fcm_options', 'fcmOptions'), 'webpush.fcm_options');
  const { link } = options;
  if (link !== undefined && !String(link).startsWith('https://'))
    throw new ShapeProblem('"webpush.fcm_options.link" must be an https address');
  const notification = objectAt(webpush['notification'], 'webpush.notification');
  return sizeOf(Object.keys(own).length > 0 ? own : data, notification);
}

function isTtl(ttl: unknown): boolean {
  const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(String(ttl))?.[1];
  return seconds !== undefined && Number(seconds) <= MAX_TTL_SECONDS;
}

/** Bytes of keys and values. */
function sizeOf(...parts: readonly Fields[]): number {
  let bytes = 0;
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      bytes += Buffer.byteLength(name);
      bytes += Buffer.byteLength(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
    }
  }
  return bytes;
}

function objectAt(value: unknown, path: string): Fields {
  if (value === undefined) return {};
  if (!isObject(value)) throw new ShapeProblem(`"${path}" must be an object`);
  return value;
}
