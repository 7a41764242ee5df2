/** HMS Push Kit: one request for up to a thousand tokens, or for a topic or condition that Huawei keeps. */
import type { HmsSettings } from '../../apps/push-settings.ts';
import type { Clock } from '../../lib/clock.ts';
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
import { HmsRequest, type HmsRequestPorts, type HmsResult } from './hms-exchange.ts';
import { conditionProblem, encodeHmsMessage, type HmsMessage, readHmsMessage } from './hms-message.ts';
import { PushTransport, type PushTransportPorts } from './push-transport.ts';
import { checked } from './shape.ts';
import { fetchToken } from './token-endpoint.ts';

const ENDPOINT = 'https://push-api.cloud.huawei.com';
const TOKEN_ENDPOINT = 'https://oauth-login.cloud.huawei.com/oauth2/v3/token';
const TOKENS_PER_REQUEST = 1000;
const SESSIONS = 2;
const STREAMS = 100;
/** An application that sent something within so long has the right key: tokens it doesn't know are dead. */
const PROVEN_MS = 86_400_000;

interface PreparedHms extends PreparedPush, HmsMessage {}

export class HmsProvider implements PushProvider {
  readonly #clock: Clock;
  readonly #transport: PushTransport;
  readonly #ports: HmsRequestPorts;
  #lastSentAt: number | undefined;

  constructor({ appId, appSecret, endpoint, tokenEndpoint }: HmsSettings, ports: PushTransportPorts) {
    const { clock, tls = {} } = ports;
    const url = new URL(endpoint ?? ENDPOINT);
    const tokenUrl = new URL(tokenEndpoint ?? TOKEN_ENDPOINT);
    const form = { grant_type: 'client_credentials', client_id: appId, client_secret: appSecret };
    const transport = new PushTransport(ports, { sessions: SESSIONS, streams: STREAMS });
    const { pool } = transport;
    const token = new AccessToken(() => fetchToken(tokenUrl, form, { ...ports, pool, ca: tls.ca }), clock);
    this.#clock = clock;
    this.#transport = transport;
    this.#ports = {
      origin: url.origin,
      path: `${url.pathname.replace(/\/+$/, '')}/v1/${encodeURIComponent(appId)}/messages:send`,
      submit: (request) => transport.submit(request),
      takesOtherWay: (passage, failure) => transport.takesOtherWay(passage, failure),
      accessToken: () => token.current(),
      dropToken: (used) => token.drop(used),
      now: () => clock.now(),
    };
  }

  prepare(payload: object): PreparedPush | PayloadProblem {
    return checked((): PreparedHms => readHmsMessage(payload));
  }

  async send(
    prepared: PreparedPush,
    addresses: readonly Address[],
    options: SendOptions,
  ): Promise<readonly Verdict[]> {
    // A token that is named twice would get it twice.
    const tokens = [...new Set(addresses.map(({ token }) => token))];
    const message = this.#encode(prepared, options);
    const verdicts = new Map<string, Verdict>();
    await this.#sweeping(options.signal, () =>
      Promise.all(
        chunksOf(tokens, TOKENS_PER_REQUEST).map((chunk) =>
          this.#sendChunk(message, chunk, options, verdicts),
        ),
      ),
    );
    // Every token is in a chunk, and every chunk gives its tokens verdicts.
    return addresses.map(({ token }) => verdicts.get(token) as Verdict);
  }

  async sendToGroup(prepared: PreparedPush, group: ProviderGroup, options: SendOptions): Promise<Verdict> {
    const problem = 'condition' in group ? conditionProblem(group.condition) : undefined;
    if (problem !== undefined) return { kind: 'refused', code: 'INVALID_CONDITION', reason: problem };
    const body = `${this.#encode(prepared, options)}${JSON.stringify(group).slice(1, -1)}}}`;
    const result = await this.#sweeping(options.signal, () => this.#request(body, options));
    if (result.kind === 'all') return result.verdict;
    if (result.kind === 'partly') return result.sent;
    return { kind: 'refused', code: result.code, reason: result.reason };
  }

  close(): void {
    this.#transport.close();
  }

  #encode(prepared: PreparedPush, { expiresAt }: SendOptions): string {
    const left = expiresAt === undefined ? undefined : (expiresAt - this.#clock.now()) / 1000;
    return encodeHmsMessage(prepared as PreparedHms, left);
  }

  async #sendChunk(
    message: string,
    tokens: readonly string[],
    options: SendOptions,
    verdicts: Map<string, Verdict>,
  ): Promise<void> {
    const result = await this.#request(`${message}"token":${JSON.stringify(tokens)}}}`, options);
    if (result.kind === 'too many' && tokens.length > 1) {
      const halves = chunksOf(tokens, Math.ceil(tokens.length / 2));
      await Promise.all(halves.map((half) => this.#sendChunk(message, half, options, verdicts)));
      return;
    }
    for (const token of tokens) verdicts.set(token, this.#verdictFor(token, tokens.length, result));
  }

  #verdictFor(token: string, among: number, result: HmsResult): Verdict {
    switch (result.kind) {
      case 'all':
        return result.verdict;
      case 'partly':
        return result.illegal.has(token) ? result.dead : result.sent;
      case 'all illegal':
        // With the key of another application all tokens are illegal, and none may be given up for it.
        return {
          kind: among === 1 || this.#isProven() ? 'dead' : 'refused',
          code: result.code,
          reason: result.reason,
        };
      case 'too many':
        return { kind: 'refused', code: result.code, reason: result.reason };
    }
  }

  #isProven(): boolean {
    return this.#lastSentAt !== undefined && this.#clock.now() - this.#lastSentAt < PROVEN_MS;
  }

  async #request(body: string, { signal }: SendOptions): Promise<HmsResult> {
    const result = await new Promise<HmsResult>((resolve) => {
      void new HmsRequest(body, signal, this.#ports, resolve).begin();
    });
    const taken = result.kind === 'partly' || (result.kind === 'all' && result.verdict.kind === 'sent');
    if (taken) this.#lastSentAt = this.#clock.now();
    return result;
  }

  async #sweeping<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const sweep = (): void => this.#transport.pool.sweep();
    signal.addEventListener('abort', sweep, { once: true });
    const result = await work();
    signal.removeEventListener('abort', sweep);
    return result;
  }
}

function chunksOf<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
