/** Notifications on their way to APNs: what those of one call have in common, and what each has of its own. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { apnsVerdict, isExpiredToken } from './apns-verdict.ts';
import type { Answer, Exchange, ExchangeFailure } from './exchange.ts';
import { verdictOfFailure } from './failure-verdict.ts';
import { SendBatch } from './send-batch.ts';

export interface ApnsBatchPorts {
  /** Everything in front of the device's token. */
  readonly path: string;
  submit(notification: ApnsExchange): void;
  /** The value of `authorization`; undefined where a certificate vouches for us. */
  authorization(): string | undefined;
  /** Whether there is another provider token than the one that has expired. */
  renew(used: string): boolean;
  tooManyTokens(): void;
  newId(): string;
  now(): number;
}

export class ApnsBatch extends SendBatch {
  readonly payload: Buffer;
  readonly ports: ApnsBatchPorts;
  readonly #headers: OutgoingHttpHeaders;
  readonly #ownId: boolean;

  constructor(
    size: number,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>>,
    payload: Buffer,
    ports: ApnsBatchPorts,
  ) {
    super(size, signal);
    this.#headers = { ':method': 'POST', ':path': '', ...headers };
    this.#ownId = 'apns-id' in headers;
    this.payload = payload;
    this.ports = ports;
  }

  /** The same object each time, filled in for one device: HTTP/2 copies it at once. */
  headersFor(token: string, authorization: string | undefined): OutgoingHttpHeaders {
    const headers = this.#headers;
    headers[':path'] = this.ports.path + token;
    if (authorization !== undefined) headers['authorization'] = authorization;
    if (!this.#ownId) headers['apns-id'] = this.ports.newId();
    return headers;
  }
}

export class ApnsExchange implements Exchange {
  refusals = 0;
  readonly #at: number;
  readonly #batch: ApnsBatch;
  readonly #token: string;
  #used: string | undefined;
  #renewed = false;

  /** @param token hex */
  constructor(batch: ApnsBatch, at: number, token: string) {
    this.#batch = batch;
    this.#at = at;
    this.#token = token;
  }

  get signal(): AbortSignal {
    return this.#batch.signal;
  }

  headers(): OutgoingHttpHeaders {
    this.#used = this.#batch.ports.authorization();
    return this.#batch.headersFor(this.#token, this.#used);
  }

  body(): Buffer {
    return this.#batch.payload;
  }

  answered(answer: Answer): void {
    const { ports } = this.#batch;
    if (!this.#renewed && isExpiredToken(answer) && this.#used !== undefined && ports.renew(this.#used)) {
      this.#renewed = true;
      ports.submit(this);
      return;
    }
    const verdict = apnsVerdict(answer, ports.now());
    if (verdict.kind === 'retry' && verdict.code === 'TooManyProviderTokenUpdates') ports.tooManyTokens();
    this.#batch.settle(this.#at, verdict);
  }

  failed(failure: ExchangeFailure): void {
    this.#batch.settle(this.#at, verdictOfFailure(failure));
  }
}
