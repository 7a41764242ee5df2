/** The node's Redis settings as ioredis has them: the same for every connection, whatever it is for. */
import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { RedisHost, RedisSettings } from '../config/config.ts';
import { pauseAfter } from '../lib/backoff.ts';
import type { Chance } from '../lib/chance.ts';

/** What TLS needs, read from the files that the settings name. */
export interface TlsMaterial {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const RECONNECT = { firstMs: 50, longestMs: 2000 };
/** A peer that doesn't take part in closing is given up after so many milliseconds. */
const DISCONNECT_MS = 200;

type Shared = Omit<
  RedisOptions,
  'replyMapping' | 'host' | 'port' | 'path' | 'sentinels' | 'retryStrategy' | 'readOnly' | 'himportFieldsets'
>;

/**
 * Commands fail at once while there is no connection, and are never sent twice: whoever asked decides what a missing
 * answer means.
 */
function shared(settings: RedisSettings, material: TlsMaterial | undefined): Shared {
  return {
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    db: settings.db,
    connectionName: 'carillon',
    connectTimeout: settings.connectTimeoutMs,
    disconnectTimeout: DISCONNECT_MS,
    commandTimeout: settings.commandTimeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A connection to what was the master until a moment ago.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...tlsOptions(settings, material),
  };
}

function tlsOptions(settings: RedisSettings, material: TlsMaterial | undefined): Pick<Shared, 'tls'> {
  if (settings.tls === undefined) return {};
  const { rejectUnauthorized, servername } = settings.tls;
  return {
    tls: {
      rejectUnauthorized,
      ...(servername === undefined ? {} : { servername }),
      ...(material?.ca === undefined ? {} : { ca: material.ca }),
      ...(material?.cert === undefined ? {} : { cert: material.cert }),
      ...(material?.key === undefined ? {} : { key: material.key }),
    },
  };
}

/** One connection: to a server by itself, or to the master that Sentinels name. */
export function redisOptions(
  settings: RedisSettings,
  material: TlsMaterial | undefined,
  chance: Chance,
): RedisOptions {
  const retry = (times: number): number => pauseAfter(times, RECONNECT, chance);
  const options: RedisOptions = {
    ...shared(settings, material),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retry,
  };
  const [first] = settings.hosts;
  if (settings.mode !== 'sentinel')
    return { ...options, host: first?.host ?? '127.0.0.1', port: first?.port ?? 6379 };
  const { sentinel } = settings;
  return {
    ...options,
    sentinels: settings.hosts.map(({ host, port }) => ({ host, port })),
    name: sentinel.masterName,
    ...(sentinel.username === undefined ? {} : { sentinelUsername: sentinel.username }),
    ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
    sentinelRetryStrategy: retry,
    sentinelCommandTimeout: settings.commandTimeoutMs,
    ...(options.tls === undefined ? {} : { sentinelTLS: options.tls, enableTLSForSentinelMode: true }),
  };
}

/** One connection to a given node of a Cluster. */
export function nodeOptions(
  settings: RedisSettings,
  material: TlsMaterial | undefined,
  chance: Chance,
  { host, port }: RedisHost,
): RedisOptions {
  return {
    ...shared(settings, material),
    host,
    port,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: (times) => pauseAfter(times, RECONNECT, chance),
  };
}

export function clusterOptions(
  settings: RedisSettings,
  material: TlsMaterial | undefined,
  chance: Chance,
): ClusterOptions {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // Its slots would fail for ever after a node's restart.
    enableAutoPipelining: false,
    clusterRetryStrategy: (times) => pauseAfter(times, RECONNECT, chance),
    slotsRefreshTimeout: settings.connectTimeoutMs,
    slotsRefreshInterval: 5000,
    maxRedirections: 8,
    // 0: a command that may have been carried out is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // Certificates are for names; resolving them first would check them against addresses.
    ...(settings.tls === undefined ? {} : { dnsLookup: (address, callback) => callback(null, address) }),
    redisOptions: shared(settings, material),
  };
}
