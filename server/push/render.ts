/**
 * A publish's payloads in the form that goes to a provider. What Beams' SDKs need to know of a notification is put into
 * its data: for devices of Beams, and for every recipient of a publish that came through Beams. Pure.
 */
import type { ProviderName } from './device.ts';
import type { ApnsPayload, Payloads, WebPushPayload } from './payloads.ts';

/** What Beams' SDKs are told, in `data.pusher`. */
export interface BeamsMark {
  readonly instanceId: string;
  readonly publishId: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** The Android SDK's activity of this name reports that a notification was opened, then does what was meant. */
const OPEN_TRACKING = 'com.pusher.pushnotifications.OPEN_TRACKING';

/**
 * The block of a provider, ready for `PushProvider.prepare`; undefined if the publish has none.
 * @param mark undefined for a recipient that has nothing to do with Beams
 * @param throughBeams the publish came through Beams: `apns.payload.pusher` holds its directives
 */
export function renderPayload(
  provider: ProviderName,
  payloads: Payloads,
  mark: BeamsMark | undefined,
  throughBeams: boolean,
): object | undefined {
  const payload = payloads[provider];
  if (payload === undefined || mark === undefined) return payload;
  switch (provider) {
    case 'fcm':
      return markedFcm(fieldsOf(payload), mark);
    case 'apns':
      return markedApns(payload as ApnsPayload, mark, throughBeams);
    case 'webpush':
      return markedWebPush(payload as WebPushPayload, mark);
    case 'hms':
      return payload;
  }
}

/** Values of FCM's data are texts, so `pusher` is one too. */
function markedFcm(message: Fields, mark: BeamsMark): object {
  const android = fieldsOf(message['android']);
  const notification = fieldsOf(android['notification']);
  const data = fieldsOf(message['data']);
  const displayable = message['notification'] !== undefined || android['notification'] !== undefined;
  const clickAction = notification['click_action'];
  const pusher = JSON.stringify({
    ...mark,
    clickAction,
    hasDisplayableContent: displayable,
    hasData: hasFields(data),
  });
  const marked = { ...message, data: { ...data, pusher } };
  if (!displayable) return marked;
  const tracked = { ...android, notification: { ...notification, click_action: OPEN_TRACKING } };
  return { ...marked, android: tracked };
}

function markedApns({ headers, payload }: ApnsPayload, mark: BeamsMark, throughBeams: boolean): object {
  const { pusher: directives, ...fields } = payload as Fields;
  if (!isFree(fields['data'])) return { headers, payload };
  const untracked = throughBeams && fieldsOf(directives)['disable_delivery_tracking'] === true;
  const aps = fieldsOf(fields['aps']);
  const data = fieldsOf(fields['data']);
  const marked = {
    ...fields,
    // Wakes the app, which then reports the delivery.
    aps: untracked ? aps : { ...aps, 'content-available': 1 },
    data: { ...data, pusher: { ...mark } },
  };
  const kept = throughBeams || directives === undefined ? marked : { ...marked, pusher: directives };
  return { headers, payload: kept };
}

/** Beams' service worker fails on a payload without `notification`. */
function markedWebPush(block: WebPushPayload, mark: BeamsMark): object {
  const fields = fieldsOf(block.payload);
  if (!isFree(fields['data'])) return block;
  const notification = fieldsOf(fields['notification']);
  const data = fieldsOf(fields['data']);
  const pusher = {
    ...mark,
    hasDisplayableContent: isText(notification['title']) || isText(notification['body']),
    hasData: hasFields(data),
  };
  return { ...block, payload: { ...fields, notification, data: { ...data, pusher } } };
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** Data that is no object has no room for a mark, and is the sender's. */
const isFree = (data: unknown): boolean =>
  data === undefined || (typeof data === 'object' && data !== null && !Array.isArray(data));

const hasFields = (value: Fields): boolean => Object.keys(value).length > 0;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
