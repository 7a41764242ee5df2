/**
 * Web Push (RFC 8030): one encrypted request per subscription, to the service its browser chose. Encryption takes its
 * time, so it is done in slices.
 */
import type { WebPushSettings } from '../../apps/push-settings.ts';
import type { Address } from '../device.ts';
import type { PayloadProblem, PreparedPush, PushProvider, SendOptions, Verdict } from '../push-provider.ts';
import { parseSubscription, type Subscription, type SubscriptionRules } from '../web-push-subscription.ts';
import { PushTransport, type PushTransportPorts } from './push-transport.ts';
import { checked } from './shape.ts';
import { Slices } from './slices.ts';
import { Vapid } from './vapid.ts';
import { WebPushEncryption } from './web-push-encryption.ts';
import { WebPushBatch, type WebPushBatchPorts, WebPushExchange } from './web-push-exchange.ts';
import { readWebPushMessage, type WebPushMessage } from './web-push-message.ts';
import { WebPushSuspects } from './web-push-suspects.ts';

/** Some 0.2 ms each: so long everything else waits. */
const ENCRYPTED_PER_TURN = 8;
/** So many go out at once, because what is written together costs less: a connection's worth. */
const SENT_TOGETHER = 100;
/** To each of the services; none of them publishes a limit of its own beyond what it says in HTTP/2. */
const SESSIONS = 4;
const STREAMS = 100;

interface PreparedWebPush extends PreparedPush, WebPushMessage {}

interface Unencrypted {
  readonly batch: WebPushBatch;
  readonly at: number;
  readonly token: string;
}

export class WebPushProvider implements PushProvider {
  readonly #rules: SubscriptionRules;
  readonly #transport: PushTransport;
  readonly #encryption = new WebPushEncryption();
  readonly #slices: Slices<Unencrypted, WebPushExchange>;
  readonly #ports: WebPushBatchPorts;

  constructor(settings: WebPushSettings, ports: PushTransportPorts) {
    const { clock, policy } = ports;
    const vapid = new Vapid(settings, clock);
    const suspects = new WebPushSuspects();
    const transport = new PushTransport(ports, { sessions: SESSIONS, streams: STREAMS });
    this.#rules = { allowedOrigins: settings.allowedOrigins, policy };
    this.#transport = transport;
    this.#slices = new Slices({
      perTurn: ENCRYPTED_PER_TURN,
      work: (next) => this.#encrypted(next),
      perGroup: SENT_TOGETHER,
      finish: (exchange) => transport.submit(exchange),
    });
    this.#ports = {
      authorization: (origin) => vapid.authorization(origin),
      takesOtherWay: (passage, failure) => transport.takesOtherWay(passage, failure),
      judge: (origin, token, suspect) => suspects.judge(origin, token, suspect),
      cleared: (origin) => suspects.cleared(origin),
      now: () => clock.now(),
    };
  }

  prepare(payload: object): PreparedPush | PayloadProblem {
    return checked((): PreparedWebPush => {
      const message = readWebPushMessage(payload);
      return { ...message, bytes: message.plaintext.length };
    });
  }

  async send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    options: SendOptions,
  ): Promise<readonly Verdict[]> {
    if (addresses.length === 0) return [];
    const batch = new WebPushBatch(addresses.length, prepared as PreparedWebPush, options, this.#ports);
    const sweep = (): void => this.#transport.pool.sweep();
    options.signal.addEventListener('abort', sweep, { once: true });
    for (const [at, { token }] of addresses.entries()) this.#slices.push({ batch, at, token });
    const verdicts = await batch.done;
    options.signal.removeEventListener('abort', sweep);
    return verdicts;
  }

  close(): void {
    this.#transport.close();
  }

  /** Undefined if it has its verdict already. */
  #encrypted({ batch, at, token }: Unencrypted): WebPushExchange | undefined {
    if (batch.signal.aborted) {
      batch.settle(at, NOT_BEGUN);
      return undefined;
    }
    const read = parseSubscription(token, this.#rules);
    if (!read.ok) {
      const code = read.fault === 'service' ? 'UNKNOWN_SERVICE' : 'MALFORMED_SUBSCRIPTION';
      batch.settle(at, { kind: 'refused', code, reason: read.problem });
      return undefined;
    }
    const body = this.#encrypt(batch.message.plaintext, read.subscription);
    if (body !== undefined) return new WebPushExchange(batch, at, token, read.subscription, body);
    batch.settle(at, NO_POINT);
    return undefined;
  }

  /** Undefined if the subscription's key is none, which nobody notices earlier where devices are not registered. */
  #encrypt(plaintext: Buffer, subscription: Subscription): Buffer | undefined {
    try {
      return this.#encryption.encrypt(plaintext, subscription);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY')
        return undefined;
      throw error;
    }
  }
}

const NOT_BEGUN: Verdict = {
  kind: 'retry',
  afterMs: undefined,
  code: 'UNREACHABLE',
  reason: 'not begun: sending was stopped',
};

const NO_POINT: Verdict = {
  kind: 'refused',
  code: 'MALFORMED_SUBSCRIPTION',
  reason: 'The subscription has a p256dh that is not a point on P-256 of 65 bytes.',
};
