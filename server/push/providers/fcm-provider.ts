/** Firebase Cloud Messaging, HTTP v1: one request per device, over few connections that are shared by all. */
import type { OutgoingHttpHeaders } from 'node:http2';
import type { FcmSettings } from '../../apps/push-settings.ts';
import type { Clock } from '../../lib/clock.ts';
import { andThen, type Eventual } from '../../lib/eventual.ts';
import type { Address } from '../device.ts';
import type {
  PayloadProblem,
  PreparedPush,
  ProviderGroup,
  PushProvider,
  SendOptions,
  Verdict,
} from '../push-provider.ts';
import { AccessToken } from './access-token.ts';
import { verdictOfNoToken } from './failure-verdict.ts';
import { FcmBatch } from './fcm-exchange.ts';
import { encodeFcmRest, FCM_TOPIC_LIMIT, type FcmMessage, readFcmMessage } from './fcm-message.ts';
import { grantForm, readServiceAccount } from './google-grant.ts';
import { Http2Pool, type Http2PoolPorts } from './http2-pool.ts';
import type { TlsSettings } from './http2-settings.ts';
import { checked } from './shape.ts';
import { fetchToken } from './token-endpoint.ts';

const ENDPOINT = 'https://fcm.googleapis.com';
/** What FCM allows on a connection, whatever its settings say. */
const STREAMS = 100;
const SESSIONS = 8;

export interface FcmPorts extends Http2PoolPorts {
  readonly clock: Clock;
  /** For endpoints of one's own. */
  readonly tls?: TlsSettings | undefined;
}

interface PreparedFcm extends PreparedPush {
  readonly message: FcmMessage;
}

export class FcmProvider implements PushProvider {
  readonly #clock: Clock;
  readonly #pool: Http2Pool;
  readonly #origin: string;
  readonly #path: string;
  readonly #token: AccessToken;
  #headers: { readonly token: string; readonly headers: OutgoingHttpHeaders } | undefined;

  /** Throws with a sentence when the service account can't be used. */
  constructor({ credentials, endpoint }: FcmSettings, ports: FcmPorts) {
    const account = readServiceAccount(credentials);
    const url = new URL(endpoint ?? ENDPOINT);
    const { clock, tls = {} } = ports;
    this.#clock = clock;
    this.#origin = url.origin;
    const project = encodeURIComponent(account.projectId);
    this.#path = `${url.pathname.replace(/\/+$/, '')}/v1/projects/${project}/messages:send`;
    const pool = new Http2Pool(ports, { streams: STREAMS, sessions: SESSIONS, tls });
    this.#pool = pool;
    this.#token = new AccessToken(
      () => fetchToken(account.tokenUri, grantForm(account, clock.now()), { ...ports, pool, ca: tls.ca }),
      clock,
    );
  }

  prepare(payload: object): PreparedPush | PayloadProblem {
    return checked((): PreparedFcm => {
      const message = readFcmMessage(payload);
      return { message, bytes: message.bytes };
    });
  }

  send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    options: SendOptions,
  ): Promise<readonly Verdict[]> {
    return this.#sendAll(
      prepared,
      addresses.map(({ token }) => `"token":${JSON.stringify(token)}`),
      options,
    );
  }

  async sendToGroup(prepared: PreparedPush, group: ProviderGroup, options: SendOptions): Promise<Verdict> {
    if (prepared.bytes > FCM_TOPIC_LIMIT) {
      const reason = `the FCM message has ${prepared.bytes} bytes of payload, and the limit for topics is ${FCM_TOPIC_LIMIT}`;
      return { kind: 'refused', code: 'PAYLOAD_TOO_LARGE', reason };
    }
    const target =
      'topic' in group
        ? `"topic":${JSON.stringify(group.topic)}`
        : `"condition":${JSON.stringify(group.condition)}`;
    const [verdict] = await this.#sendAll(prepared, [target], options);
    return verdict as Verdict;
  }

  close(): void {
    this.#pool.close();
  }

  async #sendAll(
    prepared: PreparedPush,
    targets: readonly string[],
    { signal, expiresAt }: SendOptions,
  ): Promise<readonly Verdict[]> {
    if (targets.length === 0) return [];
    const now = this.#clock.now();
    const left = expiresAt === undefined ? undefined : (expiresAt - now) / 1000;
    const rest = Buffer.from(`${encodeFcmRest((prepared as PreparedFcm).message, left, now)}}`);
    let headers: OutgoingHttpHeaders;
    try {
      headers = await this.#currentHeaders();
    } catch (error) {
      const verdict = verdictOfNoToken(error);
      return targets.map(() => verdict);
    }
    const batch = new FcmBatch(targets.length, signal, rest, headers, {
      submit: (message) => this.#pool.submit(this.#origin, message),
      renew: (used) => this.#renew(used),
      now: () => this.#clock.now(),
    });
    const sweep = (): void => this.#pool.sweep();
    signal.addEventListener('abort', sweep, { once: true });
    for (let i = 0; i < targets.length; i++) batch.begin(i, targets[i] as string);
    const verdicts = await batch.done;
    signal.removeEventListener('abort', sweep);
    return verdicts;
  }

  /** One object for all requests with the same token: HTTP/2 copies it anyway. */
  #currentHeaders(): Eventual<OutgoingHttpHeaders> {
    return andThen(this.#token.current(), (token) => {
      if (this.#headers?.token !== token) {
        const headers = {
          ':method': 'POST',
          ':path': this.#path,
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
        };
        this.#headers = { token, headers };
      }
      return this.#headers.headers;
    });
  }

  /** Headers with another token than the refused one. */
  #renew(used: OutgoingHttpHeaders): Eventual<OutgoingHttpHeaders> {
    if (this.#headers?.headers === used) this.#token.drop(this.#headers.token);
    return this.#currentHeaders();
  }
}
