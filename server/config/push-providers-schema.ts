/** The providers of an app's push: credentials and addresses. All is optional here, as in `push-doors-schema.ts`. */
import { z } from 'zod';
import { address, isAddress, names, text, texts } from './push-kinds.ts';
import { described, filePath, secretText, urlSafe } from './setting-meta.ts';

const APNS_HOSTS = ['production', 'development'];

const pushOrigin = described(
  z.string().regex(/^https?:\/\/(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i),
  {
    description: 'An origin',
    must: 'an origin such as https://push.example.com or https://*.example.com, without a path',
  },
);

export const fcm = {
  credentialsFile: filePath(
    'JSON file of a service account that may send with FCM',
    names('FCM_CREDENTIALS'),
  ).optional(),
  endpoint: address("Where messages go instead of FCM's own address; http:// is HTTP/2 without TLS (h2c)", {
    fallback: 'https://fcm.googleapis.com',
    ...names('FCM_ENDPOINT'),
  }).optional(),
};

export const apns = {
  keyFile: filePath(
    '.p8 file with the signing key of APNs; give keyId and teamId with it',
    names('APNS_KEY'),
  ).optional(),
  keyId: text('Id of that key', names('APNS_KEY_ID')).optional(),
  teamId: text('Id of the team it belongs to', names('APNS_TEAM_ID')).optional(),
  certFile: filePath(
    '.p12 file with a certificate of APNs and its key, in place of a signing key',
    names('APNS_CERT'),
  ).optional(),
  certPassword: described(z.string().max(1024), {
    description: 'Password of that file',
    must: 'text of at most 1024 characters',
    secret: true,
    ...names('APNS_CERT_PASSWORD'),
  }).optional(),
  bundleId: text(
    'Bundle id of the application: the topic, unless a notification names one',
    names('APNS_BUNDLE_ID'),
  ).optional(),
  endpoint: described(
    z
      .string()
      .max(2048)
      .refine((given) => APNS_HOSTS.includes(given) || isAddress(given)),
    {
      description: 'production, development, or an address in place of both; http:// is h2c',
      must: 'production, development, or an https:// or http:// address',
      fallback: 'production',
      ...names('APNS_ENDPOINT'),
    },
  ).optional(),
};

export const webPush = {
  publicKey: text(
    'VAPID key that browsers subscribe with; `carillon vapid` makes a pair',
    names('VAPID_PUBLIC_KEY'),
  ).optional(),
  privateKey: secretText('Its private key', names('VAPID_PRIVATE_KEY')).optional(),
  subject: described(
    z
      .string()
      .regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/[^\s/@]+(\/\S*)?)$/)
      .max(1024),
    {
      description: 'Whom a push service may ask about us',
      must: 'mailto: with an e-mail address, or an https:// address',
      ...names('VAPID_SUBJECT'),
    },
  ).optional(),
  allowedOrigins: texts(pushOrigin, 1000, 'Origins of push services allowed beside the known ones', {
    must: 'a list of at most 1000 origins',
    ...names('WEB_PUSH_ALLOWED_ORIGINS'),
  }).optional(),
};

export const hms = {
  appId: urlSafe('App id of HMS Push Kit', names('HMS_APP_ID')).optional(),
  appSecret: secretText('Its app secret', names('HMS_APP_SECRET')).optional(),
  endpoint: address("Where messages go instead of HMS' own address", {
    fallback: 'https://push-api.cloud.huawei.com',
    ...names('HMS_ENDPOINT'),
  }).optional(),
  tokenEndpoint: address("Where access tokens come from instead of HMS' own address", {
    fallback: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
    ...names('HMS_TOKEN_ENDPOINT'),
  }).optional(),
};
