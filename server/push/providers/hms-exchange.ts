/** A request to HMS on its way: one message for up to a thousand tokens, or for a group. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { Eventual } from '../../lib/eventual.ts';
import type { Verdict } from '../push-provider.ts';
import type { Answer, ExchangeFailure } from './exchange.ts';
import { verdictOfFailure, verdictOfNoToken } from './failure-verdict.ts';
import { type HmsOutcome, hmsOutcome } from './hms-verdict.ts';
import type { Passage } from './push-transport.ts';

export interface HmsRequestPorts {
  readonly origin: string;
  readonly path: string;
  submit(request: HmsRequest): void;
  takesOtherWay(passage: Passage, failure: ExchangeFailure): boolean;
  accessToken(): Eventual<string>;
  /** Forgets a token that was not accepted. */
  dropToken(used: string): void;
  now(): number;
}

export type HmsResult = Exclude<HmsOutcome, { readonly kind: 'unauthorized' }>;

export class HmsRequest implements Passage {
  refusals = 0;
  way: Passage['way'] = 'http2';
  readonly signal: AbortSignal;
  readonly #ports: HmsRequestPorts;
  readonly #body: Buffer;
  readonly #done: (result: HmsResult) => void;
  #token = '';
  #renewed = false;

  /** @param done called once, with what became of the request */
  constructor(body: string, signal: AbortSignal, ports: HmsRequestPorts, done: (result: HmsResult) => void) {
    this.#body = Buffer.from(body);
    this.signal = signal;
    this.#ports = ports;
    this.#done = done;
  }

  get origin(): string {
    return this.#ports.origin;
  }

  /** Fetches an access token first, if there is none. */
  async begin(): Promise<void> {
    try {
      this.#token = await this.#ports.accessToken();
    } catch (error) {
      this.#all(verdictOfNoToken(error));
      return;
    }
    this.#ports.submit(this);
  }

  headers(): OutgoingHttpHeaders {
    return {
      ':method': 'POST',
      ':path': this.#ports.path,
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json; charset=UTF-8',
    };
  }

  body(): Buffer {
    return this.#body;
  }

  answered(answer: Answer): void {
    const outcome = hmsOutcome(answer, this.#ports.now());
    if (outcome.kind !== 'unauthorized') {
      this.#done(outcome);
      return;
    }
    this.#ports.dropToken(this.#token);
    if (this.#renewed) {
      this.#all(outcome.verdict);
      return;
    }
    this.#renewed = true;
    void this.begin();
  }

  failed(failure: ExchangeFailure): void {
    if (!this.#ports.takesOtherWay(this, failure)) this.#all(verdictOfFailure(failure));
  }

  #all(verdict: Verdict): void {
    this.#done({ kind: 'all', verdict });
  }
}
