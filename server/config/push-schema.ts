/**
 * The `push` block of an app: its doors and its providers. The same parts are settings by themselves for the one app
 * that the environment describes. What the parts demand of each other is in `push-reader.ts`.
 */
import { z } from 'zod';
import { isUserPattern } from '../push/user-channels.ts';
import { beams, beamsWebhook, beamsWebhookUrl, centrifugo, kinvey } from './push-doors-schema.ts';
import { named, names, texts } from './push-kinds.ts';
import { apns, fcm, hms, webPush } from './push-providers-schema.ts';
import { described, group, secretText, whole } from './setting-meta.ts';

const sharedNames = texts(
  named,
  1000,
  'Patterns with `*`: names that are one group, as interest and as channel',
  { must: 'a list of at most 1000 patterns', ...names('PUSH_SHARED_NAMES') },
).optional();

const userChannels = texts(
  described(z.string().min(1).max(255).refine(isUserPattern), {
    description: 'A pattern of channel names',
    must: 'a channel name with {user} in it once, and * at most once with other characters between the two',
  }),
  100,
  "Patterns of channel names with `{user}`: whom an event's `push` is for",
  { must: 'a list of at most 100 patterns', ...names('PUSH_USER_CHANNELS') },
).optional();

const part = <S extends z.ZodRawShape>(description: string, shape: S) =>
  described(z.strictObject(shape), { description, must: 'a group of settings' });

/** As an app lists it. */
export const pushSchema = described(
  z.strictObject({
    beams: part('The Beams door', {
      ...beams,
      webhooks: described(z.array(beamsWebhook).max(100), {
        description: 'Where events of Beams go',
        must: 'a list of at most 100 webhooks',
        kind: 'list of webhooks',
        secret: true,
      }).optional(),
    }).optional(),
    centrifugo: part('The Centrifugo door', centrifugo).optional(),
    kinvey: part('The Kinvey door', kinvey).optional(),
    fcm: part('FCM', {
      ...fcm,
      credentials: described(z.record(z.string(), z.json()), {
        description: 'The content of that file in its place',
        must: "a service account's JSON object",
        kind: 'JSON object',
        secret: true,
      }).optional(),
    }).optional(),
    apns: part('APNs', {
      ...apns,
      key: described(z.string().min(1).max(16_384), {
        description: 'The text of keyFile in its place',
        must: 'the PEM text of a private key',
        secret: true,
      }).optional(),
    }).optional(),
    webPush: part('Web Push', webPush).optional(),
    hms: part('HMS Push Kit', hms).optional(),
    sharedNames,
    userChannels,
  }),
  { description: 'Push notifications', must: 'the settings of push notifications' },
);

const HEADING = 'Push of one app';
/** As settings of their own: all that has no parts. One webhook can be given so. */
export const oneAppPush = group(HEADING, {
  beams: group(HEADING, {
    ...beams,
    webhookUrl: beamsWebhookUrl(names('BEAMS_WEBHOOK_URL')).optional(),
    webhookSecret: secretText('Secret that signs them', names('BEAMS_WEBHOOK_SECRET')).optional(),
  }).prefault({}),
  centrifugo: group(HEADING, centrifugo).prefault({}),
  kinvey: group(HEADING, kinvey).prefault({}),
  fcm: group(HEADING, fcm).prefault({}),
  apns: group(HEADING, apns).prefault({}),
  webPush: group(HEADING, webPush).prefault({}),
  hms: group(HEADING, hms).prefault({}),
  sharedNames,
  userChannels,
}).prefault({});

/** Of the node, for all apps. */
export const pushDelivery = group('Push', {
  maxInactiveDeviceDays: whole(
    0,
    36_500,
    0,
    'Days after which devices that did not register again are removed; 0 keeps them',
  ),
  keepDays: whole(1, 3650, 30, 'Days for which finished publishes can be asked about'),
  addressPerSecond: whole(
    0,
    1_000_000,
    100,
    'Requests a second of one public address at the doors of devices, in the long run; 0 lifts it',
  ),
  addressBurst: whole(1, 1_000_000, 5000, 'Such requests of one address at once'),
});

/** A `push` block, checked part by part. */
export type PushEntry = z.output<typeof pushSchema>;
/** The settings of their own. */
export type OneAppPush = z.output<typeof oneAppPush>;
