/** A node's settings, checked and complete: what `compose` builds from. Parsing is in `parse.ts`. */
import type { App } from '../apps/app.ts';

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

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase: string | undefined;
}

export interface Config {
  readonly mode: Mode;
  /** Address to listen on; `0.0.0.0` for all of IPv4, `::` for all addresses. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  /** Believe `X-Forwarded-Proto` and `X-Forwarded-For` from the peer. */
  readonly trustProxy: boolean;
  readonly logLevel: LogLevel;
  readonly apps: readonly App[];
  readonly limits: NodeLimits;
  readonly cache: CacheSettings;
  /** Seconds over which a stopping node spreads its close frames (4200). */
  readonly drainSeconds: number;
  /** Serve the console page at `GET /`. */
  readonly console: boolean;
  /** The app made up because none was configured, for the start-up banner; undefined otherwise. */
  readonly developmentApp: App | undefined;
}
