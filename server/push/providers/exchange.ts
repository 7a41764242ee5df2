/** One request of a provider over HTTP/2, and what may come of it. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** UTF-8; '' where there is none. Cut off past the pool's limit. */
  readonly body: string;
}

/**
 * Why there was no answer.
 * `unsent`: the service has not worked on the request, another try can't double it.
 * `lost`: it went out, and nobody knows what became of it.
 * `forbidden`: no request may go to this address.
 * `untrusted`: the service's certificate is not to be trusted, or it did not want ours.
 * `not http2`: the service answers, but speaks no HTTP/2.
 * `malformed`: the request could not be written down; no other try will change that.
 */
export type FailureKind = 'unsent' | 'lost' | 'forbidden' | 'untrusted' | 'not http2' | 'malformed';

export interface ExchangeFailure {
  readonly kind: FailureKind;
  /** For people. Without credentials, tokens or paths. */
  readonly reason: string;
  /** Milliseconds before which another try is idle; undefined where nothing is known. */
  readonly afterMs: number | undefined;
}

/**
 * A request that waits for a stream, has one, or has been answered. Its maker implements it, one object per request:
 * there are thousands a second, so there is neither promise nor timer nor closure for each.
 * Exactly one of `answered` and `failed` is called, once.
 */
export interface Exchange {
  /** Kept by the pool; starts at 0. How often a stream was refused before the service worked on it. */
  refusals: number;
  /** Once aborted, a request not yet begun fails as `unsent`; one under way is waited for. */
  readonly signal: AbortSignal;
  /** Asked for when the stream begins, so that what waited goes out with the credentials of then. With pseudo-headers. */
  headers(): OutgoingHttpHeaders;
  /** The whole body, as it is sent. */
  body(): Buffer;
  answered(answer: Answer): void;
  failed(failure: ExchangeFailure): void;
}
