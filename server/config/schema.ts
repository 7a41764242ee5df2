/**
 * Every setting of a node: its type, range, default and meaning. File, environment and flags are three spellings
 * of this one schema; `--help` and docs/configuration.md are printed from it.
 *
 * Ranges are strict because uWebSockets.js aborts the process on numbers it can't use.
 */
import { z } from 'zod';
import { WEBHOOK_KINDS } from '../../protocol/index.ts';
import { authSchema } from './auth-schema.ts';
import { isDatabaseUrl, SSL_MODES } from './database-url.ts';
import { overridesOf } from './overrides.ts';
import { oneAppPush, pushDelivery, pushSchema } from './push-schema.ts';
import { redisSchema } from './redis-schema.ts';
import { isSafePattern, MAX_PATTERN_LENGTH } from './safe-pattern.ts';
import {
  described,
  type Extra,
  filePath,
  group,
  origin,
  secretText,
  toggle,
  urlSafe,
  whole,
} from './setting-meta.ts';
import { areWebhookHeaders, isWebhookUrl } from './webhook-rules.ts';

const features = group('App features', {
  clientEvents: toggle(true, 'Accept client- events from sockets'),
  subscriptionCounts: toggle(true, 'Send subscription counts to subscribers and answer queries for them'),
  watchlists: toggle(true, 'Send online and offline events for the watchlist given at sign-in'),
});

const appLimits = group('App limits', {
  connections: whole(0, 10_000_000, 0, 'Sockets of one app; 0 lifts the limit'),
  channelsPerConnection: whole(1, 1_000_000, 50_000, 'Channels one connection may hold'),
  channelNameLength: whole(1, 1000, 200, 'Characters of a channel name, prefix included'),
  eventNameLength: whole(1, 1000, 200, 'Characters of an event name'),
  eventDataBytes: whole(1, 10_485_760, 10_240, "Bytes of one event's data"),
  channelsPerTrigger: whole(1, 10_000, 100, 'Channels one trigger may name'),
  eventsPerBatch: whole(1, 1000, 10, 'Events in one batch'),
  presenceMaxMembers: whole(0, 1_000_000, 100, 'Distinct users in one presence channel; 0 lifts the limit'),
  presenceUserBytes: whole(1, 1_048_576, 1024, "Bytes of a presence member's channel_data"),
  userIdLength: whole(1, 1000, 128, 'Characters of a user id'),
  clientEventsPerSecond: whole(
    0,
    1_000_000,
    10,
    'Client events a second of one connection; 0 lifts the limit',
  ),
  watchlistSize: whole(0, 10_000, 100, 'User ids one watchlist may hold; the rest is cut off'),
  cacheTtlSeconds: whole(1, 86_400, 1800, 'Seconds the last event of a cache channel is kept'),
});

/** Everything of an app but its identity. */
const appDefaults = group('App defaults, for what an app leaves out', {
  enabled: toggle(true, 'Off: sockets are closed with 4003 and the HTTP API answers 403', {
    env: 'CARILLON_APPS_ENABLED',
    flag: '--apps-enabled',
  }),
  forceTls: toggle(false, 'Refuse unencrypted connections with 4000'),
  allowedOrigins: described(z.array(origin).max(1000), {
    description: 'Origins a browser may connect from; none listed allows all',
    must: 'a list of at most 1000 origins',
  }).default([]),
  activityTimeoutSeconds: whole(1, 3600, 120, 'Seconds of silence after which a client pings'),
  authorizationTimeoutSeconds: whole(
    0,
    3600,
    0,
    'Seconds in which a connection must sign in or join an authorized channel; 0 asks for neither',
  ),
  features: features.prefault({}),
  limits: appLimits.prefault({}),
});

const credential = described(
  z.strictObject({ key: urlSafe('Public key'), secret: secretText('Secret of that key') }),
  { description: 'A key pair', must: 'a pair of key and secret' },
);

const webhookUrl = (description: string, extra: Extra = {}) =>
  described(z.string().max(2048).refine(isWebhookUrl), {
    description,
    must: 'an http:// or https:// address, without user name, password and fragment',
    secret: true,
    ...extra,
  });

const channelPart = (description: string) =>
  described(z.string().min(1).max(200), { description, must: 'text of 1 to 200 characters' });

