/** What is sent in a benchmark: the same text for all services, to tokens of a real one's length. */
import { createHash } from 'node:crypto';

const TITLE = 'Parcel on its way';
const BODY = 'It arrives tomorrow between nine and eleven';
const DATA = { order: '123456789', mid: '01J9ZQ3V7M5T8X' };

export const FCM_PAYLOAD = { notification: { title: TITLE, body: BODY }, data: DATA };

export const APNS_PAYLOAD = {
  aps: { alert: { title: TITLE, body: BODY }, badge: 3, sound: 'default' },
  ...DATA,
};

/** What a service worker gets. */
export const WEB_PUSH_PAYLOAD = {
  ttl: 3600,
  payload: { notification: { title: TITLE, body: BODY }, data: DATA },
};

export const HMS_PAYLOAD = {
  notification: { title: TITLE, body: BODY },
  android: { ttl: '3600s', notification: { click_action: { type: 3 } } },
  data: JSON.stringify(DATA),
};

const POOL = 10_000;
const hex = Array.from({ length: POOL }, (_, i) => createHash('sha256').update(String(i)).digest('hex'));
const long = hex.map((token) => `${token.slice(0, 22)}:APA91b${token}${token.slice(0, 62)}`);

let next = 0;

/** 64 hex digits, as APNs has them. */
export function apnsToken(): string {
  next = (next + 1) % POOL;
  return hex[next] as string;
}

/** As long as a registration token of FCM. */
export function fcmToken(): string {
  next = (next + 1) % POOL;
  return long[next] as string;
}
