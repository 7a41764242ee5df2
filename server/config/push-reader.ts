/** A `push` block, each part right by itself → an app's push settings: whole parts, read files, keys that work. */
import {
  type ApnsCredentials,
  type ApnsSettings,
  type BeamsSettings,
  type FcmSettings,
  type KinveySettings,
  NO_PUSH,
  type PushSettings,
  type WebPushSettings,
} from '../apps/push-settings.ts';
import type { Problem } from './config-error.ts';
import type { ReadFile } from './file.ts';
import { PartReader } from './part-reader.ts';
import {
  apnsIdProblem,
  apnsKeyProblem,
  certificateProblem,
  serviceAccountProblem,
  vapidPrivateKey,
  vapidPublicKey,
} from './push-credentials.ts';
import { BEAMS_EVENTS } from './push-doors-schema.ts';
import { type OnePush, type SpellPart, withPush } from './push-entry.ts';
import { type PushEntry, pushSchema } from './push-schema.ts';

export interface ReadPush {
  /** Complete only where there are no problems. */
  readonly push: PushSettings;
  readonly problems: readonly Problem[];
}

export function readPush(entry: PushEntry | undefined, spell: SpellPart, readFile: ReadFile): ReadPush {
  if (entry === undefined) return { push: NO_PUSH, problems: [] };
  const problems: Problem[] = [];
  const reader = (group: string) =>
    new PartReader({ spell: (name) => spell(`${group}.${name}`), readFile, problems });
  const { beams, centrifugo, kinvey, fcm, apns, webPush, hms, sharedNames = [], userChannels = [] } = entry;
  const push: PushSettings = {
    beams: beams && readBeams(beams, reader('beams')),
    centrifugo: centrifugo && { apiKey: reader('centrifugo').need('apiKey', centrifugo.apiKey, CENTRIFUGO) },
    kinvey: kinvey && readKinvey(kinvey, reader('kinvey')),
    fcm: fcm && readFcm(fcm, reader('fcm')),
    apns: apns && readApns(apns, reader('apns')),
    webPush: webPush && readWebPush(webPush, reader('webPush')),
    hms: hms && readHms(hms, reader('hms')),
    sharedNames,
    userChannels,
  };
  return { push, problems };
}

/** The same of what was given by itself. */
export function readOnePush(given: OnePush, readFile: ReadFile): ReadPush {
  return readPush(pushSchema.optional().parse(withPush(undefined, given)), given.spell, readFile);
}

/** An element of the block, for when it is there. */
type Part<Name extends keyof PushEntry> = NonNullable<PushEntry[Name]>;

const CENTRIFUGO = 'the Centrifugo door opens to a key';

function readBeams(part: Part<'beams'>, reader: PartReader): BeamsSettings {
  const why = 'the Beams door needs an instance id and a secret key';
  return {
    instanceId: reader.need('instanceId', part.instanceId, why),
    secretKey: reader.need('secretKey', part.secretKey, why),
    webhooks: (part.webhooks ?? []).map(({ url, secret, events = BEAMS_EVENTS, customData = {} }) => ({
      url,
      secret,
      events,
      customData,
    })),
    allowUserChange: part.allowUserChange ?? false,
    devicesPerUser: part.devicesPerUser ?? DEVICES_PER_USER,
    initialInterests: part.initialInterests ?? [],
    issuers: part.issuers ?? [],
  };
}

/** As Beams has it. */
const DEVICES_PER_USER = 100;

function readKinvey(part: Part<'kinvey'>, reader: PartReader): KinveySettings {
  const why = 'the Kinvey door needs an app key, an app secret and a master secret';
  return {
    appKey: reader.need('appKey', part.appKey, why),
    appSecret: reader.need('appSecret', part.appSecret, why),
    masterSecret: reader.need('masterSecret', part.masterSecret, why),
  };
}

function readFcm(part: Part<'fcm'>, reader: PartReader): FcmSettings {
  const { credentials, credentialsFile } = part;
  if (credentials !== undefined && credentialsFile !== undefined)
    reader.complain('credentials', 'stands beside credentialsFile; give one of them');
  const inline = credentials === undefined ? undefined : JSON.stringify(credentials);
  const name = inline === undefined ? 'credentialsFile' : 'credentials';
  const why = "FCM needs the JSON file of a service account's key";
  const content = inline ?? reader.file('credentialsFile', credentialsFile, why);
  reader.check(name, credentialsFile, content && serviceAccountProblem(content));
  return { credentials: content, endpoint: withoutSlash(part.endpoint) };
}