/** A webhook as an app lists it. */
export const webhookSchema = described(
  z.strictObject({
    url: webhookUrl('Where the events are posted to'),
    events: described(
      z
        .array(described(z.enum(WEBHOOK_KINDS), { description: 'A kind of event' }))
        .min(1)
        .max(WEBHOOK_KINDS.length),
      { description: 'The kinds of events sent; all when left out', must: 'a list of kinds of events' },
    ).default([...WEBHOOK_KINDS]),
    filter: described(
      z.strictObject({
        prefix: channelPart("How the channel's name starts").optional(),
        suffix: channelPart("How the channel's name ends").optional(),
        pattern: described(z.string().min(1).max(MAX_PATTERN_LENGTH).refine(isSafePattern), {
          description: "A regular expression found in the channel's name",
          must:
            `a regular expression of at most ${MAX_PATTERN_LENGTH} characters, with at most two of * + ? {n,m} ` +
            'and groups with | (three after ^), none on a group with another, without lookaround and backreferences',
        }).optional(),
      }),
      { description: 'Only channels whose names fit every part given' },
    ).prefault({}),
    headers: described(z.record(z.string(), z.string()).refine(areWebhookHeaders), {
      description: 'Headers sent beside those of the protocol',
      must: 'a group of at most 50 headers, none of them one that Carillon or HTTP sets, values without line ends',
      secret: true,
    }).default({}),
    batch: toggle(true, 'Off: one event per request'),
  }),
  { description: 'A webhook', must: 'a webhook, at least {"url": …}' },
);

/** An app as `apps` lists it. What it leaves out comes from `appDefaults`. */
export const appSchema = described(
  z.strictObject({
    id: urlSafe('App id'),
    key: urlSafe('Public key').optional(),
    secret: secretText('Secret of that key').optional(),
    credentials: described(z.array(credential).min(1).max(100), {
      description: 'Key pairs, oldest first, in place of key and secret',
      must: 'a list of 1 to 100 pairs of key and secret',
      secret: true,
    }).optional(),
    auth: authSchema.optional(),
    webhooks: described(z.array(webhookSchema).max(100), {
      description: 'Where webhooks go',
      must: 'a list of at most 100 webhooks',
      secret: true,
    }).optional(),
    push: pushSchema.optional(),
    ...overridesOf(appDefaults.shape),
  }),
  { description: 'An app', must: 'an app, at least {"id": …, "key": …, "secret": …}' },
);

const APPS = 'Apps';

/** Where clients look when nobody says otherwise. */
export const DEFAULT_PORT = 6001;

