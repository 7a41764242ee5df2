/**
 * A Beams publish → what each provider takes. Beams' `fcm` block has the form of Google's retired HTTP API, its `apns`
 * and `web` blocks have forms of their own. What Beams adds for its SDKs (`data.pusher`) comes when it is sent. The
 * blocks have passed the rules of `http/beams/publish-body.ts`. Pure.
 */
import type { ApnsPayload, Payloads, WebPushPayload } from './payloads.ts';

type Json = Readonly<Record<string, unknown>>;

export interface BeamsBlocks {
  readonly apns?: Json | undefined;
  readonly fcm?: Json | undefined;
  readonly web?: Json | undefined;
}

/** Seconds: four weeks. */
export const LONGEST_TTL = 2_419_200;

export function payloadsOf({ apns, fcm, web }: BeamsBlocks): Payloads {
  return {
    apns: apns === undefined ? undefined : apnsPayload(apns),
    fcm: fcm === undefined ? undefined : fcmMessage(fcm),
    webpush: web === undefined ? undefined : webPushPayload(web),
  };
}

const APNS_HEADERS: ReadonlyArray<readonly [field: string, header: string]> = [
  ['collapse_id', 'apns-collapse-id'],
  ['expiration', 'apns-expiration'],
  ['priority', 'apns-priority'],
];

/** The keys of Apple's own dictionary. */
const APS_KEYS = [
  'alert',
  'badge',
  'sound',
  'thread-id',
  'category',
  'content-available',
  'mutable-content',
  'target-content-id',
  'interruption-level',
  'relevance-score',
  'filter-criteria',
  'stale-date',
  'content-state',
  'timestamp',
  'event',
  'dismissal-date',
  'attributes-type',
  'attributes',
];

/**
 * Headers, and `{"aps":…,"data":…}`. Apple's keys beside `data`, as one page of Beams' documentation shows them, go where
 * they belong; other keys are left out. `pusher` stays for the renderer, which acts on it and takes it away.
 */
function apnsPayload(block: Json): ApnsPayload {
  const headers = APNS_HEADERS.flatMap(([field, header]) =>
    block[field] === undefined ? [] : [[header, String(block[field])]],
  );
  const aps = block['aps'] ?? picked(block, APS_KEYS);
  return {
    headers: Object.fromEntries(headers) as Record<string, string>,
    payload: { aps, ...picked(block, ['data', 'pusher']) },
  };
}

/** Fields of the retired API's `notification` that FCM v1 has under `android.notification`, by the new name. */
const ANDROID_FIELDS: ReadonlyArray<readonly [field: string, name: string]> = [
  ['icon', 'icon'],
  ['sound', 'sound'],
  ['tag', 'tag'],
  ['color', 'color'],
  ['click_action', 'click_action'],
  ['body_loc_key', 'body_loc_key'],
  ['body_loc_args', 'body_loc_args'],
  ['title_loc_key', 'title_loc_key'],
  ['title_loc_args', 'title_loc_args'],
  ['android_channel_id', 'channel_id'],
];

/** A message of FCM v1 without its target. */
function fcmMessage(block: Json): object {
  const { notification, data, priority, collapse_key, time_to_live } = block;
  const shown = notification as Json | undefined;
  const android = {
    ...(priority === undefined ? {} : { priority: String(priority).toUpperCase() }),
    ...(collapse_key === undefined ? {} : { collapse_key }),
    ...(time_to_live === undefined ? {} : { ttl: `${String(time_to_live)}s` }),
    ...androidNotification(shown ?? {}),
  };
  return {
    ...(shown === undefined ? {} : { notification: picked(shown, ['title', 'body', 'image']) }),
    ...(data === undefined ? {} : { data: withTexts(data as Json) }),
    ...(Object.keys(android).length === 0 ? {} : { android }),
  };
}

function androidNotification(notification: Json): object {
  const entries = ANDROID_FIELDS.flatMap(([field, name]): Array<[string, unknown]> => {
    const value = notification[field];
    if (value === undefined) return [];
    return [[name, field.endsWith('_args') ? listOf(value) : value]];
  });
  const count = Number(notification['badge']);
  // A badge is Apple's; Android has a count, which is as near as it gets.
  if (
    notification['badge'] !== undefined &&
    notification['badge'] !== '' &&
    Number.isInteger(count) &&
    count >= 0
  ) {
    entries.push(['notification_count', count]);
  }
  return entries.length === 0 ? {} : { notification: Object.fromEntries(entries) };
}

/** The retired API took lists as JSON in a text. */
function listOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) ? list.map(String) : [value];
  } catch {
    return [value];
  }
}

/** FCM takes texts only. */
function withTexts(data: Json): Json {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** What the service worker gets; it reads `notification` without looking whether it is there. */
function webPushPayload(block: Json): WebPushPayload {
  const { time_to_live, notification, data } = block;
  return {
    ttl: (time_to_live as number | undefined) ?? LONGEST_TTL,
    payload: { notification: notification ?? {}, data: data ?? {} },
  };
}

function picked(block: Json, keys: readonly string[]): Json {
  return Object.fromEntries(
    keys.flatMap((key) => (block[key] === undefined ? [] : [[key, block[key]] as const])),
  );
}
