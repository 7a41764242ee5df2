/** Posts a form to an address that an operator configured, and reads the answer: how access tokens are fetched. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../lib/clock.ts';

/** A longer answer is broken off. */
const MAX_ANSWER_BYTES = 65_536;

export interface FormAnswer {
  readonly status: number;
  readonly body: string;
}

export interface FormPosterPorts {
  /** Resolves names to addresses that are allowed; an address written as such is the caller's to check. */
  readonly lookup: LookupFunction;
  readonly clock: Clock;
  /** Authorities trusted instead of the system's, PEM. */
  readonly ca?: string | undefined;
}

/**
 * One POST over HTTP/1.1 on a connection of its own; redirects aren't followed.
 * Rejects when there is no whole answer within `timeoutMs`.
 */
export function postForm(
  url: URL,
  form: Readonly<Record<string, string>>,
  timeoutMs: number,
  { lookup, clock, ca }: FormPosterPorts,
): Promise<FormAnswer> {
  const body = new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json',
    };
    const options = { ...urlToHttpOptions(url), method: 'POST', headers, lookup, agent: false };
    const outgoing: ClientRequest =
      url.protocol === 'https:'
        ? httpsRequest(ca === undefined ? options : { ...options, ca })
        : httpRequest(options);
    const cancel = clock.after(timeoutMs, () =>
      outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)),
    );
    outgoing.on('response', (answer) => readAnswer(answer, resolve, reject));
    outgoing.on('error', reject);
    outgoing.on('close', () => {
      cancel();
      reject(new Error('the connection was closed'));
    });
    outgoing.end(body);
  });
}

function readAnswer(
  answer: IncomingMessage,
  resolve: (answer: FormAnswer) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy(new Error('the answer is too long'));
    else chunks.push(chunk);
  });
  answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
  answer.on('error', reject);
}
