/** Apple's push service: one request per device, over few connections that stay open for hours. */
import type { ApnsSettings } from '../../apps/push-settings.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Address } from '../device.ts';
import type { PayloadProblem, PreparedPush, PushProvider, SendOptions, Verdict } from '../push-provider.ts';
import { ApnsBatch, type ApnsBatchPorts, ApnsExchange } from './apns-exchange.ts';
import { type ApnsMessage, readApnsMessage } from './apns-message.ts';
import { ApnsToken } from './apns-token.ts';
import { Http2Pool, type Http2PoolPorts } from './http2-pool.ts';
import type { TlsSettings } from './http2-settings.ts';
import { checked } from './shape.ts';

const ENDPOINTS: Readonly<Record<string, string>> = {
  production: 'https://api.push.apple.com',
  development: 'https://api.sandbox.push.apple.com',
};
/** Apple asks for few connections that live long. */
const SESSIONS = 4;
const IDLE_MS = 6 * 3_600_000;

export interface ApnsPorts extends Http2PoolPorts {
  readonly ids: Ids;
  /** For endpoints of one's own. */
  readonly tls?: TlsSettings | undefined;
}

interface PreparedApns extends PreparedPush, ApnsMessage {}

export class ApnsProvider implements PushProvider {
  readonly #bundleId: string;
  readonly #pool: Http2Pool;
  readonly #ports: ApnsBatchPorts;

  /** Throws with a sentence when the key can't be used. */
  constructor({ credentials, bundleId, endpoint = 'production' }: ApnsSettings, ports: ApnsPorts) {
    const { clock, ids } = ports;
    const url = new URL(ENDPOINTS[endpoint] ?? endpoint);
    const certificate = credentials.kind === 'certificate' ? credentials : undefined;
    const token = credentials.kind === 'token' ? new ApnsToken(credentials, clock) : undefined;
    const tls = { ...ports.tls, pfx: certificate?.pfx, passphrase: certificate?.passphrase };
    this.#bundleId = bundleId;
    this.#pool = new Http2Pool(ports, { sessions: SESSIONS, idleMs: IDLE_MS, tls });
    this.#ports = {
      path: `${url.pathname.replace(/\/+$/, '')}/3/device/`,
      submit: (notification) => this.#pool.submit(url.origin, notification),
      authorization: () => token?.current(),
      renew: (used) => token?.renew(used) ?? false,
      tooManyTokens: () => token?.hold(),
      newId: () => ids.uniqueId(),
      now: () => clock.now(),
    };
  }

  prepare(payload: object): PreparedPush | PayloadProblem {
    return checked((): PreparedApns => {
      const message = readApnsMessage(payload, this.#bundleId);
      return { ...message, bytes: message.body.length };
    });
  }

  async send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    { signal, expiresAt }: SendOptions,
  ): Promise<readonly Verdict[]> {
    if (addresses.length === 0) return [];
    const { headers: given, body } = prepared as PreparedApns;
    const headers =
      expiresAt === undefined ? given : { 'apns-expiration': String(Math.floor(expiresAt / 1000)), ...given };
    const batch = new ApnsBatch(addresses.length, signal, headers, body, this.#ports);
    const sweep = (): void => this.#pool.sweep();
    signal.addEventListener('abort', sweep, { once: true });
    for (const [at, { token }] of addresses.entries()) {
      if (isDeviceToken(token)) this.#ports.submit(new ApnsExchange(batch, at, token));
      else batch.settle(at, NO_TOKEN);
    }
    const verdicts = await batch.done;
    signal.removeEventListener('abort', sweep);
    return verdicts;
  }

  close(): void {
    this.#pool.close();
  }
}

const NO_TOKEN: Verdict = {
  kind: 'refused',
  code: 'BadDeviceToken',
  reason: 'the device token is not a hexadecimal number of 2 to 200 digits',
};

/** It goes into the path, so nothing else may. */
function isDeviceToken(token: string): boolean {
  return token.length >= 2 && token.length <= 200 && /^[0-9a-fA-F]+$/.test(token);
}