const SANDBOX = 'https://api.sandbox.push.apple.com';

function readApns(part: Part<'apns'>, reader: PartReader): ApnsSettings {
  const { endpoint } = part;
  return {
    credentials: apnsCredentials(part, reader),
    bundleId: reader.need('bundleId', part.bundleId, 'APNs needs the bundle id of the application'),
    endpoint:
      endpoint === 'production' ? undefined : endpoint === 'development' ? SANDBOX : withoutSlash(endpoint),
  };
}

function apnsCredentials(part: Part<'apns'>, reader: PartReader): ApnsCredentials {
  const { key, keyFile, certFile, certPassword } = part;
  if (certFile !== undefined && (key !== undefined || keyFile !== undefined))
    reader.complain('certFile', 'stands beside a signing key; give one of them');
  if (certFile !== undefined) return apnsCertificate(certFile, certPassword, reader);
  if (key !== undefined && keyFile !== undefined)
    reader.complain('key', 'stands beside keyFile; give one of them');
  const why = 'APNs needs a signing key with keyId and teamId, or a certificate';
  const pem = key ?? reader.file('keyFile', keyFile, why);
  reader.check(key === undefined ? 'keyFile' : 'key', keyFile, pem && apnsKeyProblem(pem));
  const hasKey = pem !== '';
  const keyId = hasKey ? reader.need('keyId', part.keyId, why) : '';
  const teamId = hasKey ? reader.need('teamId', part.teamId, why) : '';
  if (isApple(part.endpoint)) {
    reader.check('keyId', undefined, keyId && apnsIdProblem(keyId, 'Key ID'));
    reader.check('teamId', undefined, teamId && apnsIdProblem(teamId, 'Team ID'));
  }
  return { kind: 'token', key: pem, keyId, teamId };
}

/** Others than Apple may have rules of their own. */
function isApple(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return true;
  return `.${new URL(endpoint).hostname}`.endsWith('.push.apple.com');
}

function apnsCertificate(
  certFile: string,
  passphrase: string | undefined,
  reader: PartReader,
): ApnsCredentials {
  const pfx = Buffer.from(reader.file('certFile', certFile, '', 'latin1'), 'latin1');
  reader.check('certFile', certFile, pfx.length === 0 ? '' : certificateProblem(pfx, passphrase));
  return { kind: 'certificate', pfx, passphrase };
}

const PAIR = '`carillon vapid` makes a pair';

function readWebPush(part: Part<'webPush'>, reader: PartReader): WebPushSettings {
  const why = `Web Push needs a pair of VAPID keys; ${PAIR}`;
  const given = {
    publicKey: reader.need('publicKey', part.publicKey, why),
    privateKey: reader.need('privateKey', part.privateKey, why),
  };
  const publicKey = vapidPublicKey(given.publicKey);
  const pair = vapidPrivateKey(given.privateKey);
  if (given.publicKey !== '' && publicKey === undefined)
    reader.complain(
      'publicKey',
      `must be the base64url of 65 bytes, an uncompressed point on P-256; ${PAIR}`,
    );
  if (given.privateKey !== '' && pair === undefined)
    reader.complain('privateKey', `must be the base64url of 32 bytes, a private key on P-256; ${PAIR}`);
  if (publicKey !== undefined && pair !== undefined && pair.publicKey !== publicKey)
    reader.complain('privateKey', `belongs to another public key than the one given; ${PAIR}`);
  return {
    publicKey: publicKey ?? '',
    privateKey: pair?.privateKey ?? '',
    subject: reader.need(
      'subject',
      part.subject,
      'push services want to know whom to ask, such as mailto:you@example.com',
    ),
    allowedOrigins: part.allowedOrigins ?? [],
  };
}

function readHms(part: Part<'hms'>, reader: PartReader): NonNullable<PushSettings['hms']> {
  const why = 'HMS needs an app id and its secret';
  return {
    appId: reader.need('appId', part.appId, why),
    appSecret: reader.need('appSecret', part.appSecret, why),
    endpoint: withoutSlash(part.endpoint),
    tokenEndpoint: part.tokenEndpoint,
  };
}

function withoutSlash(address: string | undefined): string | undefined {
  return address?.replace(/\/+$/, '');
}
