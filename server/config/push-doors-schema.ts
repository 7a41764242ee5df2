/** The doors of an app's push: by what they open. All is optional here; `push-reader.ts` says what belongs together. */
import { z } from 'zod';
import { named, names, texts } from './push-kinds.ts';
import { described, type Extra, secretText, urlSafe } from './setting-meta.ts';
import { isWebhookUrl } from './webhook-rules.ts';

export const BEAMS_EVENTS = [
  'v1.PublishToUsersAttempt',
  'v1.UserNotificationAcknowledgement',
  'v1.UserNotificationOpen',
] as const;

export const beamsWebhookUrl = (extra: Extra = {}) =>
  described(z.string().max(2048).refine(isWebhookUrl), {
    description: 'Address that events of Beams are posted to',
    must: 'an http:// or https:// address, without user name, password and fragment',
    secret: true,
    ...extra,
  });

export const beamsWebhook = described(
  z.strictObject({
    url: beamsWebhookUrl(),
    secret: secretText('Secret that signs them'),
    events: described(
      z
        .array(described(z.enum(BEAMS_EVENTS), { description: 'A type of event' }))
        .min(1)
        .max(BEAMS_EVENTS.length),
      {
        description: `The types sent, of ${BEAMS_EVENTS.join(', ')}`,
        must: `a list of ${BEAMS_EVENTS.join(', ')}`,
        kind: 'list of texts',
        fallback: 'all',
      },
    ).optional(),
    customData: described(z.record(z.string(), z.json()), {
      description: 'Sent with each as custom_data',
      must: 'a JSON object',
      kind: 'JSON object',
      fallback: '{}',
    }).optional(),
  }),
  { description: 'A webhook of Beams', must: 'a webhook, at least {"url": …, "secret": …}' },
);

const interest = described(z.string().regex(/^[\w\-=@,.;]{1,164}$/), {
  description: 'An interest',
  must: 'text of 1 to 164 letters, digits or any of _ - = @ , . ;',
});

const option = (description: string, extra: Extra) => described(z.boolean(), { description, ...extra });

export const beams = {
  instanceId: described(z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i), {
    description: 'Id of the Beams instance; opens the Beams door together with the secret key',
    must: 'a UUID, such as 6f2a1c1e-3b1d-4d53-9f0e-0a1b2c3d4e5f',
    ...names('BEAMS_INSTANCE_ID'),
  }).optional(),
  secretKey: secretText('Secret key of the Beams instance', names('BEAMS_SECRET_KEY')).optional(),
  allowUserChange: option('Let a device change its user, where Beams refuses', {
    fallback: 'false',
    ...names('BEAMS_ALLOW_USER_CHANGE'),
  }).optional(),
  devicesPerUser: described(z.number().int().min(0).max(1_000_000), {
    description: 'Devices of one platform that a user may have; 0 lifts the limit',
    fallback: '100',
    ...names('BEAMS_DEVICES_PER_USER'),
  }).optional(),
  initialInterests: texts(interest, 5000, 'Interests a new device starts with', {
    must: 'a list of interests',
    ...names('BEAMS_INITIAL_INTERESTS'),
  }).optional(),
  issuers: texts(named, 100, "Accepted as issuer of user tokens beside Beams' own", {
    must: 'a list of issuers',
    ...names('BEAMS_ISSUERS'),
  }).optional(),
};

export const centrifugo = {
  apiKey: secretText('API key that opens the Centrifugo door', names('PUSH_API_KEY')).optional(),
};

export const kinvey = {
  appKey: urlSafe('App key that opens the Kinvey door', names('KINVEY_APP_KEY')).optional(),
  appSecret: secretText('App secret of Kinvey', names('KINVEY_APP_SECRET')).optional(),
  masterSecret: secretText('Master secret of Kinvey', names('KINVEY_MASTER_SECRET')).optional(),
};
