/** Messages on their way to FCM: what those of one call have in common, and what each has of its own. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Eventual } from '../../lib/eventual.ts';
import type { Answer, Exchange, ExchangeFailure } from './exchange.ts';
import { verdictOfFailure, verdictOfNoToken } from './failure-verdict.ts';
import { fcmVerdict, UNAUTHORIZED } from './fcm-verdict.ts';
import { SendBatch } from './send-batch.ts';

interface FcmBatchPorts {
  submit(message: FcmExchange): void;
  renew(used: OutgoingHttpHeaders): Eventual<OutgoingHttpHeaders>;
  now(): number;
}

/** What the messages of one call have in common. */
export class FcmBatch extends SendBatch {
  /** The request behind its target, to the end. */
  readonly rest: Buffer;
  readonly ports: FcmBatchPorts;
  headers: OutgoingHttpHeaders;

  constructor(
    size: number,
    signal: AbortSignal,
    rest: Buffer,
    headers: OutgoingHttpHeaders,
    ports: FcmBatchPorts,
  ) {
    super(size, signal);
    this.rest = rest;
    this.headers = headers;
    this.ports = ports;
  }

  begin(at: number, target: string): void {
    this.ports.submit(new FcmExchange(this, at, target));
  }

  /** Once more with a new access token. */
  async again(message: FcmExchange, used: OutgoingHttpHeaders): Promise<void> {
    try {
      this.headers = await this.ports.renew(used);
    } catch (error) {
      this.settle(message.at, verdictOfNoToken(error));
      return;
    }
    this.ports.submit(message);
  }
}

const HEAD = '{"message":{';

class FcmExchange implements Exchange {
  refusals = 0;
  readonly at: number;
  readonly #batch: FcmBatch;
  readonly #target: string;
  #used: OutgoingHttpHeaders | undefined;
  #renewed = false;

  constructor(batch: FcmBatch, at: number, target: string) {
    this.#batch = batch;
    this.at = at;
    this.#target = target;
  }

  get signal(): AbortSignal {
    return this.#batch.signal;
  }

  headers(): OutgoingHttpHeaders {
    this.#used = this.#batch.headers;
    return this.#used;
  }

  body(): Buffer {
    const { rest } = this.#batch;
    const start = HEAD + this.#target;
    const length = Buffer.byteLength(start);
    const body = Buffer.allocUnsafe(length + rest.length);
    body.write(start, 0);
    rest.copy(body, length);
    return body;
  }

  answered(answer: Answer): void {
    const verdict = fcmVerdict(answer, this.#batch.ports.now());
    if (verdict !== UNAUTHORIZED) {
      this.#batch.settle(this.at, verdict);
    } else if (this.#renewed || this.#used === undefined) {
      const reason = 'FCM does not accept the access token of the service account';
      this.#batch.settle(this.at, { kind: 'misconfigured', code: 'UNAUTHENTICATED', reason });
    } else {
      this.#renewed = true;
      void this.#batch.again(this, this.#used);
    }
  }

  failed(failure: ExchangeFailure): void {
    this.#batch.settle(this.at, verdictOfFailure(failure));
  }
}
