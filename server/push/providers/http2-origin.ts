/** One origin of the pool: its connections, and the requests that wait for a stream. */
import type { LookupFunction } from 'node:net';
import { pauseAfter } from '../../lib/backoff.ts';
import type { Chance } from '../../lib/chance.ts';
import type { Clock } from '../../lib/clock.ts';
import { Fifo } from '../../lib/fifo.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { neverAllowed } from '../../outgoing/forbidden.ts';
import { connectionFailure } from './connection-failure.ts';
import type { Exchange, ExchangeFailure } from './exchange.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Settings } from './http2-settings.ts';

/** Streams of one request that a service may refuse before we give up for now. */
const MAX_REFUSALS = 3;

/**
 * Requests begun in one turn of the event loop. Hundreds at once would hold up everybody else on this node, and cost more
 * each: what is alive together is copied together by the collector of garbage.
 */
const BURST = 64;

export interface Http2OriginPorts {
  readonly policy: AddressPolicy;
  readonly lookup: LookupFunction;
  readonly clock: Clock;
  readonly chance: Chance;
}

export class Http2Origin {
  readonly #url: URL;
  readonly #settings: Http2Settings;
  readonly #ports: Http2OriginPorts;
  readonly #forbidden: string | undefined;
  readonly #connections: Http2Connection[] = [];
  /** Take no more requests, and may still answer some. */
  readonly #leaving = new Set<Http2Connection>();
  readonly #waiting = new Fifo<Exchange>();
  /** Connections in a row that came to nothing, the last reason, and until when none is tried. */
  #failures = 0;
  #lastFailure: ExchangeFailure | undefined;
  #blockedUntil = 0;
  #closed = false;
  #pumpsSoon = false;
  /** When a request began or came first in line; as exact as ticks are. */
  #movedAt = 0;
  #moved = false;

  constructor(url: URL, settings: Http2Settings, ports: Http2OriginPorts) {
    this.#url = url;
    this.#settings = settings;
    this.#ports = ports;
    this.#forbidden = neverAllowed(url, ports.policy);
  }

  /** Nothing waits, nothing is connected, and there is no failed attempt to remember. */
  get unused(): boolean {
    const blocked = this.#ports.clock.now() < this.#blockedUntil && !this.#closed;
    const connected = this.#connections.length + this.#leaving.size > 0;
    return this.#waiting.length === 0 && !connected && !blocked;
  }

  submit(exchange: Exchange): void {
    if (this.#forbidden !== undefined) {
      exchange.failed({ kind: 'forbidden', reason: this.#forbidden, afterMs: undefined });
      return;
    }
    if (this.#waiting.length === 0) this.#moved = true;
    this.#waiting.push(exchange);
    this.#pump();
  }

  sweep(): void {
    for (const exchange of this.#waiting.extract(({ signal }) => signal.aborted)) exchange.failed(ABORTED);
  }

  tick(): void {
    const now = this.#ports.clock.now();
    for (const connection of [...this.#connections, ...this.#leaving]) connection.tick(now);
    this.#pump();
    this.#noticeStandstill(now);
  }

  close(): void {
    this.#closed = true;
    this.#failWaiting({ kind: 'unsent', reason: 'connections are being closed', afterMs: undefined });
    for (const connection of [...this.#connections]) connection.close();
  }

  /** A service that is there and allows no streams. */
  #noticeStandstill(now: number): void {
    if (this.#moved || this.#waiting.length === 0) this.#movedAt = now;
    this.#moved = false;
    const { connectMs, answerMs } = this.#settings;
    if (now - this.#movedAt < connectMs + answerMs) return;
    const reason = `${this.#url.host} allows no requests`;
    this.#failWaiting({ kind: 'unsent', reason, afterMs: undefined });
  }

  /** Begins waiting requests while there is room, some now and the others in the next turns of the loop. */
  #pump(): void {
    if (this.#pumpsSoon) return;
    for (let begun = 0; this.#waiting.length > 0; begun++) {
      const connection = this.#connections.find(({ room }) => room > 0);
      if (connection === undefined) {
        this.#grow();
        return;
      }
      if (begun === BURST) {
        this.#pumpSoon();
        return;
      }
      const exchange = this.#waiting.shift() as Exchange;
      this.#moved = true;
      if (exchange.signal.aborted) exchange.failed(ABORTED);
      else connection.begin(exchange);
    }
  }

  /** Once for all the answers of this turn. */
  #pumpSoon(): void {
    if (this.#pumpsSoon || this.#waiting.length === 0) return;
    this.#pumpsSoon = true;
    setImmediate(() => {
      this.#pumpsSoon = false;
      this.#pump();
    });
  }

  /** One connection more, unless there are enough or the last one has still to show that it is of use. */
  #grow(): void {
    const untilNext = this.#blockedUntil - this.#ports.clock.now();
    if (untilNext > 0) {
      if (this.#connections.length > 0) return;
      this.#failWaiting({ ...(this.#lastFailure ?? ABORTED), afterMs: untilNext });
      return;
    }
    if (this.#connections.length >= this.#settings.sessions) return;
    if (this.#connections.some(({ proven }) => !proven)) return;
    try {
      this.#connections.push(this.#connect());
    } catch (error) {
      // A client certificate that can't be read.
      const reason = error instanceof Error ? error.message : String(error);
      this.#failWaiting({ kind: 'untrusted', reason: `our certificate: ${reason}`, afterMs: undefined });
    }
  }

  #connect(): Http2Connection {
    return new Http2Connection(this.#url, this.#settings, this.#ports, {
      room: () => this.#pumpSoon(),
      refused: (exchange) => this.#refused(exchange),
      leaving: (one) => this.#leave(one),
      ended: (one, error) => this.#ended(one, error),
    });
  }

  #refused(exchange: Exchange): void {
    exchange.refusals += 1;
    if (this.#closed || exchange.refusals > MAX_REFUSALS) {
      const reason = 'the service took no stream for it';
      exchange.failed({ kind: 'unsent', reason, afterMs: undefined });
      return;
    }
    this.#waiting.push(exchange);
    this.#pump();
  }

  #leave(connection: Http2Connection): void {
    const at = this.#connections.indexOf(connection);
    if (at !== -1) this.#connections.splice(at, 1);
    this.#leaving.add(connection);
  }

  #ended(connection: Http2Connection, error: Error | undefined): void {
    this.#leave(connection);
    this.#leaving.delete(connection);
    if (connection.useful) {
      this.#failures = 0;
      this.#blockedUntil = 0;
    } else {
      this.#failures += 1;
      this.#lastFailure = connectionFailure(this.#url, error, connection.opened);
      const pause = pauseAfter(this.#failures, this.#settings.reconnect, this.#ports.chance);
      this.#blockedUntil = this.#ports.clock.now() + pause;
    }
    this.#pump();
  }

  #failWaiting(failure: ExchangeFailure): void {
    for (const exchange of this.#waiting.extract(() => true)) exchange.failed(failure);
  }
}

const ABORTED: ExchangeFailure = {
  kind: 'unsent',
  reason: 'not begun: sending was stopped',
  afterMs: undefined,
};
