/** The `push` block and the settings of one app's push: whose they are, what is wrong with them, what is shown. */
import { describe, expect, it } from 'vitest';
import type { App } from '../../../server/apps/app.ts';
import { NO_PUSH } from '../../../server/apps/push-settings.ts';
import { maskedConfig } from '../../../server/cli/masked-config.ts';
import { ecKeyPem, PKCS12, serviceAccount } from '../../support/push/credentials.ts';
import { vapidPair } from '../../support/push/fake-vapid.ts';
import { type Given, ONE_APP, parse, problems } from './support.ts';

const INSTANCE = '6f2a1c1e-3b1d-4d53-9f0e-0a1b2c3d4e5f';
const P8 = ecKeyPem();
const P12 = PKCS12.content;
const ACCOUNT = serviceAccount();
const PAIR = vapidPair();

const FILES = {
  'fcm.json': JSON.stringify(ACCOUNT),
  'apns.p8': P8,
  'apns.p12': P12.toString('latin1'),
};

const ENV = {
  CARILLON_BEAMS_INSTANCE_ID: INSTANCE,
  CARILLON_BEAMS_SECRET_KEY: 'beams-secret',
  CARILLON_BEAMS_WEBHOOK_URL: 'https://example.com/beams',
  CARILLON_BEAMS_WEBHOOK_SECRET: 'webhook-secret',
  CARILLON_PUSH_API_KEY: 'centrifugo-key',
  CARILLON_KINVEY_APP_KEY: 'kid_1',
  CARILLON_KINVEY_APP_SECRET: 'kinvey-app-secret',
  CARILLON_KINVEY_MASTER_SECRET: 'kinvey-master-secret',
  CARILLON_FCM_CREDENTIALS: 'fcm.json',
  CARILLON_FCM_ENDPOINT: 'http://127.0.0.1:9001/',
  CARILLON_APNS_KEY: 'apns.p8',
  CARILLON_APNS_KEY_ID: 'KEY1234567',
  CARILLON_APNS_TEAM_ID: 'TEAM123456',
  CARILLON_APNS_BUNDLE_ID: 'com.example.app',
  CARILLON_APNS_ENDPOINT: 'development',
  CARILLON_VAPID_PUBLIC_KEY: PAIR.publicKey,
  CARILLON_VAPID_PRIVATE_KEY: PAIR.privateKey,
  CARILLON_VAPID_SUBJECT: 'mailto:ops@example.com',
  CARILLON_HMS_APP_ID: '100200300',
  CARILLON_HMS_APP_SECRET: 'hms-secret',
  CARILLON_HMS_ENDPOINT: 'http://127.0.0.1:9002',
  CARILLON_HMS_TOKEN_ENDPOINT: 'http://127.0.0.1:9002/oauth2/v3/token',
} as const;

const pushOf = (given: Given): App['push'] | undefined => parse(given).config.apps[0]?.push;

/** One app in a file, with this block. */
const listed = (push: object, ...others: object[]): Given => ({
  flags: ['--config', 'c.json'],
  files: {
    ...FILES,
    'c.json': JSON.stringify({
      apps: [push, ...others].map((block, at) => ({ id: `${at}`, key: `k${at}`, secret: 's', push: block })),
    }),
  },
});

