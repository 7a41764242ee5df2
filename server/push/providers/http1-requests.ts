/** Requests of providers in HTTP/1.1, for services that speak nothing newer: connections kept alive, a bounded number. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../../lib/clock.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { checkedLookup } from '../../outgoing/checked-lookup.ts';
import { neverAllowed } from '../../outgoing/forbidden.ts';
import type { NameLookup } from '../../outgoing/name-lookup.ts';
import { connectionFailure } from './connection-failure.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import type { TlsSettings } from './http2-settings.ts';

const PER_HOST = 64;
const IDLE_MS = 15_000;
const ANSWER_MS = 15_000;
const ANSWER_BYTES = 16_384;

export interface Http1Ports {
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly clock: Clock;
  readonly tls?: TlsSettings | undefined;
}

export class Http1Requests {
  readonly #ports: Http1Ports;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  #underWay = 0;
  #closed = false;

  constructor(ports: Http1Ports) {
    this.#ports = ports;
    const options = { keepAlive: true, maxSockets: PER_HOST, timeout: IDLE_MS };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent({ ...options, ca: ports.tls?.ca });
  }

  /** @param origin `https://host[:port]`, or `http://…` where the policy allows it */
  submit(origin: string, exchange: Exchange): void {
    const url = new URL(origin);
    const reason = neverAllowed(url, this.#ports.policy);
    if (reason !== undefined) exchange.failed({ kind: 'forbidden', reason, afterMs: undefined });
    else this.#attempt(url, exchange, true);
  }

  /** What waits for a connection fails as `unsent`; what is under way may finish. */
  close(): void {
    this.#closed = true;
    if (this.#underWay === 0) this.#destroy();
  }

  #destroy(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #attempt(url: URL, exchange: Exchange, mayRepeat: boolean): void {
    if (this.#closed || exchange.signal.aborted) {
      exchange.failed(notBegun(url));
      return;
    }
    const body = exchange.body();
    const outgoing = this.#open(url, exchange.headers(), body.length);
    let over = false;
    let written = false;
    this.#underWay += 1;
    const finish = (settle: () => void): void => {
      if (over) return;
      over = true;
      this.#underWay -= 1;
      settle();
      if (this.#closed && this.#underWay === 0) this.#destroy();
    };
    const fail = (error: Error): void =>
      finish(() => {
        const stale = outgoing.reusedSocket && mayRepeat && isReset(error);
        if (stale) this.#attempt(url, exchange, false);
        else exchange.failed(failureOf(url, error, written));
      });
    outgoing.on('socket', () => {
      // It waited for its turn meanwhile.
      if (this.#closed || exchange.signal.aborted) finish(() => exchange.failed(notBegun(url)));
      if (over) outgoing.destroy();
      else this.#limit(outgoing);
    });
    outgoing.on('finish', () => {
      written = true;
    });
    outgoing.on('error', fail);
    outgoing.on('close', () => fail(new Error('the connection was closed')));
    outgoing.on('upgrade', (_answer, socket) => socket.destroy());
    outgoing.on('response', (answer) => {
      readAnswer(answer, (text) => {
        finish(() =>
          exchange.answered({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      });
    });
    outgoing.end(body);
  }

  #open(url: URL, headers: OutgoingHttpHeaders, length: number): ClientRequest {
    const { ':path': path, ...others } = headers;
    const named = Object.entries(others).filter(([name]) => !name.startsWith(':'));
    const options = {
      method: 'POST',
      path: String(path),
      headers: { ...Object.fromEntries(named), 'content-length': length },
      lookup: checkedLookup(this.#ports),
    };
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: this.#https })
      : httpRequest(url, { ...options, agent: this.#http });
  }

  #limit(outgoing: ClientRequest): void {
    const cancel = this.#ports.clock.after(ANSWER_MS, () =>
      outgoing.destroy(new Error(`no answer within ${ANSWER_MS} ms`)),
    );
    outgoing.once('close', cancel);
  }
}

/** Reads to the end, so that the connection can be used again, but not for ever. */
function readAnswer(answer: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = (): void => done(Buffer.concat(chunks).toString());
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= ANSWER_BYTES) {
      chunks.push(chunk);
      return;
    }
    finish();
    answer.destroy();
  });
  answer.on('end', finish);
  answer.on('error', () => undefined);
}

function failureOf(url: URL, error: Error, written: boolean): ExchangeFailure {
  const failure = connectionFailure(url, error, true);
  return failure.kind === 'unsent' && written ? { ...failure, kind: 'lost' } : failure;
}

function notBegun(url: URL): ExchangeFailure {
  return { kind: 'unsent', reason: `${url.host}: not begun, sending was stopped`, afterMs: undefined };
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
