/** One HTTP/2 connection: its streams, their deadlines, and the signs that it is at its end. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { connectionFailure, NotHttp2 } from './connection-failure.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import type { Http2Settings } from './http2-settings.ts';
import { type StreamOwner, UnderWay } from './under-way.ts';

export interface ConnectionPorts {
  readonly lookup: LookupFunction;
  readonly clock: Clock;
}

/** Who has a connection is told of it. */
export interface ConnectionEvents {
  /** There may be room for another request. */
  room(): void;
  /** The service did not work on this one, and says so. */
  refused(exchange: Exchange): void;
  /** No more requests on this one; those under way go on. */
  leaving(connection: Http2Connection): void;
  ended(connection: Http2Connection, error: Error | undefined): void;
}

export class Http2Connection implements StreamOwner {
  readonly #url: URL;
  readonly #settings: Http2Settings;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  readonly #session: ClientHttp2Session;
  readonly #cancelConnect: () => void;
  /** In the order of their beginnings, so that the first is the first to be late. */
  readonly #underWay = new Set<UnderWay>();
  #state: 'connecting' | 'open' | 'leaving' | 'ended' = 'connecting';
  #opened = false;
  #limit = 0;
  #begun = 0;
  #answers = 0;
  #answersAtLastTick = 0;
  #error: Error | undefined;
  /** Streams above it have not been worked on. */
  #lastStream = Number.POSITIVE_INFINITY;
  #lastUse: number;
  #lastSign: number;
  #pingedAt: number | undefined;

