/** Messages on their way to browsers' push services: what those of one call have in common, and what each has of its own. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Verdict } from '../push-provider.ts';
import type { Subscription } from '../web-push-subscription.ts';
import type { Answer, ExchangeFailure } from './exchange.ts';
import type { Passage } from './push-transport.ts';
import { SendBatch } from './send-batch.ts';
import type { WebPushMessage } from './web-push-message.ts';
import { type Suspect, webPushFailure, webPushVerdict } from './web-push-verdict.ts';

export interface WebPushBatchPorts {
  authorization(origin: string): string;
  takesOtherWay(passage: Passage, failure: ExchangeFailure): boolean;
  judge(origin: string, token: string, suspect: Suspect): Verdict;
  cleared(origin: string): void;
  now(): number;
}

/** What the messages of one call have in common. */
export class WebPushBatch extends SendBatch {
  readonly message: WebPushMessage;
  readonly expiresAt: number | undefined;
  readonly ports: WebPushBatchPorts;

  constructor(
    size: number,
    message: WebPushMessage,
    options: { readonly signal: AbortSignal; readonly expiresAt: number | undefined },
    ports: WebPushBatchPorts,
  ) {
    super(size, options.signal);
    this.message = message;
    this.expiresAt = options.expiresAt;
    this.ports = ports;
  }

  /** Seconds the service shall keep it: less and less, the closer the end. */
  get ttl(): number {
    const { ttl } = this.message;
    if (this.expiresAt === undefined) return ttl;
    return Math.max(0, Math.min(ttl, Math.ceil((this.expiresAt - this.ports.now()) / 1000)));
  }
}

export class WebPushExchange implements Passage {
  refusals = 0;
  way: Passage['way'] = 'http2';
  readonly origin: string;
  readonly #batch: WebPushBatch;
  readonly #at: number;
  readonly #token: string;
  readonly #path: string;
  readonly #body: Buffer;

  constructor(batch: WebPushBatch, at: number, token: string, { endpoint }: Subscription, body: Buffer) {
    this.#batch = batch;
    this.#at = at;
    this.#token = token;
    this.origin = endpoint.origin;
    this.#path = endpoint.pathname + endpoint.search;
    this.#body = body;
  }

  get signal(): AbortSignal {
    return this.#batch.signal;
  }

  headers(): OutgoingHttpHeaders {
    const { message, ttl, ports } = this.#batch;
    return {
      ':method': 'POST',
      ':path': this.#path,
      authorization: ports.authorization(this.origin),
      ttl,
      'content-encoding': 'aes128gcm',
      'content-type': 'application/octet-stream',
      ...message.headers,
    };
  }

  body(): Buffer {
    return this.#body;
  }

  answered(answer: Answer): void {
    const { ports } = this.#batch;
    const verdict = webPushVerdict(answer, ports.now());
    if (verdict.kind === 'sent') ports.cleared(this.origin);
    this.#batch.settle(
      this.#at,
      verdict.kind === 'suspect' ? ports.judge(this.origin, this.#token, verdict) : verdict,
    );
  }

  failed(failure: ExchangeFailure): void {
    if (this.#batch.ports.takesOtherWay(this, failure)) return;
    this.#batch.settle(this.#at, webPushFailure(failure));
  }
}
