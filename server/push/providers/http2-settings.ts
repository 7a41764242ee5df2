/** How a pool of HTTP/2 connections behaves. Times in milliseconds. */

import type { Backoff } from '../../lib/backoff.ts';

export interface Http2Settings {
  /** Connections to one origin. */
  readonly sessions: number;
  /** Streams at once on one connection; the peer's own limit applies too. */
  readonly streams: number;
  /** Name, TCP, TLS and the peer's settings together. */
  readonly connectMs: number;
  /** From the request's first byte to the answer's last. */
  readonly answerMs: number;
  /** A connection without requests for so long is closed. */
  readonly idleMs: number;
  /** A connection on which nothing arrived for so long is asked whether it lives. */
  readonly quietMs: number;
  /** The time it has to say so. */
  readonly pingMs: number;
  /** Bytes of an answer's body that are read; the rest is thrown away. */
  readonly answerBytes: number;
  /** Pauses between attempts to connect that fail. */
  readonly reconnect: Backoff;
  readonly tls: TlsSettings;
}

export interface TlsSettings {
  /** A client certificate with its key, PKCS#12. */
  readonly pfx?: Buffer | undefined;
  readonly passphrase?: string | undefined;
  /** Authorities trusted instead of the system's, PEM. */
  readonly ca?: string | undefined;
}

export const HTTP2_DEFAULTS: Http2Settings = {
  sessions: 4,
  streams: 1000,
  connectMs: 10_000,
  answerMs: 15_000,
  idleMs: 900_000,
  quietMs: 60_000,
  pingMs: 10_000,
  answerBytes: 16_384,
  reconnect: { firstMs: 250, longestMs: 15_000 },
  tls: {},
};