  constructor(url: URL, settings: Http2Settings, ports: ConnectionPorts, events: ConnectionEvents) {
    this.#url = url;
    this.#settings = settings;
    this.#clock = ports.clock;
    this.#events = events;
    this.#lastUse = this.#clock.now();
    this.#lastSign = this.#lastUse;
    this.#session = connect(url, optionsFor(settings, ports.lookup));
    this.#cancelConnect = this.#clock.after(settings.connectMs, () => {
      this.#session.destroy(new Error(`no connection within ${settings.connectMs} ms`));
    });
    this.#listen();
  }

  /** Streams that may be begun now. */
  get room(): number {
    if (this.#state !== 'open' || this.#session.closed || this.#session.destroyed) return 0;
    return this.#limit - this.#underWay.size;
  }

  /** Something has been answered on it. */
  get proven(): boolean {
    return this.#answers > 0;
  }

  /** The peer has spoken HTTP/2. */
  get opened(): boolean {
    return this.#opened;
  }

  /** It did what was asked of it: another one may be opened in its stead at once. */
  get useful(): boolean {
    return this.#opened && (this.#answers > 0 || this.#begun === 0);
  }

  begin(exchange: Exchange): void {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(exchange.headers());
    } catch (error) {
      // The session has ended in this very moment, or a header can't be written.
      if (this.#session.closed || this.#session.destroyed) {
        this.#events.refused(exchange);
        return;
      }
      exchange.failed({ kind: 'malformed', reason: wordsOf(error), afterMs: undefined });
      return;
    }
    const now = this.#clock.now();
    const underWay = new UnderWay(this, exchange, stream, now);
    this.#underWay.add(underWay);
    this.#begun += 1;
    this.#lastUse = now;
  }

  /** Looks at the deadlines. */
  tick(now: number): void {
    if (this.#state === 'connecting' || this.#state === 'ended') return;
    if (this.#session.destroyed) {
      this.#end();
      return;
    }
    const { answerMs, idleMs } = this.#settings;
    for (const underWay of this.#underWay) {
      if (now - underWay.since < answerMs) break;
      this.#underWay.delete(underWay);
      underWay.giveUp();
      underWay.exchange.failed(lost(`${this.#url.host}: no answer within ${answerMs} ms`));
    }
    if (this.#underWay.size === 0 && now - this.#lastUse >= idleMs) {
      this.close();
      return;
    }
    this.#watch(now);
  }

  /** Begins nothing more, and goes when the last answer is in. */
  close(): void {
    if (this.#state === 'connecting') {
      this.#session.destroy();
      return;
    }
    this.#leave();
    if (this.#underWay.size === 0) this.#session.destroy();
  }

  /** The whole answer to one of our streams, or all we want of it. */
  answered(underWay: UnderWay): void {
    if (!this.#underWay.delete(underWay)) return;
    this.#answers += 1;
    underWay.exchange.answered(underWay.answer());
    this.#afterOne();
  }

  /** A stream has come to its end. */
  closed(underWay: UnderWay): void {
    if (!this.#underWay.has(underWay)) return;
    if (underWay.complete) {
      this.answered(underWay);
      return;
    }
    this.#underWay.delete(underWay);
    if (underWay.refused || underWay.streamId > this.#lastStream) this.#events.refused(underWay.exchange);
    else underWay.exchange.failed(this.#loss(underWay.resetCode));
    this.#afterOne();
  }

  /** How many bytes of a body are of interest. */
  get answerBytes(): number {
    return this.#settings.answerBytes;
  }

  #afterOne(): void {
    if (this.#state === 'open') this.#events.room();
    else if (this.#underWay.size === 0) this.#session.close();
  }

  #listen(): void {
    const session = this.#session;
    session.on('connect', () => {
      if (session.encrypted && session.alpnProtocol !== 'h2')
        session.destroy(new NotHttp2(`${this.#url.host} speaks no HTTP/2`));
    });
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#limit = Math.min(this.#settings.streams, maxConcurrentStreams ?? this.#settings.streams);
      if (this.#state === 'connecting') {
        this.#cancelConnect();
        this.#state = 'open';
        this.#opened = true;
        this.#lastSign = this.#clock.now();
      }
      this.#events.room();
    });
    session.on('goaway', (_code, lastStream) => {
      this.#lastStream = lastStream ?? this.#lastStream;
      this.#leave();
    });
    session.on('error', (error: Error) => {
      this.#error = error;
      this.#leave();
    });
    session.on('close', () => this.#end());
    // An alert of TLS after the handshake (our certificate is not wanted) ends the socket, and the session says nothing.
    session.socket.on('error', (error: Error) => {
      this.#error ??= error;
      this.#end();
    });
  }

  #leave(): void {
    if (this.#state === 'ended' || this.#state === 'leaving') return;
    this.#state = 'leaving';
    this.#events.leaving(this);
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#cancelConnect();
    this.#state = 'ended';
    // Every stream reports its own end; those that did not are as good as reported.
    for (const underWay of [...this.#underWay]) this.closed(underWay);
    this.#events.ended(this, this.#error);
  }

  /** A connection that is silent while answers are due, or for long, is asked whether it lives. */
  #watch(now: number): void {
    if (this.#answers !== this.#answersAtLastTick) {
      this.#answersAtLastTick = this.#answers;
      this.#lastSign = now;
    }
    const { quietMs, pingMs } = this.#settings;
    if (this.#pingedAt !== undefined) {
      if (now - this.#pingedAt < pingMs) return;
      this.#session.destroy(new Error('the connection is dead: no answer to a ping'));
    } else if (now - this.#lastSign >= quietMs && this.#state === 'open') {
      this.#pingedAt = now;
      this.#session.ping((error) => {
        if (error !== null) return;
        this.#pingedAt = undefined;
        this.#lastSign = this.#clock.now();
      });
    }
  }

  #loss(resetCode: number): ExchangeFailure {
    const failure = connectionFailure(this.#url, this.#error, true);
    if (failure.kind !== 'unsent') return failure;
    if (this.#error !== undefined) return lost(failure.reason);
    return lost(`${this.#url.host}: the stream was reset (code ${resetCode})`);
  }
}

function optionsFor(settings: Http2Settings, lookup: LookupFunction): SecureClientSessionOptions {
  const { pfx, passphrase, ca } = settings.tls;
  return {
    settings: { enablePush: false },
    // Streams of a full connection, with their bodies.
    maxSessionMemory: 64,
    peerMaxConcurrentStreams: settings.streams,
    lookup,
    ...(pfx === undefined ? {} : { pfx, passphrase }),
    ...(ca === undefined ? {} : { ca }),
  } as SecureClientSessionOptions;
}

function lost(reason: string): ExchangeFailure {
  return { kind: 'lost', reason, afterMs: undefined };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
