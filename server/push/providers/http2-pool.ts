/**
 * Connections to push services over HTTP/2, by origin: opened when needed, used by many requests at once, closed when
 * idle. Knows nothing of what it carries.
 */
import type { Chance } from '../../lib/chance.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AddressPolicy } from '../../outgoing/address-policy.ts';
import { checkedLookup } from '../../outgoing/checked-lookup.ts';
import type { NameLookup } from '../../outgoing/name-lookup.ts';
import type { Exchange } from './exchange.ts';
import { Http2Origin } from './http2-origin.ts';
import { HTTP2_DEFAULTS, type Http2Settings } from './http2-settings.ts';

/** Origins with connections at once; only Web Push has more than one. */
const MAX_ORIGINS = 256;
/** Deadlines are looked at so often: one timer for all requests. */
const TICK_MS = 1000;

export interface Http2PoolPorts {
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly clock: Clock;
  readonly chance: Chance;
}

export class Http2Pool {
  readonly #settings: Http2Settings;
  readonly #ports: Http2PoolPorts;
  readonly #lookup: ReturnType<typeof checkedLookup>;
  readonly #origins = new Map<string, Http2Origin>();
  #stopTicking: (() => void) | undefined;
  #closed = false;

  constructor(ports: Http2PoolPorts, settings: Partial<Http2Settings> = {}) {
    this.#ports = ports;
    this.#settings = { ...HTTP2_DEFAULTS, ...settings };
    this.#lookup = checkedLookup(ports);
  }

  /**
   * Sends a request as soon as there is room. Streams that the service refused before it worked on them are begun
   * again elsewhere, a few times.
   * @param origin `https://host[:port]`, or `http://host[:port]` for HTTP/2 without TLS, where the policy allows it
   */
  submit(origin: string, exchange: Exchange): void {
    if (this.#closed) {
      exchange.failed(unsent('connections are being closed'));
      return;
    }
    let lane = this.#origins.get(origin);
    if (lane === undefined) {
      if (this.#origins.size >= MAX_ORIGINS) {
        exchange.failed(unsent('too many services at once'));
        return;
      }
      lane = new Http2Origin(new URL(origin), this.#settings, { ...this.#ports, lookup: this.#lookup });
      this.#origins.set(origin, lane);
    }
    this.#stopTicking ??= this.#ports.clock.every(Math.min(TICK_MS, this.#settings.answerMs), () =>
      this.#tick(),
    );
    lane.submit(exchange);
  }

  /** Lets go of waiting requests whose signal has been aborted. Whoever aborts a signal calls this. */
  sweep(): void {
    for (const lane of this.#origins.values()) lane.sweep();
  }

  /** What waits fails as `unsent`; what is under way may finish, within the time an answer has. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#origins.values()) lane.close();
    this.#tick();
  }

  #tick(): void {
    for (const [origin, lane] of this.#origins) {
      lane.tick();
      if (lane.unused) this.#origins.delete(origin);
    }
    if (this.#origins.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }
}

function unsent(reason: string): { kind: 'unsent'; reason: string; afterMs: undefined } {
  return { kind: 'unsent', reason, afterMs: undefined };
}