describe('push by environment', () => {
  it('is complete with the names that one app can be described with', () => {
    expect(pushOf({ env: { ...ONE_APP, ...ENV }, files: FILES })).toEqual({
      beams: {
        instanceId: INSTANCE,
        secretKey: 'beams-secret',
        webhooks: [
          {
            url: 'https://example.com/beams',
            secret: 'webhook-secret',
            events: [
              'v1.PublishToUsersAttempt',
              'v1.UserNotificationAcknowledgement',
              'v1.UserNotificationOpen',
            ],
            customData: {},
          },
        ],
        allowUserChange: false,
        devicesPerUser: 100,
        initialInterests: [],
        issuers: [],
      },
      centrifugo: { apiKey: 'centrifugo-key' },
      kinvey: { appKey: 'kid_1', appSecret: 'kinvey-app-secret', masterSecret: 'kinvey-master-secret' },
      fcm: { credentials: FILES['fcm.json'], endpoint: 'http://127.0.0.1:9001' },
      apns: {
        credentials: { kind: 'token', key: P8, keyId: 'KEY1234567', teamId: 'TEAM123456' },
        bundleId: 'com.example.app',
        endpoint: 'https://api.sandbox.push.apple.com',
      },
      webPush: { ...PAIR, subject: 'mailto:ops@example.com', allowedOrigins: [] },
      hms: {
        appId: '100200300',
        appSecret: 'hms-secret',
        endpoint: 'http://127.0.0.1:9002',
        tokenEndpoint: 'http://127.0.0.1:9002/oauth2/v3/token',
      },
      sharedNames: [],
      userChannels: [],
    });
  });

  it('belongs to the made-up app when there is no other', () => {
    const { config, warnings } = parse({ env: ENV, files: FILES });
    expect(config.developmentApp?.push.beams?.instanceId).toBe(INSTANCE);
    expect(warnings).toEqual([]);
  });

  it('belongs to the only app of a list, over what stands there', () => {
    const given = listed({ hms: { appId: '1', appSecret: 'listed' }, sharedNames: ['news-*'] });
    const push = pushOf({ ...given, env: { CARILLON_HMS_APP_ID: '2', CARILLON_PUSH_API_KEY: 'key' } });
    expect(push).toEqual({
      ...NO_PUSH,
      hms: { appId: '2', appSecret: 'listed', endpoint: undefined, tokenEndpoint: undefined },
      centrifugo: { apiKey: 'key' },
      sharedNames: ['news-*'],
    });
  });

  it('is refused beside a list of several, unless its app is named', () => {
    const given = { ...listed({}, {}), env: { CARILLON_PUSH_API_KEY: 'key' } };
    expect(problems(given)).toEqual([
      'CARILLON_PUSH_API_KEY is for one app, and the list has several; give push to an app of the list ' +
        'instead, or name its app by CARILLON_APP_ID, key and secret',
    ]);
    const apps = parse({ ...given, env: { ...given.env, ...ONE_APP } }).config.apps;
    expect(apps.map(({ id, push }) => [id, push.centrifugo])).toEqual([
      ['7', { apiKey: 'key' }],
      ['0', undefined],
      ['1', undefined],
    ]);
  });

  it('does not change which file is said to list the apps', () => {
    expect(parse({ ...listed({}), env: { CARILLON_PUSH_API_KEY: 'key' } }).appsFile).toBe('c.json');
  });

  it.each([
    [{ CARILLON_FCM_ENDPOINT: 'http://127.0.0.1:1' }, 'CARILLON_FCM_CREDENTIALS is missing; FCM needs'],
    [{ CARILLON_BEAMS_INSTANCE_ID: INSTANCE }, 'CARILLON_BEAMS_SECRET_KEY is missing; the Beams door'],
    [{ CARILLON_BEAMS_SECRET_KEY: 's' }, 'CARILLON_BEAMS_INSTANCE_ID is missing; the Beams door'],
    [{ CARILLON_HMS_APP_ID: '1' }, 'CARILLON_HMS_APP_SECRET is missing; HMS needs'],
    [
      { CARILLON_VAPID_PUBLIC_KEY: PAIR.publicKey, CARILLON_VAPID_PRIVATE_KEY: PAIR.privateKey },
      'CARILLON_VAPID_SUBJECT is missing; push services want to know whom to ask',
    ],
    [
      { CARILLON_KINVEY_APP_KEY: 'k', CARILLON_KINVEY_APP_SECRET: 's' },
      'CARILLON_KINVEY_MASTER_SECRET is missing; the Kinvey door',
    ],
  ])('names what is missing beside %j', (env, problem) => {
    expect(problems({ env })).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['private-user', '{user}-{user}', 'private-*{user}', 'private {user}'])(
    'refuses “%s” as a pattern of user channels',
    (pattern) => {
      expect(problems({ env: { CARILLON_PUSH_USER_CHANNELS: `private-{user},${pattern}` } })).toEqual([
        'CARILLON_PUSH_USER_CHANNELS[1] must be a channel name with {user} in it once, and * at most once ' +
          `with other characters between the two, but is "${pattern}"`,
      ]);
    },
  );

  it('names the missing half of a webhook', () => {
    const { CARILLON_BEAMS_WEBHOOK_SECRET: _, ...env } = ENV;
    expect(problems({ env, files: FILES })).toEqual([
      'CARILLON_BEAMS_WEBHOOK_SECRET is missing; a webhook of Beams needs its address and its secret',
    ]);
  });

  it('complains of a wrong value once, and not of what else its group needs', () => {
    expect(problems({ env: { CARILLON_BEAMS_INSTANCE_ID: 'mine' } })).toEqual([
      'CARILLON_BEAMS_INSTANCE_ID must be a UUID, such as 6f2a1c1e-3b1d-4d53-9f0e-0a1b2c3d4e5f, but is "mine"',
    ]);
  });
});

describe('credentials of push', () => {
  const fcm = (file: string, content?: string): Given => ({
    env: { CARILLON_FCM_CREDENTIALS: file },
    files: content === undefined ? {} : { [file]: content },
  });
  const apns = (changes: Record<string, string>, files: Record<string, string> = FILES): Given => ({
    env: { CARILLON_APNS_BUNDLE_ID: 'com.example.app', ...changes },
    files,
  });
  const vapid = (publicKey: string, privateKey: string): Given => ({
    env: {
      CARILLON_VAPID_PUBLIC_KEY: publicKey,
      CARILLON_VAPID_PRIVATE_KEY: privateKey,
      CARILLON_VAPID_SUBJECT: 'mailto:ops@example.com',
    },
  });
  const token = {
    CARILLON_APNS_KEY: 'k.p8',
    CARILLON_APNS_KEY_ID: 'KEY1234567',
    CARILLON_APNS_TEAM_ID: 'TEAM123456',
  };

  it.each([
    [
      'a file that is not there',
      fcm('no.json'),
      "CARILLON_FCM_CREDENTIALS names no.json, which doesn't exist",
    ],
    ['an empty file', fcm('a.json', ''), 'CARILLON_FCM_CREDENTIALS names a.json, which is empty'],
    ['no JSON', fcm('a.json', '{'), 'names a.json, which is not valid JSON (at character 2: '],
    ['another JSON', fcm('a.json', '[]'), 'names a.json, which is not a JSON object'],
    [
      'an account without a project',
      fcm('a.json', JSON.stringify({ ...ACCOUNT, project_id: undefined })),
      'names a.json, which has no project_id; take the key of a service account',
    ],
    [
      'an account with a key of another kind',
      fcm('a.json', JSON.stringify({ ...ACCOUNT, private_key: P8 })),
      'has a private_key that is not the PEM text of an RSA key',
    ],
    [
      'an account whose tokens come from nowhere',
      fcm('a.json', JSON.stringify({ ...ACCOUNT, token_uri: 'nowhere' })),
      'has a token_uri that is not an address',
    ],
    [
      'a signing key that is none',
      apns(token, { 'k.p8': 'x' }),
      'CARILLON_APNS_KEY names k.p8, which is not the PEM text of a private key',
    ],
    [
      'a signing key on another curve',
      apns(token, { 'k.p8': ecKeyPem('secp384r1') }),
      'CARILLON_APNS_KEY names k.p8, which is a key of another kind than APNs has, which is EC on P-256',
    ],
    [
      'a certificate beside a signing key',
      apns({
        CARILLON_APNS_KEY: 'apns.p8',
        CARILLON_APNS_CERT: 'apns.p12',
        CARILLON_APNS_CERT_PASSWORD: PKCS12.password,
      }),
      'CARILLON_APNS_CERT stands beside a signing key; give one of them',
    ],
    [
      'neither',
      apns({}),
      'CARILLON_APNS_KEY is missing; APNs needs a signing key with keyId and teamId, or a certificate',
    ],
    [
      'a certificate with another password',
      apns({ CARILLON_APNS_CERT: 'apns.p12', CARILLON_APNS_CERT_PASSWORD: 'wrong' }),
      'CARILLON_APNS_CERT names apns.p12, which has another password than the one given',
    ],
    [
      'a certificate that is none',
      apns({ CARILLON_APNS_CERT: 'apns.p8' }),
      'CARILLON_APNS_CERT names apns.p8, which is not a PKCS #12 file with a certificate and its key',
    ],
    [
      'a public key that is no point',
      vapid(Buffer.alloc(65, 4).toString('base64url'), PAIR.privateKey),
      'CARILLON_VAPID_PUBLIC_KEY must be the base64url of 65 bytes, an uncompressed point on P-256; `carillon vapid`',
    ],
    [
      'a private key of another length',
      vapid(PAIR.publicKey, 'AAAA'),
      'CARILLON_VAPID_PRIVATE_KEY must be the base64url of 32 bytes, a private key on P-256; `carillon vapid`',
    ],
    [
      'keys of two pairs',
      vapid(PAIR.publicKey, vapidPair().privateKey),
      'CARILLON_VAPID_PRIVATE_KEY belongs to another public key than the one given; `carillon vapid`',
    ],
  ])('are refused: %s', (_, given, problem) => {
    expect(problems(given)).toEqual([expect.stringContaining(problem)]);
  });

  it('may be a certificate, read byte by byte', () => {
    const env = { CARILLON_APNS_CERT: 'apns.p12', CARILLON_APNS_CERT_PASSWORD: PKCS12.password };
    expect(pushOf(apns(env))?.apns?.credentials).toEqual({
      kind: 'certificate',
      pfx: P12,
      passphrase: PKCS12.password,
    });
  });

  it('take VAPID keys in either alphabet of base64, with padding', () => {
    const padded = (text: string) => Buffer.from(text, 'base64url').toString('base64');
    expect(pushOf(vapid(padded(PAIR.publicKey), padded(PAIR.privateKey)))?.webPush).toMatchObject(PAIR);
  });

  it('may stand in an app of the list as text', () => {
    const push = pushOf(
      listed({
        fcm: { credentials: ACCOUNT },
        apns: { key: P8, keyId: 'KEY1234567', teamId: 'TEAM123456', bundleId: 'b' },
      }),
    );
    expect(JSON.parse(push?.fcm?.credentials ?? '')).toEqual(ACCOUNT);
    expect(push?.apns?.credentials).toMatchObject({ kind: 'token', key: P8 });
  });

  it('are ids of APNs as long as Apple makes them, unless another server is asked', () => {
    const ids = { CARILLON_APNS_KEY_ID: 'KEY', CARILLON_APNS_TEAM_ID: 'TEAM1234567' };
    const wrong = [
      'CARILLON_APNS_KEY_ID must be what Apple calls the Key ID: 10 letters and digits',
      'CARILLON_APNS_TEAM_ID must be what Apple calls the Team ID: 10 letters and digits',
    ];
    const given = (endpoint: object) => apns({ CARILLON_APNS_KEY: 'apns.p8', ...ids, ...endpoint });
    expect(problems(given({}))).toEqual(wrong);
    expect(problems(given({ CARILLON_APNS_ENDPOINT: 'development' }))).toEqual(wrong);
    expect(problems(given({ CARILLON_APNS_ENDPOINT: 'https://api.push.apple.com:2197' }))).toEqual(wrong);
    const other = pushOf(given({ CARILLON_APNS_ENDPOINT: 'http://127.0.0.1:9003' }));
    expect(other?.apns?.credentials).toMatchObject({ keyId: 'KEY', teamId: 'TEAM1234567' });
  });

  it('are named by their path in a list, wrong or missing', () => {
    expect(problems(listed({ fcm: { credentials: {} }, hms: { appId: '1' } }))).toEqual([
      expect.stringContaining('c.json: apps[0].push.fcm.credentials has no project_id'),
      'c.json: apps[0].push.hms.appSecret is missing; HMS needs an app id and its secret',
    ]);
  });
});

describe('apps with push', () => {
  it('have none unless somebody sets it up', () => {
    expect(pushOf({})).toEqual(NO_PUSH);
    expect(parse({}).config.push).toEqual({
      maxInactiveDeviceDays: 0,
      keepDays: 30,
      addressPerSecond: 100,
      addressBurst: 5000,
    });
  });

  it('may have all of a Beams webhook in a list', () => {
    const beams = {
      instanceId: INSTANCE,
      secretKey: 's',
      initialInterests: ['hello'],
      issuers: ['https://auth.example.com'],
      webhooks: [
        { url: 'http://a.example/', secret: 'x', events: ['v1.UserNotificationOpen'], customData: { a: 1 } },
      ],
    };
    expect(pushOf(listed({ beams }))?.beams).toMatchObject(beams);
  });

  it('differ in what finds them, and an API key is not shown', () => {
    const block = {
      beams: { instanceId: INSTANCE, secretKey: 's' },
      centrifugo: { apiKey: 'hush-hush' },
      kinvey: { appKey: 'kid', appSecret: 'a', masterSecret: 'm' },
    };
    const other = { ...block, beams: { ...block.beams, instanceId: INSTANCE.toUpperCase() } };
    const found = problems(listed(block, other));
    expect(found).toEqual([
      `c.json: apps[1] has the push.beams.instanceId ${INSTANCE} and so does apps[0]; each push.beams.instanceId may be used once`,
      'c.json: apps[1] has the push.centrifugo.apiKey of apps[0]; each push.centrifugo.apiKey may be used once',
      'c.json: apps[1] has the push.kinvey.appKey kid and so does apps[0]; each push.kinvey.appKey may be used once',
    ]);
  });

  it('are shown without their secrets', () => {
    const shown = maskedConfig(parse({ env: { ...ONE_APP, ...ENV }, files: FILES }).config);
    const secrets = [
      'beams-secret',
      'webhook-secret',
      'centrifugo-key',
      'kinvey-app-secret',
      'kinvey-master-secret',
      'PRIVATE KEY',
      PAIR.privateKey,
      'hms-secret',
    ];
    for (const secret of secrets) expect(shown).not.toContain(secret);
    expect(shown).toContain(PAIR.publicKey);
    expect(JSON.parse(shown)).toMatchObject({ apps: [{ push: { fcm: { credentials: '********' } } }] });
    const env = { CARILLON_APNS_CERT: 'apns.p12', CARILLON_APNS_CERT_PASSWORD: PKCS12.password };
    const certificate = parse({ env: { ...env, CARILLON_APNS_BUNDLE_ID: 'b' }, files: FILES }).config;
    expect(maskedConfig(certificate)).not.toContain(PKCS12.password);
    expect(maskedConfig(certificate)).toContain('"certificate": "********"');
  });
});
