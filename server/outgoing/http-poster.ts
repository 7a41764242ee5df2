/** The poster over node:http and node:https: connections kept alive, addresses checked, answers bounded. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../lib/clock.ts';
import type { AddressPolicy } from './address-policy.ts';
import { checkedLookup } from './checked-lookup.ts';
import { forbidden } from './forbidden.ts';
import type { NameLookup } from './name-lookup.ts';
import type { Poster, PostRequest, PostResult } from './poster.ts';

/** Nobody reads the answers; reading a short one keeps the connection usable. */
const MAX_ANSWER_BYTES = 65_536;
/** Idle connections are given up before most receivers do it. */
const IDLE_MS = 15_000;
const IDLE_PER_HOST = 16;

export interface HttpPosterPorts {
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly clock: Clock;
}

export class HttpPoster implements Poster {
  readonly #ports: HttpPosterPorts;
  readonly #http = new HttpAgent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: IDLE_PER_HOST });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: IDLE_PER_HOST });
  readonly #lookup: LookupFunction;
  readonly #underWay = new Set<(reason: string) => void>();

  constructor(ports: HttpPosterPorts) {
    this.#ports = ports;
    this.#lookup = checkedLookup(ports);
  }

  post(request: PostRequest): Promise<PostResult> {
    const reason = forbidden(request.url, this.#ports.policy);
    if (reason !== undefined) return Promise.resolve({ ok: false, failure: 'policy', reason });
    return new Promise((resolve) => {
      let current: ClientRequest | undefined;
      const finish = (result: PostResult): void => {
        if (!this.#underWay.delete(giveUp)) return;
        cancelTimer();
        resolve(result);
        // Without effect where the answer has been read: the connection is back among the idle ones.
        if (!result.ok) current?.destroy();
      };
      const giveUp = (reason: string): void => finish({ ok: false, failure: 'connection', reason });
      this.#underWay.add(giveUp);
      const cancelTimer = this.#ports.clock.after(request.timeoutMs, () =>
        giveUp(`no answer within ${request.timeoutMs} ms`),
      );
      const attempt = (mayRepeat: boolean): void => {
        const outgoing = this.#send(request);
        let answered = false;
        current = outgoing;
        outgoing.on('response', (answer) => {
          answered = true;
          readAnswer(answer, outgoing, finish);
        });
        // An answer that switches protocols is none; without a listener its connection would linger.
        outgoing.on('upgrade', (_answer, socket) => {
          socket.destroy();
          giveUp('the answer has status 101');
        });
        outgoing.on('error', (error) => {
          // The receiver closed an idle connection just as we picked it: nothing is wrong with either side.
          const stale = outgoing.reusedSocket && !answered && isReset(error);
          if (stale && mayRepeat && this.#underWay.has(giveUp)) attempt(false);
          else giveUp(wordsFor(error));
        });
        outgoing.end(request.body);
      };
      try {
        attempt(true);
      } catch (error) {
        giveUp(error instanceof Error ? wordsFor(error) : String(error));
      }
    });
  }

  close(): void {
    for (const giveUp of [...this.#underWay]) giveUp('the node is stopping');
    this.#http.destroy();
    this.#https.destroy();
  }

  #send({ url, headers }: PostRequest): ClientRequest {
    const options = { ...urlToHttpOptions(url), method: 'POST', headers, lookup: this.#lookup };
    return url.protocol === 'https:'
      ? httpsRequest({ ...options, agent: this.#https })
      : httpRequest({ ...options, agent: this.#http });
  }
}

/** Reads to the end so that the connection can be used again, but not for ever. */
function readAnswer(
  answer: IncomingMessage,
  outgoing: ClientRequest,
  finish: (result: PostResult) => void,
): void {
  const status = answer.statusCode ?? 0;
  const result: PostResult =
    status >= 200 && status < 300
      ? { ok: true, status }
      : { ok: false, failure: 'answer', reason: `the answer has status ${status}` };
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) return;
    finish(result);
    outgoing.destroy();
  });
  answer.on('end', () => finish(result));
  answer.on('error', (error) => finish({ ok: false, failure: 'connection', reason: wordsFor(error) }));
  answer.on('close', () => finish({ ok: false, failure: 'connection', reason: 'the answer broke off' }));
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** Several addresses tried in vain make an error without words of its own. */
function wordsFor(error: Error): string {
  if (error instanceof AggregateError) {
    return [
      ...new Set(error.errors.map((inner) => (inner instanceof Error ? inner.message : String(inner)))),
    ].join(', ');
  }
  return error.message || error.name;
}
