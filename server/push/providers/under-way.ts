/** A request on its stream of an HTTP/2 connection. */
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Answer, Exchange } from './exchange.ts';

/** What a stream belongs to: a connection. */
export interface StreamOwner {
  /** Bytes of a body that are of interest. */
  readonly answerBytes: number;
  /** The answer is there: all of it, or all we want of it. */
  answered(underWay: UnderWay): void;
  /** The stream has come to its end, however. */
  closed(underWay: UnderWay): void;
}

export class UnderWay {
  readonly owner: StreamOwner;
  readonly exchange: Exchange;
  readonly since: number;
  readonly #stream: CarryingStream;
  #headers: IncomingHttpHeaders | undefined;
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  constructor(owner: StreamOwner, exchange: Exchange, stream: CarryingStream, since: number) {
    this.owner = owner;
    this.exchange = exchange;
    this.#stream = stream;
    this.since = since;
    stream.carried = this;
    stream.on('response', onResponse);
    stream.on('error', onError);
    stream.on('close', onClose);
    stream.end(exchange.body());
  }

  get complete(): boolean {
    return this.#headers !== undefined && this.#stream.readableEnded;
  }

  get refused(): boolean {
    return this.#stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  get streamId(): number {
    return this.#stream.id ?? 0;
  }

  get resetCode(): number {
    return this.#stream.rstCode;
  }

  giveUp(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  begins(headers: IncomingHttpHeaders): void {
    this.#headers = headers;
  }

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.owner.answerBytes) return;
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  answer(): Answer {
    const headers = this.#headers ?? {};
    const chunks = this.#chunks;
    const body =
      chunks === undefined ? '' : (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString();
    return { status: Number(headers[':status']), headers, body: body ?? '' };
  }
}

/** Listeners find their request on the stream, so that they are the same functions for all streams. */
interface CarryingStream extends ClientHttp2Stream {
  carried?: UnderWay;
}

function onResponse(this: CarryingStream, headers: IncomingHttpHeaders, flags: number): void {
  this.carried?.begins(headers);
  if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
    this.resume();
    this.carried?.owner.answered(this.carried);
  } else this.on('data', onData);
}

function onData(this: CarryingStream, chunk: Buffer): void {
  this.carried?.take(chunk);
}

/** What happened is read from the stream when it closes; without a listener it would end the process. */
const onError = (): undefined => undefined;

function onClose(this: CarryingStream): void {
  this.carried?.owner.closed(this.carried);
}
