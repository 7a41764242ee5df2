/** A handshake as uWebSockets has it: each thing is read when it is asked for, because it costs a call and a string. */
import type { HttpRequest } from 'uWebSockets.js';
import type { Knock } from '../socket/admission.ts';

export interface KnockSettings {
  /** Whether this server itself speaks TLS. */
  readonly tls: boolean;
  readonly trustProxy: boolean;
}

const APP = '/app/';
/** The same behind whatever a proxy put before it, and with a slash at its end. */
const APP_PATH = /\/app\/([^/]+)\/?$/;

/** Good until the handler it was made in returns. */
export class UwsKnock implements Knock {
  readonly #request: HttpRequest;
  readonly #settings: KnockSettings;

  constructor(request: HttpRequest, settings: KnockSettings) {
    this.#request = request;
    this.#settings = settings;
  }

  get key(): string | undefined {
    const path = this.#request.getUrl();
    if (path.startsWith(APP) && path.length > APP.length && !path.includes('/', APP.length)) {
      return path.slice(APP.length);
    }
    return APP_PATH.exec(path)?.[1];
  }

  get protocol(): string | undefined {
    return this.#request.getQuery('protocol');
  }

  get version(): string | undefined {
    return this.#request.getQuery('version');
  }

  get origin(): string {
    return this.#request.getHeader('origin');
  }

  get tls(): boolean {
    const { tls, trustProxy } = this.#settings;
    return tls || (trustProxy && this.#request.getHeader('x-forwarded-proto') === 'https');
  }

  /** All of it, for the log. */
  details(): Readonly<Record<string, unknown>> {
    const { key, protocol, version, origin, tls } = this;
    return { path: this.#request.getUrl(), key, protocol, version, origin, tls };
  }
}