export const nodeSchema = group('Node', {
  mode: described(z.enum(['development', 'production']), {
    description: 'development makes up an app when there is none; production refuses its credentials',
    fallback: 'production if NODE_ENV is, else development',
  }).optional(),
  host: described(z.string().regex(/^[\w.:%-]{1,255}$/), {
    description: 'Address to listen on; :: is every address',
    must: 'an IP address or a host name',
    fallback: '0.0.0.0, or 127.0.0.1 with the made-up app',
  }).optional(),
  port: whole(0, 65_535, DEFAULT_PORT, 'Port to listen on; 0 picks a free one'),
  workers: described(z.union([z.literal('auto'), z.number().int().min(1).max(64)]), {
    description: 'Processes that share the port and behave as one node; auto: one per processor core',
  }).default(1),
  trustProxy: toggle(
    false,
    'Believe X-Forwarded-Proto and X-Forwarded-For; only behind a proxy that sets them',
  ),
  logLevel: described(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    description: 'Least severe log lines to write',
    fallback: 'debug in development, info in production',
  }).optional(),
  warmUp: toggle(
    true,
    'Half a second of usual work before opening, so that the first clients find the node quick',
  ),
  drainSeconds: whole(0, 3600, 5, 'Seconds over which a stopping node asks its clients to reconnect'),
  console: described(z.boolean(), {
    description: 'Serve the console page at GET /',
    fallback: 'on in development, off in production',
  }).optional(),
  tls: group('TLS', {
    certFile: filePath('PEM file with the certificate chain; give keyFile with it').optional(),
    keyFile: filePath('PEM file with the private key').optional(),
    passphrase: secretText('Passphrase of the private key').optional(),
  }).prefault({}),
  app: group(APPS, {
    id: urlSafe('Id of an app; give key and secret with it', { flag: '--app-id' }).optional(),
    key: urlSafe('Its public key', { flag: '--app-key' }).optional(),
    secret: secretText('Its secret', { flag: '--app-secret' }).optional(),
    auth: described(z.json(), {
      description: 'Its auth endpoints, as in docs/auth.md; in the environment and as a flag: JSON',
      must: 'the settings of auth endpoints',
      flag: '--app-auth',
      kind: 'group',
      secret: true,
    }).optional(),
    webhookUrl: webhookUrl('Address that all kinds of its webhooks go to', {
      env: 'CARILLON_WEBHOOK_URL',
      flag: '--webhook-url',
    }).optional(),
    push: oneAppPush,
  }).prefault({}),
  apps: described(z.array(appSchema).max(10_000), {
    description: 'More apps; in the environment and as a flag: a JSON array in the form of the file',
    must: 'a list of apps',
    heading: APPS,
    secret: true,
  }).default([]),
  appDefaults: appDefaults.prefault({}),
  limits: group('Node limits', {
    connections: whole(0, 10_000_000, 0, 'Sockets on this node; 0 lifts the limit'),
    frameBytes: whole(1024, 16_777_216, 65_536, 'Bytes of one incoming WebSocket message'),
    bodyBytes: whole(1024, 268_435_456, 1_048_576, 'Bytes of one HTTP request body'),
    outgoingBytes: whole(
      65_536,
      1_073_741_824,
      1_048_576,
      "Bytes a slow socket may leave unread beyond the kernel's buffers",
    ),
    badFrames: whole(1, 1_000_000, 100, 'Bad frames in a row before a connection is closed'),
  }).prefault({}),
  cache: group('Cache channels', {
    maxEntries: whole(
      1,
      100_000_000,
      100_000,
      'Cached events on this node; the least recently written go first',
    ),
    maxBytes: whole(65_536, 17_179_869_184, 67_108_864, 'Bytes of cached data on this node'),
  }).prefault({}),
  webhooks: group('Webhooks', {
    graceMs: whole(
      0,
      60_000,
      3000,
      'Milliseconds channel_vacated and member_removed wait for a return that cancels both',
    ),
    batchEvents: whole(1, 1000, 20, 'Events of one request at most'),
    batchMs: whole(0, 10_000, 250, 'Milliseconds the first event of a request waits for others'),
    timeoutMs: whole(1, 60_000, 4000, 'Milliseconds a request may take, its answer included'),
    retrySeconds: whole(0, 86_400, 300, 'Seconds after an event in which it is tried again'),
    retryFirstMs: whole(
      1,
      60_000,
      1000,
      'Milliseconds until the first repetition; each further pause is twice as long',
    ),
    retryLongestSeconds: whole(1, 3600, 128, 'Seconds between two repetitions at most'),
    queueLimit: whole(
      1,
      10_000_000,
      100_000,
      'Events queued per endpoint; past it the oldest become dead letters',
    ),
    queueBytes: whole(
      65_536,
      17_179_869_184,
      67_108_864,
      'Bytes of queued events per endpoint; past it likewise',
    ),
    deadLetterLimit: whole(
      0,
      10_000_000,
      100_000,
      'Dead letters kept, on this node or in Redis; past it the oldest are lost',
    ),
    deadLetterBytes: whole(0, 17_179_869_184, 67_108_864, 'Bytes of dead letters; past it likewise'),
    drainSeconds: whole(0, 3600, 5, 'Seconds a stopping node goes on sending webhooks'),
  }).prefault({}),
  redis: redisSchema,
  database: group('Database', {
    url: described(z.string().max(4096).refine(isDatabaseUrl), {
      description: 'PostgreSQL for devices, their users, notifications, and apps; several nodes may share it',
      must: 'an address such as postgres://user:password@host:5432/database',
      secret: true,
    }).optional(),
    sslMode: described(z.enum(SSL_MODES), {
      description: "Whether its connections are encrypted, and its certificate's name and issuer checked",
      fallback: 'sslmode of the address, else disable',
    }).optional(),
    caFile: filePath(
      "PEM file with the authorities that its certificate is checked against; else the system's",
    ).optional(),
    poolSize: whole(1, 1000, 10, 'Connections of this node to it'),
  }).prefault({}),
  dataDir: described(z.string().min(1).max(4096), {
    description: 'Folder of the embedded database (SQLite), for one node, where none is given by address',
    must: 'the path of a folder',
    heading: 'Database',
  }).optional(),
  push: pushDelivery.prefault({}),
  allowPrivateAddresses: toggle(
    false,
    'Let webhooks and push reach private and link-local addresses, and this machine in production',
  ),
  admin: group('Admin API', {
    token: described(z.string().min(16).max(1024), {
      description: 'Opens the admin API to whoever sends it as a bearer token; none: there is no admin API',
      must: 'text of 16 to 1024 characters',
      secret: true,
    }).optional(),
  }).prefault({}),
});

/** The settings of a node, checked one by one but not yet against each other. */
export type NodeSettings = z.output<typeof nodeSchema>;
/** What apps inherit. */
export type AppSettings = NodeSettings['appDefaults'];
/** An app as listed, checked but not merged. */
export type ListedApp = z.output<typeof appSchema>;
