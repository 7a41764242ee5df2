/** The way to a push service: HTTP/2 where it is spoken, else HTTP/1.1. What a service speaks is remembered for a while. */
import type { Clock } from '../../lib/clock.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import { Http1Requests } from './http1-requests.ts';
import { Http2Pool, type Http2PoolPorts } from './http2-pool.ts';
import type { Http2Settings, TlsSettings } from './http2-settings.ts';

const REMEMBERED_MS = 3_600_000;
const MAX_REMEMBERED = 1000;

export interface PushTransportPorts extends Http2PoolPorts {
  /** For endpoints of one's own. */
  readonly tls?: TlsSettings | undefined;
}

/** A request that may go either way. */
export interface Passage extends Exchange {
  readonly origin: string;
  /** Kept by the transport; starts as `http2`. */
  way: 'http2' | 'http1';
}

export class PushTransport {
  readonly pool: Http2Pool;
  readonly #http1: Http1Requests;
  readonly #clock: Clock;
  /** Until when HTTP/2 is not tried again, by origin. */
  readonly #oldFashioned = new Map<string, number>();
  #closed = false;

  constructor(ports: PushTransportPorts, settings: Partial<Http2Settings>) {
    this.pool = new Http2Pool(ports, { ...settings, tls: ports.tls ?? {} });
    this.#http1 = new Http1Requests(ports);
    this.#clock = ports.clock;
  }

  submit(passage: Passage): void {
    if (this.#speaksHttp1(passage.origin)) this.#byHttp1(passage);
    else this.pool.submit(passage.origin, passage);
  }

  /**
   * For a passage that failed: whether it is under way again, because its service doesn't speak HTTP/2. Without TLS
   * nothing is negotiated, and a service that can't read HTTP/2 may just hang up.
   */
  takesOtherWay(passage: Passage, { kind }: ExchangeFailure): boolean {
    if (this.#closed || passage.way === 'http1' || passage.signal.aborted) return false;
    if (kind === 'not http2') this.#remember(passage.origin);
    else if (kind !== 'unsent' || passage.origin.startsWith('https:')) return false;
    this.#byHttp1(passage);
    return true;
  }

  close(): void {
    this.#closed = true;
    this.pool.close();
    this.#http1.close();
  }

  #byHttp1(passage: Passage): void {
    passage.way = 'http1';
    this.#http1.submit(passage.origin, passage);
  }

  #speaksHttp1(origin: string): boolean {
    const until = this.#oldFashioned.get(origin);
    return until !== undefined && this.#clock.now() < until;
  }

  #remember(origin: string): void {
    this.#oldFashioned.delete(origin);
    this.#oldFashioned.set(origin, this.#clock.now() + REMEMBERED_MS);
    const [oldest] = this.#oldFashioned.keys();
    if (this.#oldFashioned.size > MAX_REMEMBERED && oldest !== undefined) this.#oldFashioned.delete(oldest);
  }
}
