/** A node's settings, checked and complete: what `compose` builds from. Parsing is in `parse.ts`. */
import type { App } from '../apps/app.ts';
import type { AppSettings } from './schema.ts';

/** `development` prints a development app and serves the console; `production` refuses default credentials. */
export type Mode = 'development' | 'production';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Bounds of the node itself, whatever the app. */
export interface NodeLimits {
  /** Sockets on this node; 0 lifts it. Past it: close 4100. */
  readonly connections: number;
  /** Bytes of one inbound WebSocket message. Past it: an error frame and close 1009. */
  readonly frameBytes: number;
  /** Bytes of one HTTP request body. Past it: 413. */
  readonly bodyBytes: number;
  /** Bytes a socket may leave unread beyond the kernel's buffers. Past it: close 4100. */
  readonly outgoingBytes: number;
  /** Bad frames in a row before a connection is closed with 4100. */
  readonly badFrames: number;
}

export interface CacheSettings {
  /** Cached events on this node, all apps together; the least recently written go first. */
  readonly maxEntries: number;
  /** Bytes of cached data on this node, all apps together. */
  readonly maxBytes: number;
}

export interface WebhookDeliverySettings {
  /** Milliseconds `channel_vacated` and `member_removed` wait for a return; 0 sends them at once. */
  readonly graceMs: number;
  /** Events of one request at most. */
  readonly batchEvents: number;
  /** Milliseconds the first event of a request waits for others. */
  readonly batchMs: number;
  /** Milliseconds a request may take, its answer included. */
  readonly timeoutMs: number;
  /** Seconds after an event in which it is tried again. */
  readonly retrySeconds: number;
  /** Milliseconds until the first repetition; each further pause is twice as long. */
  readonly retryFirstMs: number;
  /** Seconds between two repetitions at most. */
  readonly retryLongestSeconds: number;
  /** Events queued per endpoint at most, and their bytes. Past either the oldest become dead letters. */
  readonly queueLimit: number;
  readonly queueBytes: number;
  /** Dead letters kept, on this node or in Redis, and their bytes. Past either the oldest are lost. */
  readonly deadLetterLimit: number;
  readonly deadLetterBytes: number;
  /** Seconds a stopping node goes on sending what is queued. */
  readonly drainSeconds: number;
}

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

export interface RedisTlsSettings {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly rejectUnauthorized: boolean;
  /** The name the certificate must be for, where it isn't the host's. */
  readonly servername: string | undefined;
}

/** `refuse`: what can't be handed to the cluster is an error. `local`: it is delivered to this node's own clients. */
export type WhenRedisIsAway = 'refuse' | 'local';

export interface RedisSettings {
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** The server, the Sentinels, or some nodes of the Cluster; at least one. */
  readonly hosts: readonly RedisHost[];
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinel: {
    readonly masterName: string;
    readonly username: string | undefined;
    readonly password: string | undefined;
  };
  /** Undefined for no TLS. */
  readonly tls: RedisTlsSettings | undefined;
  readonly keyPrefix: string;
  /** Milliseconds for making a connection, and for the first one of a starting node. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for an answer. */
  readonly commandTimeoutMs: number;
  /** Milliseconds a subscription waits for Redis to come back before it is refused. */
  readonly followTimeoutMs: number;
  readonly whenAway: WhenRedisIsAway;
}

/** Of push, for all apps; an app's own is in its `push`. */
export interface PushDeliverySettings {
  /** Days after which devices that did not register again are removed; 0 keeps them. */
  readonly maxInactiveDeviceDays: number;
  /** Days for which finished publishes can be asked about. */
  readonly keepDays: number;
  /** Requests a second of one public address to doors that strangers may knock at; 0 lifts it. */
  readonly addressPerSecond: number;
  readonly addressBurst: number;
}

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase: string | undefined;
}

/** PostgreSQL, which several nodes may share. */
export interface PostgresSettings {
  readonly kind: 'postgres';
  /** `postgres://user:password@host:port/database`, without parameters about TLS. */
  readonly url: string;
  /** Unencrypted, encrypted, or encrypted with the server's certificate checked. */
  readonly ssl: 'disable' | 'require' | 'verify-full';
  /** PEM of the authorities that are trusted instead of the system's. */
  readonly ca: string | undefined;
  readonly poolSize: number;
}

/** SQLite in a folder that this node has to itself. */
export interface SqliteSettings {
  readonly kind: 'sqlite';
  readonly folder: string;
}

export type DatabaseSettings = PostgresSettings | SqliteSettings;

export interface Config {
  readonly mode: Mode;
  /** Address to listen on; `0.0.0.0` for all of IPv4, `::` for all addresses; the path of a Unix socket in a warm-up. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Processes that share the port; `auto`: as many as there are processor cores. */
  readonly workers: number | 'auto';
  readonly tls: TlsSettings | undefined;
  /** Believe `X-Forwarded-Proto` and `X-Forwarded-For` from the peer. */
  readonly trustProxy: boolean;
  readonly logLevel: LogLevel;
  readonly apps: readonly App[];
  /** What apps inherit: those above have it merged in already. */
  readonly appDefaults: AppSettings;
  readonly limits: NodeLimits;
  readonly cache: CacheSettings;
  readonly webhooks: WebhookDeliverySettings;
  /** Undefined: this node is alone. */
  readonly redis: RedisSettings | undefined;
  /** Where devices, their users, notifications and apps are kept; undefined: nowhere, and push knows no devices. */
  readonly database: DatabaseSettings | undefined;
  readonly push: PushDeliverySettings;
  /** Outgoing requests may reach private and link-local addresses, and this machine. */
  readonly allowPrivateAddresses: boolean;
  /** Opens the admin API; undefined: there is none. */
  readonly adminToken: string | undefined;
  /** Do the usual work before opening, so that the first clients find the node quick. */
  readonly warmUp: boolean;
  /** Seconds over which a stopping node spreads its close frames (4200). */
  readonly drainSeconds: number;
  /** Serve the console page at `GET /`. */
  readonly console: boolean;
  /** The app made up because none was configured, for the start-up banner; undefined otherwise. */
  readonly developmentApp: App | undefined;
}
