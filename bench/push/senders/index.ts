/** All senders. The first of a scenario is what the others are compared with. */
import type { PushSender } from '../push-sender.ts';
import { apnsCarillon } from './apns-carillon.ts';
import { apnsNodeApn } from './apns-node-apn.ts';
import { fcmCarillon } from './fcm-carillon.ts';
import { fcmFirebaseAdmin } from './fcm-firebase-admin.ts';
import { hmsCarillon } from './hms-carillon.ts';
import { webPushCarillon, webPushEncryption } from './webpush-carillon.ts';
import { webPushLibrary } from './webpush-web-push.ts';

export const SENDERS: readonly PushSender[] = [
  fcmFirebaseAdmin,
  fcmCarillon,
  apnsNodeApn,
  apnsCarillon,
  webPushLibrary,
  webPushCarillon,
  webPushEncryption,
  hmsCarillon,
];

export function senderNamed(name: string): PushSender {
  const sender = SENDERS.find((one) => one.name === name);
  if (sender === undefined) throw new Error(`no sender "${name}"`);
  return sender;
}

export function scenarioOf({ name }: PushSender): string {
  return name.slice(0, name.indexOf('-'));
}
